import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { isUniqueViolation } from '../../platform/storage/constraint.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import {
  type AuthConfigsDeps,
  clientOf,
  readAuthConfigSecrets,
  requireAuthConfig,
  requireEnabledAuthConfig,
} from '../auth-configs/auth-configs.service.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import {
  credentialMissing,
  destroyCredential,
  readCredential,
  saveCredential,
  updateCredential,
} from '../credentials/credentials.service.ts'
import { applyPatch, timesOfImport } from '../credentials/grant-times.ts'
import { recordEvent } from '../events/events.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { acceptPatch, readClientSettings } from './accept-credential.ts'
import type { Account, AccountAcl, AccountStatus, ListedAccount } from './account.ts'
import { recordStatus } from './account-changes.ts'
import { assertMayBecome } from './account-status.ts'
import { type AccountChange, findAccount, insertAccount, markAccountDeleted, updateAccount } from './accounts.repository.ts'
import { mintNow } from './minting.ts'
import { assertAclFits, assertSameScheme, type NewAccount, type PreparedAccount, prepareAccount } from './new-account.ts'
import type { RefreshState } from './refresh-state.ts'
import { verifiableValues } from './verifiable-values.ts'
import { assertAddressAllowed, assertCredentialGood, type VerificationDeps } from './verification.ts'

export interface AccountsDeps extends AuthConfigsDeps, VerificationDeps {
  readonly refreshes: RefreshState
}

/** A patch that keeps meeting newer versions gives up after this many; each one that lost made room for one that won. */
export const MAX_PATCH_ATTEMPTS = 100

export async function createAccount(
  deps: AccountsDeps,
  projectId: ProjectId,
  input: NewAccount,
  /** Where the caller has read it already. */
  known?: AuthConfig,
): Promise<{ account: Account; values: CredentialValues }> {
  const config = known ?? (await requireEnabledAuthConfig(deps, projectId, input.authConfigId))
  const now = deps.now()
  const given = prepareAccount(deps, projectId, config, input, now, await readClientSettings(deps, config))
  const { account, values, times, refreshOwner } = input.validate ? await validated(deps, given) : given
  await refusingTakenAlias(account.alias, () =>
    deps.db.transaction().execute(async (trx) => {
      await insertAccount(trx, account)
      const credential = { scheme: account.scheme, val: values }
      await saveCredential(deps.credentials, trx, ownerOf(account), credential, now, times, refreshOwner)
      const data = { status: account.status, toolkit: account.toolkitSlug, user_id: account.userId }
      await recordEvent(trx, projectId, { type: 'connected_account.created', subjectId: account.id, data }, now)
    }),
  )
  return { account, values }
}

/**
 * The provider is asked; where a token has to be made of the credential for that, it is kept.
 * @throws HoldfastError `credential_rejected`, `credential_unverifiable`
 */
export async function validated(deps: AccountsDeps, prepared: PreparedAccount): Promise<PreparedAccount> {
  const { account } = prepared
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const auth = requireAuth(toolkit, account.scheme)
  if (auth.renewal !== 'mint' || 'access_token' in prepared.values) {
    const values = await verifiableValues(deps, account, auth, prepared.values)
    const identity = await assertCredentialGood(deps, toolkit, auth, values)
    return { ...prepared, account: { ...account, identity: identity ?? account.identity } }
  }
  const config = await requireAuthConfig(deps, account.projectId, account.authConfigId)
  const secrets = await readAuthConfigSecrets(deps, config)
  const credentials = await clientOf(deps, config, secrets)
  const values = await mintNow(deps, toolkit, auth, prepared.values, { ...secrets, credentials })
  const identity = await assertCredentialGood(deps, toolkit, auth, values, { tokenMadeNow: true })
  const times = timesOfImport(auth, values, deps.now())
  return { ...prepared, values, times, account: { ...account, identity: identity ?? account.identity } }
}

export async function requireAccount(deps: { readonly db: Db }, projectId: ProjectId, id: string): Promise<ListedAccount> {
  const found = await findAccount(deps.db, projectId, id)
  if (!found) throw accountNotFound(id)
  return found
}

export interface AccountPatch {
  /** Empty or null clears it. */
  readonly alias?: string | null | undefined
  readonly credential?: { readonly scheme: AuthScheme; readonly val: CredentialValues } | undefined
  readonly acl?: Partial<AccountAcl> | undefined
}

/** Rotates in place. Of concurrent patches none is lost: one that meets a newer version merges into that one. */
export async function patchAccount(deps: AccountsDeps, projectId: ProjectId, id: string, patch: AccountPatch): Promise<Account> {
  for (let attempt = 0; attempt < MAX_PATCH_ATTEMPTS; attempt++) {
    const patched = await tryPatch(deps, projectId, id, patch)
    if (patched) return patched
  }
  throw tooManyChanges(id)
}

async function tryPatch(deps: AccountsDeps, projectId: ProjectId, id: string, patch: AccountPatch): Promise<Account | undefined> {
  const found = await requireAccount(deps, projectId, id)
  const { account } = found
  if (account.status === 'REVOKED' && patch.credential) assertMayBecome(account.status, 'ACTIVE')
  const change = changeOf(account, patch)
  const write = patch.credential && (await prepareCredential(deps, found, patch.credential))
  const now = deps.now()
  return refusingTakenAlias(change.alias ?? null, () =>
    deps.db.transaction().execute(async (trx) => {
      if (write && !(await write(trx, now))) return undefined
      if (!(await updateAccount(trx, account, change, now))) throw new LostRace()
      if (write) await recordEvent(trx, projectId, { type: 'connected_account.credential_updated', subjectId: account.id }, now)
      if (change.status) await recordStatus(trx, account, change.status, null, now)
      return { ...account, ...change, updatedAt: now }
    }),
  ).catch(loserRetries)
}

/** Merges and checks outside the transaction; what it returns writes within one, and says false when it came too late. */
async function prepareCredential(
  deps: AccountsDeps,
  { account, authConfig }: ListedAccount,
  { scheme, val }: NonNullable<AccountPatch['credential']>,
) {
  assertSameScheme(account.scheme, scheme, 'connection')
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const auth = requireAuth(toolkit, account.scheme)
  const stored = await requireCredential(deps, account)
  const before = stored.credential.val
  const { patch, merged } = await acceptPatch({ ...deps, toolkit, auth }, before, val, () =>
    readClientSettings(deps, { ...account, id: account.authConfigId, kind: authConfig.managed ? 'default' : 'custom' }),
  )
  // A secret alone is rotated whatever the operator allows at this moment: the app may hold the new one only once.
  const addressFields = auth.connection_fields.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  if (addressFields.some((name) => Object.hasOwn(val, name))) assertAddressAllowed(deps, toolkit, auth, merged)
  return (trx: Db, now: number) => {
    const { values, times } = applyPatch(auth, before, patch, merged, now)
    const credential = { scheme: account.scheme, val: values }
    return updateCredential(deps.credentials, trx, ownerOf(account), stored.version, credential, now, { times })
  }
}

function changeOf(account: Account, patch: AccountPatch): AccountChange {
  assertAclFits(account.type, patch.acl)
  const revives = patch.credential && ['EXPIRED', 'FAILED', 'INITIATED'].includes(account.status)
  return {
    ...(patch.alias !== undefined && { alias: patch.alias || null }),
    ...(patch.acl && { acl: { ...account.acl, ...patch.acl } }),
    ...(revives && { status: 'ACTIVE' as const, statusReason: null }),
  }
}

/** Enabling and disabling by hand. */
export function setAccountEnabled(deps: AccountsDeps, projectId: ProjectId, id: string, enabled: boolean): Promise<Account> {
  return enabled
    ? setStatus(deps, projectId, id, 'ACTIVE', null)
    : setStatus(deps, projectId, id, 'INACTIVE', 'Disabled by the app')
}

export async function setStatus(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  status: AccountStatus,
  reason: string | null,
  /** What the change was decided on; where it is no longer so, the state is left as it is. */
  basis?: { readonly status: AccountStatus; readonly stillHolds: (trx: Db) => Promise<boolean> },
): Promise<Account> {
  for (let attempt = 0; attempt < MAX_PATCH_ATTEMPTS; attempt++) {
    const { account } = await requireAccount(deps, projectId, id)
    if (account.status === status || (basis && account.status !== basis.status)) return account
    assertMayBecome(account.status, status)
    const now = deps.now()
    const change = { status, statusReason: reason }
    const changed = await deps.db
      .transaction()
      .execute(async (trx) => {
        if (!(await updateAccount(trx, account, change, now))) throw new LostRace()
        if (basis && !(await basis.stillHolds(trx))) throw new OutOfDate()
        await recordStatus(trx, account, status, reason, now)
        return { ...account, ...change, updatedAt: now }
      })
      .catch((error: unknown) => (error instanceof OutOfDate ? account : loserRetries(error)))
    if (changed) return changed
  }
  throw tooManyChanges(id)
}

/** An account with its values, for those who show them (masked) or check them. */
export async function openAccount(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
): Promise<ListedAccount & { toolkit: Toolkit; auth: ResolvedAuth; values: CredentialValues; version: number }> {
  const listed = await requireAccount(deps, projectId, id)
  const { credential, version } = await requireCredential(deps, listed.account)
  const toolkit = deps.catalogue.requireToolkit(listed.account.toolkitSlug)
  return { ...listed, toolkit, auth: requireAuth(toolkit, listed.account.scheme), values: credential.val, version }
}

/** Without its secret an account has usually been deleted since it was read: then that is what the caller is told. */
async function requireCredential(deps: AccountsDeps, account: Account) {
  const stored = await readCredential(deps.credentials, ownerOf(account))
  if (stored) return stored
  await requireAccount(deps, account.projectId, account.id)
  throw credentialMissing()
}

/** The row stays for the record; the secret is destroyed in the same transaction. */
export async function deleteAccount(deps: AccountsDeps, projectId: ProjectId, id: string): Promise<void> {
  const { account } = await requireAccount(deps, projectId, id)
  const now = deps.now()
  await deps.db.transaction().execute(async (trx) => {
    // First the secret, then the account, as a patch writes them: the other way round the two would wait for each other.
    await destroyCredential(deps.credentials, trx, ownerOf(account))
    if (!(await markAccountDeleted(trx, projectId, account.id, now))) throw accountNotFound(id)
    await recordEvent(trx, projectId, { type: 'connected_account.deleted', subjectId: account.id }, now)
  })
}

export const ownerOf = (account: Account) => ({ projectId: account.projectId, ownerId: account.id })

/** The account changed state between our read and our write. */
export class LostRace extends Error {}
/** What the change was made for no longer holds. */
class OutOfDate extends Error {}
export const tooManyChanges = (id: string) =>
  new HoldfastError('credential_conflict', `Connection ${id} is being changed by many others at this moment.`, {
    fix: 'Try again.',
  })
export const loserRetries = (error: unknown): undefined => {
  if (!(error instanceof LostRace)) throw error
  return undefined
}

export async function refusingTakenAlias<T>(alias: string | null, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (alias === null || !isUniqueViolation(error)) throw error
    throw new HoldfastError(
      'alias_taken',
      `The alias ${JSON.stringify(alias)} is taken by another connection of this user and toolkit.`,
      {
        cause: error,
        fix: 'Choose another alias, or clear it on the other connection.',
        fields: [{ path: 'alias', message: 'is taken' }],
      },
    )
  }
}

export const accountNotFound = (id: string) =>
  new HoldfastError('account_not_found', `There is no connection ${id} in this project.`, {
    fix: 'List the connections (GET /api/v3/connected_accounts) to see their ids.',
  })
