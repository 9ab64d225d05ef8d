import type { AccountId, AuthConfigId, ProjectId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'

export const ACCOUNT_STATUSES = ['INITIALIZING', 'INITIATED', 'ACTIVE', 'FAILED', 'EXPIRED', 'INACTIVE', 'REVOKED'] as const
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number]

export type AccountType = 'PRIVATE' | 'SHARED'

/** Who besides its creator may use a SHARED account. Deny wins; nobody by default. */
export interface AccountAcl {
  readonly allowAllUsers: boolean
  readonly allowedUserIds: readonly string[]
  readonly notAllowedUserIds: readonly string[]
}

export const CLOSED_ACL: AccountAcl = { allowAllUsers: false, allowedUserIds: [], notAllowedUserIds: [] }

/** Whether this user may use the account at all: its creator, or whom the list of a SHARED one admits. */
export function admitsUser({ userId: creator, type, acl }: Pick<Account, 'userId' | 'type' | 'acl'>, userId: string): boolean {
  if (userId === creator) return true
  if (type !== 'SHARED' || acl.notAllowedUserIds.includes(userId)) return false
  return acl.allowAllUsers || acl.allowedUserIds.includes(userId)
}

/** Whose account it is upstream, as far as the provider or an ID token said. */
export interface UpstreamIdentity {
  readonly id: string | null
  readonly email: string | null
  readonly name: string | null
  /** What was granted, where the provider says it. */
  readonly scopes: readonly string[] | null
  /** An ID token that came with an import is not verified: the app's word, not the provider's. */
  readonly source: 'provider' | 'id_token'
}

/** One user's connection to one toolkit. Its secret is not here. */
export interface Account {
  readonly id: AccountId
  readonly projectId: ProjectId
  readonly userId: string
  readonly authConfigId: AuthConfigId
  readonly toolkitSlug: string
  readonly scheme: AuthScheme
  readonly status: AccountStatus
  readonly statusReason: string | null
  readonly alias: string | null
  readonly type: AccountType
  readonly acl: AccountAcl
  readonly identity: UpstreamIdentity | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** The auth config an account was made under, as far as lists show it. */
export interface AuthConfigSummary {
  readonly managed: boolean
  readonly disabled: boolean
  /** Whether sessions may use its connections. */
  readonly forSessions: boolean
}

export interface ListedAccount {
  readonly account: Account
  readonly authConfig: AuthConfigSummary
}
