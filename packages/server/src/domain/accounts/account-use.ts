import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { AuthConfigSecrets } from '../auth-configs/auth-config.ts'
import type { Credential, CredentialValues } from '../credentials/credential.ts'
import { credentialMissing, openCredential } from '../credentials/credentials.service.ts'
import { consumerOf, consumerValues } from '../credentials/oauth1-signing.ts'
import { type UsableCredential, usableCredential } from '../credentials/usable-credential.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { type Account, type AuthConfigSummary, admitsUser } from './account.ts'
import { type AccountForUse, findAccountForUse, findActiveAccountForUse } from './account-use.repository.ts'
import { type AccountsDeps, accountNotFound } from './accounts.service.ts'
import { freshCredential, isGrant, renewRefused } from './fresh-credential.ts'
import type { GrantInUse } from './grant-refresh.ts'
import { remember, stateKey } from './refresh-state.ts'

/** Whose credential a call wants: one account by id, or the user's most recent ACTIVE one of a toolkit. */
export interface AccountWanted {
  readonly accountId?: string | undefined
  readonly userId?: string | undefined
  readonly toolkitSlug?: string | undefined
  readonly authConfigId?: string | undefined
  /** Passes over connections whose auth config is not for sessions. */
  readonly forSessions?: boolean | undefined
  /** Told of the account before anything else is: throws to refuse it. */
  readonly permit?: ((account: Account, authConfig: AuthConfigSummary) => void) | undefined
}

export interface AccountInUse {
  readonly account: Account
  readonly credential: UsableCredential
  /** Undefined: the auth config allows every tool. */
  readonly toolsAllowed: readonly string[] | undefined
  /** For a grant that the upstream answered with 401: a fresh one in its place, if there is one to be had. */
  readonly renew?: () => Promise<RenewedUse | undefined>
}

export interface RenewedUse extends AccountInUse {
  /** Told that the upstream refused the fresh one too: it is not refreshed again for that. */
  refusedToo(): void
}

/** One read while the credential is fresh: the account, its secret and its auth config come in one statement. */
export async function useAccount(deps: AccountsDeps, projectId: ProjectId, wanted: AccountWanted): Promise<AccountInUse> {
  const found = wanted.accountId
    ? admit(await findAccountForUse(deps.db, projectId, wanted.accountId), wanted.accountId, wanted)
    : await findByUser(deps, projectId, wanted)
  assertUsable(found)
  return openForUse(deps, projectId, await freshCredential(deps, found))
}

type UsableAccount = AccountForUse & { readonly credential: NonNullable<AccountForUse['credential']> }

function assertUsable(found: AccountForUse): asserts found is UsableAccount {
  const { account } = found
  if (account.status !== 'ACTIVE') throw notActive(account)
  if (found.authConfig.disabled)
    throw new HoldfastError(
      'auth_config_disabled',
      `The auth config ${account.authConfigId} of this connection is disabled or deleted.`,
      {
        fix: 'Enable it, or import the credential under another auth config.',
      },
    )
  if (!found.credential) throw credentialMissing()
}

/** What was made of a row that has not changed since; the row's plaintext goes when the row does. */
const opened = new WeakMap<AccountForUse, { readonly deps: AccountsDeps; readonly inUse: AccountInUse }>()

function openForUse(deps: AccountsDeps, projectId: ProjectId, found: AccountForUse): AccountInUse | Promise<AccountInUse> {
  const known = opened.get(found)
  return known?.deps === deps ? known.inUse : openAnew(deps, projectId, found)
}

async function openAnew(deps: AccountsDeps, projectId: ProjectId, found: AccountForUse): Promise<AccountInUse> {
  assertUsable(found)
  const { account } = found
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const credential = await openCredential(deps.credentials, { projectId, ownerId: account.id }, found.credential)
  const needsShared = found.authConfigSettings?.hasSharedCredentials || account.scheme === 'OAUTH1'
  const shared = needsShared ? await sharedValues(deps, projectId, found, credential.val) : NONE_SHARED
  const inUse: AccountInUse = {
    account,
    credential: makeUsable(deps, toolkit, account, credential, shared),
    toolsAllowed: found.authConfigSettings?.toolsForExecution,
    ...(isGrant(deps, found) && { renew: () => renew(deps, projectId, found) }),
  }
  opened.set(found, { deps, inUse })
  return inUse
}

async function renew(deps: AccountsDeps, projectId: ProjectId, used: GrantInUse): Promise<RenewedUse | undefined> {
  const found = await renewRefused(deps, used)
  if (!found) return undefined
  const { renew: _once, ...fresh } = await openForUse(deps, projectId, found)
  const version = found.credential?.version
  return {
    ...fresh,
    refusedToo: () => {
      if (version !== undefined) remember(deps.refreshes.refusedFresh, stateKey(found.account), version)
    },
  }
}

interface MadeUsable {
  readonly from: readonly unknown[]
  readonly credential: UsableCredential
}

/** An opened credential is a new object whenever its row has changed, so what was made of it lasts as long as it does. */
const madeUsable = new WeakMap<Credential, MadeUsable>()

function makeUsable(
  { operatorAllows }: AccountsDeps,
  toolkit: Toolkit,
  { scheme }: Account,
  opened: Credential,
  shared: CredentialValues,
): UsableCredential {
  const from = [operatorAllows, toolkit, scheme, shared]
  const made = madeUsable.get(opened)
  if (made && from.every((part, index) => part === made.from[index])) return made.credential
  const values = { ...shared, ...opened.val }
  const credential = usableCredential(toolkit, requireAuth(toolkit, scheme), values, operatorAllows)
  madeUsable.set(opened, { from, credential })
  return credential
}

/** The account asked for by its id, if this caller may use it for this. */
function admit(found: AccountForUse | undefined, id: string, { userId, toolkitSlug, permit }: AccountWanted): AccountForUse {
  if (!found) throw accountNotFound(id)
  const { account } = found
  permit?.(account, found.authConfig)
  if (userId !== undefined && account.type === 'PRIVATE' && account.userId !== userId)
    throw new HoldfastError('invalid_request', `Connection ${id} belongs to another user.`, {
      fix: 'Leave user_id out, or use a connection of that user.',
      fields: [{ path: 'user_id', message: 'is not the owner of the connection' }],
    })
  if (userId !== undefined && !admitsUser(account, userId))
    throw new HoldfastError('forbidden', `Connection ${id} is not shared with this user.`, {
      fix: 'Let its creator put the user on its list (experimental.acl_config_for_shared), or use a connection of the user.',
    })
  if (toolkitSlug !== undefined && account.toolkitSlug !== toolkitSlug)
    throw new HoldfastError(
      'invalid_request',
      `Connection ${id} is for ${account.toolkitSlug}, and the tool is of ${toolkitSlug}.`,
      {
        fields: [{ path: 'connected_account_id', message: `is a connection to ${account.toolkitSlug}` }],
      },
    )
  return found
}

async function findByUser(deps: AccountsDeps, projectId: ProjectId, wanted: AccountWanted): Promise<AccountForUse> {
  const { userId = 'default', toolkitSlug, authConfigId, forSessions } = wanted
  if (toolkitSlug === undefined)
    throw new HoldfastError('invalid_request', 'connected_account_id is required.', {
      fields: [{ path: 'connected_account_id', message: 'is required' }],
    })
  const found = await findActiveAccountForUse(deps.db, projectId, { userId, toolkitSlug, authConfigId, forSessions })
  if (found) {
    wanted.permit?.(found.account, found.authConfig)
    return found
  }
  throw new HoldfastError(
    'no_account_for_toolkit',
    `User ${JSON.stringify(userId)} has no active connection to ${toolkitSlug}.`,
    {
      fix: 'Import a credential for this user with POST /api/v3/connected_accounts, or give connected_account_id.',
    },
  )
}

const NONE_SHARED: CredentialValues = {}

async function sharedValues(
  deps: AccountsDeps,
  projectId: ProjectId,
  found: AccountForUse,
  val: CredentialValues,
): Promise<CredentialValues> {
  if (!found.authConfigSecrets) return NONE_SHARED
  const owner = { projectId, ownerId: found.account.authConfigId }
  const { val: secrets } = await openCredential(deps.credentials, owner, found.authConfigSecrets)
  const { credentials, sharedCredentials } = secrets as unknown as AuthConfigSecrets
  if (found.account.scheme !== 'OAUTH1') return sharedCredentials
  // Each call is signed by the consumer too; one that the connection brought stands in its values, whole.
  return { ...sharedCredentials, ...consumerValues(consumerOf(val, { ...sharedCredentials, ...credentials })) }
}

const notActive = ({ id, status, statusReason }: Account) =>
  new HoldfastError('account_not_active', `Connection ${id} is ${status}${statusReason ? `: ${statusReason}` : ''}.`, {
    fix:
      status === 'INACTIVE'
        ? 'Enable it (PATCH /connected_accounts/{id}/status).'
        : 'Update it with a new credential (PATCH /connected_accounts/{id}).',
  })
