import { isDeepStrictEqual } from 'node:util'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Trx } from '../../platform/storage/schema.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import {
  credentialMissing,
  destroyCredentialOfVersion,
  readCredential,
  saveCredentials,
  updateCredential,
} from '../credentials/credentials.service.ts'
import { applyPatch } from '../credentials/grant-times.ts'
import { recordEvent, recordEvents } from '../events/events.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import { acceptPatch, readClientSettings } from './accept-credential.ts'
import { recordStatus } from './account-changes.ts'
import { markAccountDeleted, updateAccount } from './accounts.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'
import {
  type ImportedAccount,
  type ImportedState,
  insertAccounts,
  type KnownAccount,
  setMetadata,
} from './bulk-accounts.repository.ts'
import { assertAddressAllowed } from './verification.ts'

export type { AccountOrigin } from './account-rows.repository.ts'
export {
  findAliasHolders,
  findKnownAccounts,
  findUserConnections,
  type ImportedAccount,
  type ImportedState,
  type KnownAccount,
  listImported,
} from './bulk-accounts.repository.ts'

/** What `createAccount` writes for one, in one go for many of a project. */
export async function createAccounts(
  deps: AccountsDeps,
  trx: Trx,
  projectId: ProjectId,
  accounts: readonly ImportedAccount[],
  now: number,
): Promise<void> {
  await insertAccounts(trx, accounts)
  const credentials = accounts.map(({ account, values, times, refreshOwner }) => ({
    owner: { projectId, ownerId: account.id },
    credential: { scheme: account.scheme, val: values },
    times,
    refreshOwner,
  }))
  await saveCredentials(deps.credentials, trx, credentials, now)
  const events = accounts.map(({ account }) => ({
    type: 'connected_account.created' as const,
    subjectId: account.id,
    data: { status: account.status, toolkit: account.toolkitSlug, user_id: account.userId },
  }))
  await recordEvents(trx, projectId, events, now)
}

/**
 * A patch within the transaction of a batch: fields left out stay. A dry run does everything but write.
 * @throws HoldfastError when the fields are not good, or somebody changed the connection at this moment
 */
export async function rotateAccount(
  deps: AccountsDeps,
  trx: Trx,
  { account, authConfig, origin }: KnownAccount,
  given: { readonly values: CredentialValues; readonly metadata?: Readonly<Record<string, unknown>> | undefined },
  { now, dryRun }: { readonly now: number; readonly dryRun: boolean },
): Promise<'updated' | 'unchanged'> {
  const owner = { projectId: account.projectId, ownerId: account.id }
  const stored = await readCredential(deps.credentials, owner, trx)
  if (!stored) throw credentialMissing()
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const auth = requireAuth(toolkit, account.scheme)
  const before = stored.credential.val
  // The transaction may hold the only connection.
  const within = { ...deps, db: trx, credentials: { ...deps.credentials, db: trx } }
  const { patch, merged } = await acceptPatch({ ...deps, toolkit, auth }, before, given.values, () =>
    readClientSettings(within, { ...account, id: account.authConfigId, kind: authConfig.managed ? 'default' : 'custom' }),
  )
  const newMetadata = given.metadata && !isDeepStrictEqual(given.metadata, origin.metadata) ? given.metadata : undefined
  if (isDeepStrictEqual(merged, before) && !newMetadata) return 'unchanged'
  assertAddressAllowed(deps, toolkit, auth, merged)
  if (dryRun) return 'updated'
  const { values, times } = applyPatch(auth, before, patch, merged, now)
  const credential = { scheme: account.scheme, val: values }
  const written = await updateCredential(deps.credentials, trx, owner, stored.version, credential, now, { times })
  const revives = account.status === 'EXPIRED' || account.status === 'FAILED'
  const change = revives ? { status: 'ACTIVE' as const, statusReason: null } : {}
  if (!written || !(await updateAccount(trx, account, change, now)))
    throw new HoldfastError('credential_conflict', `Connection ${account.id} was changed by someone else at this moment.`, {
      fix: 'Import the row again.',
    })
  if (newMetadata) await setMetadata(trx, account.projectId, account.id, newMetadata)
  await recordEvent(trx, account.projectId, { type: 'connected_account.credential_updated', subjectId: account.id }, now)
  if (revives) await recordStatus(trx, account, 'ACTIVE', null, now)
  return 'updated'
}

/**
 * Of what an import made, whatever nobody wrote since: the secrets are destroyed, the rows stay for the record.
 * @returns how many those were
 */
export async function removeUntouched(
  deps: AccountsDeps,
  trx: Trx,
  projectId: ProjectId,
  imported: readonly ImportedState[],
  now: number,
): Promise<number> {
  const removed: ImportedState[] = []
  for (const one of imported) {
    if (!one.isUntouched) continue
    // The secret first, as whoever changes a connection writes it: what is changed at this moment is kept.
    const owner = { projectId, ownerId: one.accountId }
    if (!(await destroyCredentialOfVersion(deps.credentials, trx, owner, 1))) continue
    if (!(await markAccountDeleted(trx, projectId, one.accountId, now)))
      throw new HoldfastError('credential_conflict', `Connection ${one.accountId} was deleted by someone else at this moment.`)
    removed.push(one)
  }
  const events = removed.map(({ accountId }) => ({ type: 'connected_account.deleted' as const, subjectId: accountId }))
  await recordEvents(trx, projectId, events, now)
  return removed.length
}
