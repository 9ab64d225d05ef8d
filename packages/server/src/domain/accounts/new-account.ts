import { HoldfastError } from '../../errors.ts'
import { newAccountId, type ProjectId } from '../../ids.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { type AuthScheme, isGrantScheme } from '../auth-schemes.ts'
import type { CredentialValues, GrantTimes, RefreshOwner } from '../credentials/credential.ts'
import { timesOfImport } from '../credentials/grant-times.ts'
import { type Catalogue, requireAuth } from '../toolkits/catalogue.ts'
import { acceptImport } from './accept-credential.ts'
import { type Account, type AccountAcl, type AccountStatus, type AccountType, CLOSED_ACL } from './account.ts'
import { identityFromIdToken } from './identity.ts'
import { assertAddressAllowed, type VerificationDeps } from './verification.ts'

export interface NewAccount {
  readonly authConfigId: string
  readonly userId: string
  /** What the app hands over. The scheme may be left out: it is the auth config's. */
  readonly credential: { readonly scheme?: AuthScheme | undefined; readonly val: CredentialValues } | null
  readonly alias?: string | undefined
  readonly type?: AccountType | undefined
  readonly acl?: Partial<AccountAcl> | undefined
  /** Who refreshes the grant. Left out: Holdfast. */
  readonly refreshOwner?: RefreshOwner | undefined
  /** Ask the provider before anything is stored. */
  readonly validate?: boolean | undefined
  /** Refresh the grant once, and store what came of it: the copy that the app has may be dead from then on. */
  readonly validateRefresh?: boolean | undefined
}

export interface PreparedAccount {
  readonly account: Account
  readonly values: CredentialValues
  readonly times: GrantTimes | undefined
  readonly refreshOwner: RefreshOwner
}

/**
 * What an import makes of what it was given, one by one or by the thousand: checked, complete, and not stored yet.
 * @throws HoldfastError naming the field at fault
 */
export function prepareAccount(
  { catalogue, operatorAllows }: Pick<VerificationDeps, 'operatorAllows'> & { readonly catalogue: Catalogue },
  projectId: ProjectId,
  config: AuthConfig,
  input: NewAccount,
  now: number,
  /** Of the auth config, by `readClientSettings`: read once, whatever the number of accounts. */
  clientSettings: CredentialValues,
): PreparedAccount {
  const toolkit = catalogue.requireToolkit(config.toolkitSlug)
  const auth = requireAuth(toolkit, config.scheme)
  assertSameScheme(config.scheme, input.credential?.scheme, 'auth config')
  const values = acceptImport({ toolkit, auth, operatorAllows }, clientSettings, input.credential?.val ?? {})
  assertAddressAllowed({ operatorAllows }, toolkit, auth, values)
  const status = input.credential?.val['status'] === 'INACTIVE' ? 'INACTIVE' : 'ACTIVE'
  const identity = isGrantScheme(config.scheme) ? identityFromIdToken(values) : null
  const account = { ...accountOf(projectId, config, input, status, now), identity }
  const refreshOwner = input.refreshOwner ?? 'holdfast'
  if (refreshOwner === 'app' && !isGrantScheme(account.scheme)) throw nothingToRefresh(account.scheme)
  return { account, values, refreshOwner, times: timesOfImport(auth, values, now) }
}

/** An account of this auth config, with nothing but its state left to say. */
export function accountOf(
  projectId: ProjectId,
  config: AuthConfig,
  input: Pick<NewAccount, 'userId' | 'alias' | 'type' | 'acl'>,
  status: AccountStatus,
  now: number,
): Account {
  const type = input.type ?? 'PRIVATE'
  assertAclFits(type, input.acl)
  return {
    id: newAccountId(),
    projectId,
    userId: input.userId,
    authConfigId: config.id,
    toolkitSlug: config.toolkitSlug,
    scheme: config.scheme,
    status,
    statusReason: null,
    alias: input.alias || null,
    type,
    acl: { ...CLOSED_ACL, ...input.acl },
    identity: null,
    createdAt: now,
    updatedAt: now,
  }
}

const nothingToRefresh = (scheme: AuthScheme) =>
  new HoldfastError('invalid_request', `A credential of scheme ${scheme} is refreshed by nobody, so it has no refresh_owner.`, {
    fix: 'Leave refresh_owner out.',
    fields: [{ path: 'connection.refresh_owner', message: `is for OAUTH2, not for ${scheme}` }],
  })

export function assertSameScheme(expected: AuthScheme, given: AuthScheme | undefined, of: string): void {
  if (given !== undefined && given !== expected)
    throw new HoldfastError('auth_scheme_mismatch', `This ${of} uses ${expected}, and the credential given is ${given}.`, {
      fix: `Send authScheme "${expected}", or use an auth config of scheme ${given}.`,
      fields: [{ path: 'connection.state.authScheme', message: `must be ${expected}` }],
    })
}

export function assertAclFits(type: AccountType, acl: Partial<AccountAcl> | undefined): void {
  if (acl && type !== 'SHARED')
    throw new HoldfastError('invalid_request', 'acl_config_for_shared is only valid on SHARED connections.', {
      fields: [{ path: 'experimental.acl_config_for_shared', message: 'the connection is PRIVATE' }],
    })
}
