import type { RequestOptions } from './config.ts'
import type { PageWire } from './connected-accounts.wire.ts'
import { type ConnectionRequest, connectionRequest } from './connection-request.ts'
import { type HttpClient, segment } from './http.ts'
import type {
  SessionAuthorizeOptions,
  SessionExecuteResult,
  SessionMcp,
  SessionSearchParams,
  SessionSearchResult,
  SessionToolkits,
  SessionToolkitsQuery,
} from './session.types.ts'
import {
  type SearchedWire,
  type SessionToolkitWire,
  type SessionWire,
  searchFromWire,
  sessionToolkitFromWire,
} from './session.wire.ts'
import type { FunctionTool, ProxyParams, ProxyResult } from './tools.types.ts'
import {
  type ExecutedWire,
  functionToolOf,
  type ProxiedWire,
  proxyFromWire,
  proxyToWire,
  type ToolWire,
  toolFromWire,
} from './tools.wire.ts'

const TOOLS_PAGE_LIMIT = 500

/** One user's view: the toolkits, tools and connections that an agent may use on their behalf. */
export class Session {
  readonly #http: HttpClient
  readonly #mcp: SessionMcp
  readonly sessionId: string
  /** The settings in force, as the server names them. */
  readonly config: Readonly<Record<string, unknown>>
  readonly configVersion: number | undefined
  readonly warnings: readonly { code: string; message: string }[]
  readonly experimental: { readonly assistivePrompt: string | undefined }

  /** @internal */
  constructor(http: HttpClient, wire: SessionWire) {
    this.#http = http
    this.#mcp = mcpOf(http, wire.mcp)
    this.sessionId = wire.session_id
    this.config = wire.config
    this.configVersion = wire.config_version
    this.warnings = wire.warnings ?? []
    this.experimental = { assistivePrompt: wire.experimental?.assistive_prompt }
  }

  /** The same tools for any MCP client. Printing or serialising the session leaves this out, since it holds the API key. */
  get mcp(): SessionMcp {
    return this.#mcp
  }

  /** The session's toolkits, and which of them the user has connected. */
  async toolkits(query: SessionToolkitsQuery = {}, request?: RequestOptions): Promise<SessionToolkits> {
    const page = await this.#http.request<PageWire<SessionToolkitWire>>(
      {
        method: 'GET',
        path: this.#path('toolkits'),
        query: {
          toolkits: query.toolkits,
          is_connected: query.isConnected,
          search: query.search,
          limit: query.limit,
          cursor: query.cursor,
        },
      },
      request,
    )
    const cursor = page.next_cursor ?? undefined
    return { items: page.items.map(sessionToolkitFromWire), cursor, totalPages: page.total_pages }
  }

  /** What to give the model, in the function format of OpenAI's chat completions. */
  async tools(request?: RequestOptions): Promise<FunctionTool[]> {
    const tools: FunctionTool[] = []
    let cursor: string | null | undefined
    do {
      const page: PageWire<ToolWire> = await this.#http.request(
        { method: 'GET', path: this.#path('tools'), query: { limit: TOOLS_PAGE_LIMIT, cursor } },
        request,
      )
      tools.push(...page.items.map((tool) => functionToolOf(toolFromWire(tool))))
      cursor = page.next_cursor
    } while (cursor)
    return tools
  }

  /** Runs one of the session's tools. `account` (id or alias) chooses among several connections. */
  async execute(
    slug: string,
    args: Record<string, unknown> = {},
    options: { account?: string | undefined } = {},
    request?: RequestOptions,
  ): Promise<SessionExecuteResult> {
    return this.#run('execute', { tool_slug: slug, arguments: args, account: options.account }, request)
  }

  /** Runs a helper tool, such as `COMPOSIO_SEARCH_TOOLS`. */
  async executeMeta(slug: string, args: Record<string, unknown> = {}, request?: RequestOptions): Promise<SessionExecuteResult> {
    return this.#run('execute_meta', { slug, arguments: args }, request)
  }

  /** Finds tools by what they are for. */
  async search(params: SessionSearchParams, request?: RequestOptions): Promise<SessionSearchResult> {
    const body = { queries: [{ use_case: params.query }], toolkits: params.toolkits }
    const spec = { method: 'POST', path: this.#path('search'), body, repeatable: true } as const
    return searchFromWire(await this.#http.request<SearchedWire>(spec, request))
  }

  /** Makes a link that the user opens in order to connect this toolkit: `redirectUrl` of the answer. */
  async authorize(toolkit: string, options: SessionAuthorizeOptions = {}, request?: RequestOptions): Promise<ConnectionRequest> {
    const body = { toolkit, callback_url: options.callbackUrl, alias: options.alias }
    const linked = await this.#http.request<{ connected_account_id: string; redirect_url: string }>(
      { method: 'POST', path: this.#path('link'), body },
      request,
    )
    return connectionRequest(this.#http, linked.connected_account_id, 'INITIATED', linked.redirect_url)
  }

  /** The same as {@link authorize}. */
  link(toolkit: string, options: SessionAuthorizeOptions = {}, request?: RequestOptions): Promise<ConnectionRequest> {
    return this.authorize(toolkit, options, request)
  }

  /** Calls a toolkit's own API with the user's credential. Its answer comes back whatever its status. */
  async proxyExecute(params: ProxyParams & { toolkit: string }, request?: RequestOptions): Promise<ProxyResult> {
    const body = { toolkit_slug: params.toolkit, ...proxyToWire(params) }
    const proxied = await this.#http.request<ProxiedWire>({ method: 'POST', path: this.#path('proxy_execute'), body }, request)
    return proxyFromWire(proxied)
  }

  toJSON(): { sessionId: string; config: Readonly<Record<string, unknown>> } {
    return { sessionId: this.sessionId, config: this.config }
  }

  async #run(action: 'execute' | 'execute_meta', body: object, request?: RequestOptions): Promise<SessionExecuteResult> {
    const { data, error, log_id } = await this.#http.request<ExecutedWire>(
      { method: 'POST', path: this.#path(action), body },
      request,
    )
    return { data, error, successful: !error, logId: log_id ?? '' }
  }

  #path(action: string): string {
    return `/tool_router/session/${segment(this.sessionId)}/${action}`
  }
}

/** `headers` is read through a getter: it spreads and serialises as a value, but printing shows `[Getter]` and not the key. */
const mcpOf = (http: HttpClient, { type, url }: SessionWire['mcp']): SessionMcp => ({
  type,
  url,
  get headers() {
    return http.authHeaders()
  },
})
