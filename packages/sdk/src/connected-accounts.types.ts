import type { AuthSchemeType, ConnectionData, ConnectionStatus } from './auth-scheme.ts'

/** One user's credential for one toolkit. Secrets in it are masked unless the project is set to show them. */
export interface ConnectedAccount {
  id: string
  userId: string
  /** A second, readable name that the server gave. */
  wordId: string | null
  /** The name that you gave, unique per user and toolkit. */
  alias: string | null
  status: ConnectionStatus
  statusReason: string | null
  isDisabled: boolean
  toolkit: { slug: string }
  authConfig: { id: string; authScheme: AuthSchemeType | undefined; isComposioManaged: boolean; isDisabled: boolean }
  /** The credential's fields, masked. */
  state: { authScheme: AuthSchemeType; val: Record<string, unknown> } | undefined
  /** @deprecated The same fields in their older place; use `state`. */
  data: Record<string, unknown> | undefined
  /** @deprecated Use `state`. */
  params: Record<string, unknown> | undefined
  testRequestEndpoint: string | undefined
  createdAt: string
  updatedAt: string
}

export interface ConnectedAccountListQuery {
  userIds?: readonly string[] | null | undefined
  authConfigIds?: readonly string[] | null | undefined
  connectedAccountIds?: readonly string[] | null | undefined
  toolkitSlugs?: readonly string[] | null | undefined
  statuses?: readonly ConnectionStatus[] | null | undefined
  accountType?: 'PRIVATE' | 'SHARED' | 'ALL' | undefined
  orderBy?: 'created_at' | 'updated_at' | undefined
  orderDirection?: 'asc' | 'desc' | undefined
  limit?: number | null | undefined
  cursor?: string | null | undefined
}

/** One page. Pass `nextCursor` as `cursor` to get the following one; it is null on the last. */
export interface Page<T> {
  items: T[]
  nextCursor: string | null
  totalPages: number
  totalItems: number
}

export interface InitiateOptions {
  /** The credential to import; see `AuthScheme`. */
  config?: ConnectionData | undefined
  /** Where the user's browser goes after consenting, for schemes that need consent. */
  callbackUrl?: string | undefined
  /** A readable name, unique per user and toolkit. */
  alias?: string | undefined
  /** Add a connection though this user has an ACTIVE one for this auth config. */
  allowMultiple?: boolean | undefined
  /** Try the credential on the toolkit before storing it; a refusal is a 400 and nothing is stored. */
  validateCredentials?: boolean | undefined
}

export interface LinkOptions {
  /** Where the user ends, with `status=success|failed` and `connected_account_id` added. */
  callbackUrl?: string | undefined
  alias?: string | undefined
  /** Fields of the connection that the user is not to be asked for, such as `subdomain`. */
  connectionData?: Record<string, unknown> | undefined
  allowMultiple?: boolean | undefined
}

/** Fields that are left out are preserved, `null` removes one. */
export interface ConnectionPatch {
  state: { authScheme: AuthSchemeType; val: Record<string, unknown> }
}

/** At least one field. */
export interface UpdateConnectedAccountParams {
  /** Replaces credential fields in place; the old secret is unusable as soon as the call returns. */
  connection?: ConnectionPatch | undefined
  alias?: string | undefined
  enabled?: boolean | undefined
}

export interface UpdateConnectedAccountResult {
  success: boolean
  id?: string
  status?: ConnectionStatus
}

export interface RefreshOptions {
  /** Where the user's browser goes if the scheme needs a new consent. */
  redirectUrl?: string | undefined
  /** Try the credential on the toolkit. */
  validateCredentials?: boolean | undefined
}

export interface RefreshResult {
  id: string
  status: ConnectionStatus
  redirectUrl: string | null
}
