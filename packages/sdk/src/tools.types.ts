import type { AuthSchemeType } from './auth-scheme.ts'

/** A JSON Schema object. */
export type JsonSchema = Record<string, unknown>

/** One thing that can be done with a toolkit. */
export interface Tool {
  slug: string
  name: string
  description: string | undefined
  inputParameters: JsonSchema | undefined
  outputParameters: JsonSchema | undefined
  tags: string[]
  scopes: string[] | undefined
  toolkit: { slug: string; name: string; logo: string | undefined } | undefined
  version: string | undefined
  availableVersions: string[]
  isDeprecated: boolean
  isNoAuth: boolean | undefined
}

/** A tool as OpenAI's chat completions take it, and everything that speaks their format. */
export interface FunctionTool {
  type: 'function'
  function: { name: string; description?: string; parameters?: JsonSchema }
}

/** Which tools: give `tools`, or any of the others. */
export interface ToolFilters {
  /** Slugs of tools. */
  tools?: readonly string[] | undefined
  /** Slugs of toolkits. */
  toolkits?: readonly string[] | undefined
  search?: string | undefined
  authConfigIds?: readonly string[] | undefined
  tags?: readonly string[] | undefined
  scopes?: readonly string[] | undefined
  important?: boolean | undefined
  limit?: number | undefined
}

export interface ToolListQuery extends ToolFilters {
  cursor?: string | undefined
}

export interface ProxyParameter {
  in: 'query' | 'header'
  name: string
  value: string | number
}

/** A credential used for one call and stored nowhere. */
export interface CustomConnectionData {
  authScheme: AuthSchemeType
  toolkitSlug: string
  val: Record<string, unknown>
}

export interface ToolExecuteParams {
  /** Whose connection to use: the most recent ACTIVE one of this user for the tool's toolkit. */
  userId?: string | undefined
  /** Or exactly this connection. */
  connectedAccountId?: string | undefined
  arguments?: Record<string, unknown> | undefined
  version?: string | undefined
  /** Instead of `arguments`: a sentence that the server turns into them, where it can. */
  text?: string | undefined
  customAuthParams?: { baseURL?: string; body?: Record<string, unknown>; parameters?: readonly ProxyParameter[] } | undefined
  customConnectionData?: CustomConnectionData | undefined
  allowTracing?: boolean | undefined
  /** Accepted so that code written for the official SDK runs; there is no version check to skip. */
  dangerouslySkipVersionCheck?: boolean | undefined
}

/** `successful: false` and `error` when the upstream refused; an exception only when the server did. */
export interface ToolExecuteResult {
  data: Record<string, unknown>
  error: string | null
  successful: boolean
  logId: string | undefined
  sessionInfo: unknown
}

export type ProxyMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD'

export interface ProxyParams {
  /** Path on the toolkit's own API, or an absolute URL on one of its hosts. */
  endpoint: string
  method: ProxyMethod
  /** JSON or text. */
  body?: unknown
  /** Bytes instead of `body`. */
  binaryBody?: { base64: string; contentType?: string } | { url: string; contentType?: string } | undefined
  parameters?: readonly ProxyParameter[] | undefined
}

export interface ToolProxyParams extends ProxyParams {
  connectedAccountId?: string | undefined
  customConnectionData?: CustomConnectionData | undefined
}

/** The upstream's answer, whatever its status. */
export interface ProxyResult {
  status: number
  data: unknown
  headers: Record<string, string>
  /** In place of `data` when the answer is not text. */
  binaryData?: { contentType: string; size: number; url: string; expiresAt: string | undefined }
}
