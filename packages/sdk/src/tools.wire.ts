import type { QueryValue } from './http.ts'
import type {
  FunctionTool,
  ProxyParams,
  ProxyResult,
  Tool,
  ToolExecuteParams,
  ToolExecuteResult,
  ToolListQuery,
} from './tools.types.ts'

export interface ToolWire {
  slug: string
  name: string
  description?: string
  input_parameters?: Record<string, unknown> | null
  output_parameters?: Record<string, unknown> | null
  tags?: string[]
  scopes?: string[]
  toolkit?: { slug: string; name: string; logo?: string }
  version?: string
  available_versions?: string[]
  is_deprecated?: boolean
  deprecated?: { is_deprecated?: boolean }
  no_auth?: boolean
}

export interface ExecutedWire {
  data: Record<string, unknown>
  error: string | null
  successful?: boolean
  log_id?: string
  session_info?: unknown
}

export interface ProxiedWire {
  status: number
  data?: unknown
  headers?: Record<string, string>
  binary_data?: { content_type: string; size: number; url: string; expires_at?: string }
}

/** Some models refuse a function whose parameters are an empty object, so none is none. */
const schemaFromWire = (schema: Record<string, unknown> | null | undefined) =>
  schema && Object.keys(schema).length > 0 ? schema : undefined

export const toolFromWire = (wire: ToolWire): Tool => ({
  slug: wire.slug,
  name: wire.name,
  description: wire.description,
  inputParameters: schemaFromWire(wire.input_parameters),
  outputParameters: schemaFromWire(wire.output_parameters),
  tags: wire.tags ?? [],
  scopes: wire.scopes,
  toolkit: wire.toolkit && { slug: wire.toolkit.slug, name: wire.toolkit.name, logo: wire.toolkit.logo },
  version: wire.version,
  availableVersions: wire.available_versions ?? [],
  isDeprecated: wire.is_deprecated ?? wire.deprecated?.is_deprecated ?? false,
  isNoAuth: wire.no_auth,
})

export const functionToolOf = (tool: Tool): FunctionTool => ({
  type: 'function',
  function: {
    name: tool.slug,
    ...(tool.description !== undefined && { description: tool.description }),
    ...(tool.inputParameters && { parameters: tool.inputParameters }),
  },
})

export const toolQueryToWire = (query: ToolListQuery): Record<string, QueryValue> => ({
  tool_slugs: query.tools,
  toolkit_slug: query.toolkits,
  search: query.search,
  auth_config_ids: query.authConfigIds,
  tags: query.tags,
  scopes: query.scopes,
  important: query.important,
  limit: query.limit,
  cursor: query.cursor,
})

export const executionToWire = (params: ToolExecuteParams) => ({
  user_id: params.userId,
  connected_account_id: params.connectedAccountId,
  arguments: params.arguments,
  version: params.version,
  text: params.text,
  custom_auth_params: params.customAuthParams && {
    base_url: params.customAuthParams.baseURL,
    body: params.customAuthParams.body,
    parameters: params.customAuthParams.parameters,
  },
  custom_connection_data: params.customConnectionData,
  allow_tracing: params.allowTracing,
})

export const executionFromWire = (wire: ExecutedWire): ToolExecuteResult => ({
  data: wire.data,
  error: wire.error,
  successful: wire.successful ?? !wire.error,
  logId: wire.log_id,
  sessionInfo: wire.session_info,
})

export const proxyToWire = ({ endpoint, method, body, binaryBody, parameters }: ProxyParams) => ({
  endpoint,
  method,
  body,
  binary_body: binaryBody && {
    ...('base64' in binaryBody ? { base64: binaryBody.base64 } : { url: binaryBody.url }),
    content_type: binaryBody.contentType,
  },
  parameters: parameters?.map(({ in: type, name, value }) => ({ name, type, value: String(value) })),
})

export const proxyFromWire = (wire: ProxiedWire): ProxyResult => ({
  status: wire.status,
  data: wire.data,
  headers: wire.headers ?? {},
  ...(wire.binary_data && {
    binaryData: {
      contentType: wire.binary_data.content_type,
      size: wire.binary_data.size,
      url: wire.binary_data.url,
      expiresAt: wire.binary_data.expires_at,
    },
  }),
})
