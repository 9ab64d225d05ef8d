import type { AuthSchemeType, ConnectionData, ConnectionStatus } from './auth-scheme.ts'
import type { ConnectedAccount, ConnectedAccountListQuery, InitiateOptions, Page } from './connected-accounts.types.ts'
import type { QueryValue } from './http.ts'

export interface AccountWire {
  id: string
  user_id: string
  word_id?: string | null
  alias?: string | null
  status: ConnectionStatus
  status_reason?: string | null
  is_disabled: boolean
  toolkit: { slug: string }
  auth_config: { id: string; auth_scheme?: AuthSchemeType; is_composio_managed: boolean; is_disabled: boolean }
  state?: { authScheme: AuthSchemeType; val: Record<string, unknown> }
  data?: Record<string, unknown> | null
  params?: Record<string, unknown> | null
  test_request_endpoint?: string
  created_at: string
  updated_at: string
}

export interface PageWire<T> {
  items: T[]
  next_cursor?: string | null
  total_pages: number
  total_items: number
}

export interface CreatedAccountWire {
  id: string
  status?: ConnectionStatus
  redirect_url?: string | null
  connectionData?: { val?: { status?: ConnectionStatus; redirectUrl?: unknown } }
}

export const pageFromWire = <W, T>(page: PageWire<W>, itemFromWire: (item: W) => T): Page<T> => ({
  items: page.items.map(itemFromWire),
  nextCursor: page.next_cursor ?? null,
  totalPages: page.total_pages,
  totalItems: page.total_items,
})

export const accountFromWire = (wire: AccountWire): ConnectedAccount => ({
  id: wire.id,
  userId: wire.user_id,
  wordId: wire.word_id ?? null,
  alias: wire.alias ?? null,
  status: wire.status,
  statusReason: wire.status_reason ?? null,
  isDisabled: wire.is_disabled,
  toolkit: { slug: wire.toolkit.slug },
  authConfig: {
    id: wire.auth_config.id,
    authScheme: wire.auth_config.auth_scheme,
    isComposioManaged: wire.auth_config.is_composio_managed,
    isDisabled: wire.auth_config.is_disabled,
  },
  state: wire.state,
  data: wire.data ?? undefined,
  params: wire.params ?? undefined,
  testRequestEndpoint: wire.test_request_endpoint,
  createdAt: wire.created_at,
  updatedAt: wire.updated_at,
})

export const listQueryToWire = (query: ConnectedAccountListQuery): Record<string, QueryValue> => ({
  user_ids: query.userIds,
  auth_config_ids: query.authConfigIds,
  connected_account_ids: query.connectedAccountIds,
  toolkit_slugs: query.toolkitSlugs,
  statuses: query.statuses,
  account_type: query.accountType,
  order_by: query.orderBy,
  order_direction: query.orderDirection,
  limit: query.limit,
  cursor: query.cursor,
})

export const newAccountToWire = (userId: string, authConfigId: string, options: InitiateOptions) => ({
  auth_config: { id: authConfigId },
  connection: {
    user_id: userId,
    state: options.config satisfies ConnectionData | undefined,
    callback_url: options.callbackUrl,
    alias: options.alias,
  },
  validate_credentials: options.validateCredentials,
})
