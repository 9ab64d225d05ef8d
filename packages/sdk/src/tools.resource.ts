import type { RequestOptions } from './config.ts'
import type { Page } from './connected-accounts.types.ts'
import { type PageWire, pageFromWire } from './connected-accounts.wire.ts'
import { HoldfastValidationError } from './errors.ts'
import { type HttpClient, segment } from './http.ts'
import type {
  FunctionTool,
  ProxyResult,
  Tool,
  ToolExecuteParams,
  ToolExecuteResult,
  ToolFilters,
  ToolListQuery,
  ToolProxyParams,
} from './tools.types.ts'
import {
  type ExecutedWire,
  executionFromWire,
  executionToWire,
  functionToolOf,
  type ProxiedWire,
  proxyFromWire,
  proxyToWire,
  type ToolWire,
  toolFromWire,
  toolQueryToWire,
} from './tools.wire.ts'

/** The most that one page holds when all of them are wanted. */
const PAGE_LIMIT = 500

/** What can be done with the toolkits, and doing it. */
export class Tools {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /**
   * Tools in the function format of OpenAI's chat completions, for `provider.handleToolCalls` to run with the same user.
   *
   * @example
   * await holdfast.tools.get('user_123', { toolkits: ['gmail'] })
   * await holdfast.tools.get('user_123', 'GMAIL_SEND_EMAIL')
   */
  async get(_userId: string, filters: ToolFilters | string, request?: RequestOptions): Promise<FunctionTool[]> {
    const tools =
      typeof filters === 'string'
        ? [await this.getRawComposioToolBySlug(filters, {}, request)]
        : await this.getRawComposioTools(filters, request)
    return tools.map(functionToolOf)
  }

  /** One page of tools, with their schemas. */
  async list(query: ToolListQuery = {}, request?: RequestOptions): Promise<Page<Tool>> {
    const page = await this.#http.request<PageWire<ToolWire>>(
      { method: 'GET', path: '/tools', query: toolQueryToWire(query) },
      request,
    )
    return pageFromWire(page, toolFromWire)
  }

  /** Every tool that matches, page after page; with `limit` or `search`, the first page only. */
  async getRawComposioTools(filters: ToolFilters, request?: RequestOptions): Promise<Tool[]> {
    checkFilters(filters)
    if (filters.limit !== undefined || filters.search !== undefined) return (await this.list(filters, request)).items
    const tools: Tool[] = []
    let cursor: string | undefined
    do {
      const page = await this.list({ ...filters, limit: PAGE_LIMIT, cursor }, request)
      tools.push(...page.items)
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    return tools
  }

  /** @throws HoldfastNotFoundError */
  async getRawComposioToolBySlug(slug: string, options: { version?: string } = {}, request?: RequestOptions): Promise<Tool> {
    const path = `/tools/${segment(slug)}`
    return toolFromWire(await this.#http.request<ToolWire>({ method: 'GET', path, query: { version: options.version } }, request))
  }

  /** The slugs of all tools. */
  getToolsEnum(request?: RequestOptions): Promise<string[]> {
    return this.#http.request({ method: 'GET', path: '/tools/enum' }, request)
  }

  /**
   * Runs a tool with a user's connection.
   *
   * @example
   * const { successful, data, error } = await holdfast.tools.execute('GITHUB_GET_THE_AUTHENTICATED_USER', { userId: 'user_123' })
   */
  async execute(slug: string, params: ToolExecuteParams, request?: RequestOptions): Promise<ToolExecuteResult> {
    const path = `/tools/execute/${segment(slug)}`
    return executionFromWire(
      await this.#http.request<ExecutedWire>({ method: 'POST', path, body: executionToWire(params) }, request),
    )
  }

  /** Calls the upstream's own API with a connection's credential. Its answer comes back whatever its status. */
  async proxy(params: ToolProxyParams, request?: RequestOptions): Promise<ProxyResult> {
    const body = {
      ...proxyToWire(params),
      connected_account_id: params.connectedAccountId,
      custom_connection_data: params.customConnectionData,
    }
    return proxyFromWire(await this.#http.request<ProxiedWire>({ method: 'POST', path: '/tools/execute/proxy', body }, request))
  }

  /** The official SDK's name for {@link proxy}. */
  proxyExecute(params: ToolProxyParams, request?: RequestOptions): Promise<ProxyResult> {
    return this.proxy(params, request)
  }
}

function checkFilters({ tools, toolkits, search, authConfigIds }: ToolFilters): void {
  if (tools && toolkits) throw new HoldfastValidationError('Filter by `tools` or by `toolkits`, not by both.')
  if (!tools && !toolkits && search === undefined && !authConfigIds)
    throw new HoldfastValidationError('Say which tools: give `tools`, `toolkits`, `search` or `authConfigIds`.')
}
