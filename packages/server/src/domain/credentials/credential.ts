import type { AccountId, AuthConfigId, OAuthAppId, ProjectId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'

/** What was handed over: a scheme and its fields, as the wire's `state.val` names them. Plaintext: it stays in this room. */
export interface Credential {
  readonly scheme: AuthScheme
  readonly val: CredentialValues
}

export type CredentialValues = Readonly<Record<string, unknown>>

/** Whose secret it is. */
export interface CredentialOwner {
  readonly projectId: ProjectId
  readonly ownerId: AccountId | AuthConfigId | OAuthAppId
}

/** When a grant's access token dies, and from when on it is to be refreshed. Milliseconds since 1970. */
export interface GrantTimes {
  readonly expiresAt: number | null
  readonly refreshAt: number | null
}

export const NO_TIMES: GrantTimes = { expiresAt: null, refreshAt: null }

/** Who replaces the access token of a grant before it dies: the app that handed it over, or Holdfast. */
export const REFRESH_OWNERS = ['app', 'holdfast'] as const
export type RefreshOwner = (typeof REFRESH_OWNERS)[number]

/** A sealed secret as it stands in its row. */
export interface SealedCredential {
  readonly version: number
  readonly keyId: string
  readonly sealed: Uint8Array
}

export interface StoredCredential extends SealedCredential, GrantTimes {
  /** Refreshes in a row that came to nothing; `refreshAt` is then the earliest next attempt. */
  readonly failedRefreshes: number
  readonly refreshOwner: RefreshOwner
}
