import type { AccountId, AuthConfigId, ProjectId } from '../../ids.ts'
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
  readonly ownerId: AccountId | AuthConfigId
}

/** A sealed secret as it stands in its row. */
export interface SealedCredential {
  readonly version: number
  readonly keyId: string
  readonly sealed: Uint8Array
}
