import type {
  AuthConfig,
  AuthConfigListQuery,
  CreateAuthConfigParams,
  CreatedAuthConfig,
  ToolAccessConfig,
  UpdateAuthConfigParams,
} from './auth-configs.types.ts'
import type { AuthSchemeType } from './auth-scheme.ts'
import type { RequestOptions } from './config.ts'
import type { Page } from './connected-accounts.types.ts'
import { type PageWire, pageFromWire } from './connected-accounts.wire.ts'
import { type HttpClient, segment } from './http.ts'

interface AuthConfigWire {
  id: string
  name: string
  toolkit: { slug: string; logo: string }
  auth_scheme?: AuthSchemeType
  is_composio_managed?: boolean
  status: 'ENABLED' | 'DISABLED'
  no_of_connections: number
  credentials?: Record<string, unknown>
  expected_input_fields?: unknown[]
  is_enabled_for_tool_router?: boolean
  tool_access_config?: { tools_available_for_execution?: string[]; tools_for_connected_account_creation?: string[] }
  created_by?: string
  created_at?: string
  last_updated_at?: string
}

interface CreatedWire {
  auth_config: { id: string; auth_scheme: AuthSchemeType; is_composio_managed: boolean }
  toolkit: { slug: string }
}

const toolAccessToWire = (access: ToolAccessConfig | undefined, available = access?.toolsAvailableForExecution) =>
  access || available
    ? {
        tools_available_for_execution: available,
        tools_for_connected_account_creation: access?.toolsForConnectedAccountCreation,
      }
    : undefined

const authConfigFromWire = (wire: AuthConfigWire): AuthConfig => ({
  id: wire.id,
  name: wire.name,
  toolkit: { slug: wire.toolkit.slug, logo: wire.toolkit.logo },
  authScheme: wire.auth_scheme,
  isComposioManaged: wire.is_composio_managed,
  status: wire.status,
  noOfConnections: wire.no_of_connections,
  credentials: wire.credentials,
  expectedInputFields: wire.expected_input_fields,
  isEnabledForToolRouter: wire.is_enabled_for_tool_router,
  toolAccessConfig: wire.tool_access_config && {
    toolsAvailableForExecution: wire.tool_access_config.tools_available_for_execution,
    toolsForConnectedAccountCreation: wire.tool_access_config.tools_for_connected_account_creation,
  },
  restrictToFollowingTools: wire.tool_access_config?.tools_for_connected_account_creation,
  createdBy: wire.created_by,
  createdAt: wire.created_at,
  lastUpdatedAt: wire.last_updated_at,
})

const newAuthConfigToWire = (params: CreateAuthConfigParams) => ({
  type: params.type,
  name: params.name,
  credentials: params.credentials,
  is_enabled_for_tool_router: params.isEnabledForToolRouter,
  tool_access_config: toolAccessToWire(params.toolAccessConfig),
  ...(params.type === 'use_custom_auth' && {
    authScheme: params.authScheme,
    proxy_config: params.proxyConfig && {
      proxy_url: params.proxyConfig.proxyUrl,
      proxy_auth_key: params.proxyConfig.proxyAuthKey,
    },
  }),
})

const pathOf = (id: string) => `/auth_configs/${segment(id)}`

/** How each toolkit's users authenticate. */
export class AuthConfigs {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /**
   * @example
   * await holdfast.authConfigs.create('gmail', { type: 'use_custom_auth', authScheme: 'BEARER_TOKEN' })
   */
  async create(
    toolkit: string,
    params: CreateAuthConfigParams = { type: 'use_composio_managed_auth' },
    request?: RequestOptions,
  ): Promise<CreatedAuthConfig> {
    const body = { toolkit: { slug: toolkit }, auth_config: newAuthConfigToWire(params) }
    const created = await this.#http.request<CreatedWire>({ method: 'POST', path: '/auth_configs', body }, request)
    return {
      id: created.auth_config.id,
      authScheme: created.auth_config.auth_scheme,
      isComposioManaged: created.auth_config.is_composio_managed,
      toolkit: created.toolkit.slug,
    }
  }

  async list(query: AuthConfigListQuery = {}, request?: RequestOptions): Promise<Page<AuthConfig>> {
    const page = await this.#http.request<PageWire<AuthConfigWire>>(
      {
        method: 'GET',
        path: '/auth_configs',
        query: {
          toolkit_slug: query.toolkit,
          is_composio_managed: query.isComposioManaged,
          search: query.search,
          show_disabled: query.showDisabled,
          limit: query.limit,
          cursor: query.cursor,
        },
      },
      request,
    )
    return pageFromWire(page, authConfigFromWire)
  }

  /** @throws HoldfastNotFoundError */
  async get(id: string, request?: RequestOptions): Promise<AuthConfig> {
    return authConfigFromWire(await this.#http.request<AuthConfigWire>({ method: 'GET', path: pathOf(id) }, request))
  }

  async update(id: string, params: UpdateAuthConfigParams, request?: RequestOptions): Promise<void> {
    const body = {
      type: params.type,
      name: params.name,
      ...(params.type === 'custom' ? { credentials: params.credentials } : { scopes: params.scopes }),
      is_enabled_for_tool_router: params.isEnabledForToolRouter,
      tool_access_config: toolAccessToWire(
        params.toolAccessConfig,
        params.toolAccessConfig?.toolsAvailableForExecution ?? params.restrictToFollowingTools,
      ),
    }
    await this.#http.request({ method: 'PATCH', path: pathOf(id), body }, request)
  }

  async updateStatus(status: 'ENABLED' | 'DISABLED', id: string, request?: RequestOptions): Promise<void> {
    await this.#http.request({ method: 'PATCH', path: `${pathOf(id)}/${segment(status)}` }, request)
  }

  enable(id: string, request?: RequestOptions): Promise<void> {
    return this.updateStatus('ENABLED', id, request)
  }

  /** Its connections can no longer be used until it is enabled again. */
  disable(id: string, request?: RequestOptions): Promise<void> {
    return this.updateStatus('DISABLED', id, request)
  }

  async delete(id: string, request?: RequestOptions): Promise<void> {
    await this.#http.request({ method: 'DELETE', path: pathOf(id) }, request)
  }
}
