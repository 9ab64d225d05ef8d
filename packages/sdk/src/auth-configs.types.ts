import type { AuthSchemeType } from './auth-scheme.ts'

/** How a toolkit's users authenticate: a scheme and, for OAuth, your client. Secrets in it are masked. */
export interface AuthConfig {
  id: string
  name: string
  toolkit: { slug: string; logo: string }
  authScheme: AuthSchemeType | undefined
  isComposioManaged: boolean | undefined
  status: 'ENABLED' | 'DISABLED'
  noOfConnections: number
  credentials: Record<string, unknown> | undefined
  expectedInputFields: unknown[] | undefined
  isEnabledForToolRouter: boolean | undefined
  toolAccessConfig: ToolAccessConfig | undefined
  /** @deprecated Use `toolAccessConfig.toolsForConnectedAccountCreation`. */
  restrictToFollowingTools: string[] | undefined
  createdBy: string | undefined
  createdAt: string | undefined
  lastUpdatedAt: string | undefined
}

export interface ToolAccessConfig {
  toolsAvailableForExecution?: string[] | undefined
  toolsForConnectedAccountCreation?: string[] | undefined
}

type Credentials = Record<string, unknown>

export interface CreateCustomAuthConfigParams {
  type: 'use_custom_auth'
  authScheme: AuthSchemeType
  /** What the scheme needs, such as `client_id` and `client_secret`; nothing for API keys, bearer tokens and basic. */
  credentials?: Credentials | undefined
  name?: string | undefined
  proxyConfig?: { proxyUrl: string; proxyAuthKey?: string | undefined } | undefined
  toolAccessConfig?: Pick<ToolAccessConfig, 'toolsForConnectedAccountCreation'> | undefined
  isEnabledForToolRouter?: boolean | undefined
}

export interface CreateManagedAuthConfigParams {
  type: 'use_composio_managed_auth'
  credentials?: Credentials | undefined
  name?: string | undefined
  toolAccessConfig?: Pick<ToolAccessConfig, 'toolsForConnectedAccountCreation'> | undefined
  isEnabledForToolRouter?: boolean | undefined
}

export type CreateAuthConfigParams = CreateCustomAuthConfigParams | CreateManagedAuthConfigParams

export interface CreatedAuthConfig {
  id: string
  authScheme: AuthSchemeType
  isComposioManaged: boolean
  toolkit: string
}

export interface AuthConfigListQuery {
  toolkit?: string | undefined
  isComposioManaged?: boolean | undefined
  search?: string | undefined
  showDisabled?: boolean | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

export interface UpdateAuthConfigParams {
  /** `custom` for your own credentials, `default` for a managed config. */
  type: 'custom' | 'default'
  name?: string | undefined
  /** With `custom`: fields that are left out are preserved. */
  credentials?: Credentials | undefined
  /** With `default`. */
  scopes?: string | string[] | undefined
  isEnabledForToolRouter?: boolean | undefined
  toolAccessConfig?: ToolAccessConfig | undefined
  /** @deprecated Use `toolAccessConfig.toolsAvailableForExecution`. */
  restrictToFollowingTools?: string[] | undefined
}
