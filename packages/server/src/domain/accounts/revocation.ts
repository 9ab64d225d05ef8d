import type { AccountId, ProjectId, RevocationId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import type { RenewalSource } from '../credentials/renewal-plan.ts'
import { type Catalogue, requireAuth } from '../toolkits/catalogue.ts'

export const REVOCATION_STATUSES = ['pending', 'revoked', 'failed', 'unsupported'] as const
export type RevocationStatus = (typeof REVOCATION_STATUSES)[number]

/** That a grant is given back to its provider, and what came of it. */
export interface Revocation {
  readonly projectId: ProjectId
  readonly id: RevocationId
  readonly accountId: AccountId
  readonly status: RevocationStatus
  readonly reason: string | null
  readonly attempts: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** What asking the provider needs. It outlives the connection's own secret, sealed, until the provider has answered for good. */
export interface RevocationNote {
  readonly toolkitSlug: string
  readonly scheme: AuthScheme
  readonly val: CredentialValues
  /** Of the auth config, as they were: it may be gone before the provider has answered. */
  readonly shared: CredentialValues
  readonly authConfig: CredentialValues
}

/** @throws HoldfastError when the toolkit is not there any more */
export function sourceOf(
  { catalogue, operatorAllows }: Pick<RenewalSource, 'operatorAllows'> & { readonly catalogue: Catalogue },
  { toolkitSlug, scheme, val, shared, authConfig }: RevocationNote,
): RenewalSource {
  const toolkit = catalogue.requireToolkit(toolkitSlug)
  return { toolkit, auth: requireAuth(toolkit, scheme), val, shared, authConfig, operatorAllows }
}

export const noteNameOf = (id: RevocationId): string => `revocation/${id}`
