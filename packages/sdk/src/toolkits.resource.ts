import type { AuthSchemeType } from './auth-scheme.ts'
import type { RequestOptions } from './config.ts'
import type { Page } from './connected-accounts.types.ts'
import { type PageWire, pageFromWire } from './connected-accounts.wire.ts'
import { HoldfastValidationError } from './errors.ts'
import { type HttpClient, segment } from './http.ts'
import type { AuthField, Toolkit, ToolkitCategory, ToolkitListQuery, ToolkitSummary } from './toolkits.types.ts'
import { type ToolkitSummaryWire, type ToolkitWire, toolkitFromWire, toolkitSummaryFromWire } from './toolkits.wire.ts'

/** The services that can be connected. */
export class Toolkits {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /** With a slug: that toolkit. Else: the first page of toolkits that match, without its cursor; see `list`. */
  get(slug: string, request?: RequestOptions): Promise<Toolkit>
  get(query?: ToolkitListQuery, request?: RequestOptions): Promise<ToolkitSummary[]>
  async get(slugOrQuery?: string | ToolkitListQuery, request?: RequestOptions): Promise<Toolkit | ToolkitSummary[]> {
    if (typeof slugOrQuery !== 'string') return (await this.list(slugOrQuery, request)).items
    return toolkitFromWire(
      await this.#http.request<ToolkitWire>({ method: 'GET', path: `/toolkits/${segment(slugOrQuery)}` }, request),
    )
  }

  /** One page of toolkits. */
  async list(query: ToolkitListQuery = {}, request?: RequestOptions): Promise<Page<ToolkitSummary>> {
    const page = await this.#http.request<PageWire<ToolkitSummaryWire>>(
      {
        method: 'GET',
        path: '/toolkits',
        query: {
          category: query.category,
          search: query.search,
          managed_by: query.managedBy,
          sort_by: query.sortBy,
          limit: query.limit,
          cursor: query.cursor,
        },
      },
      request,
    )
    return pageFromWire(page, toolkitSummaryFromWire)
  }

  async listCategories(request?: RequestOptions): Promise<Page<ToolkitCategory>> {
    const page = await this.#http.request<PageWire<ToolkitCategory>>({ method: 'GET', path: '/toolkits/categories' }, request)
    return pageFromWire(page, ({ id, name }) => ({ id, name }))
  }

  /** What `authConfigs.create` needs for this toolkit and scheme (default: the toolkit's first). */
  getAuthConfigCreationFields(
    slug: string,
    authScheme?: AuthSchemeType | null,
    options: { requiredOnly?: boolean } = {},
    request?: RequestOptions,
  ): Promise<AuthField[]> {
    return this.#fields('authConfigCreation', slug, authScheme, options.requiredOnly, request)
  }

  /** What `AuthScheme.…({ … })` needs for this toolkit and scheme (default: the toolkit's first). */
  getConnectedAccountInitiationFields(
    slug: string,
    authScheme?: AuthSchemeType | null,
    options: { requiredOnly?: boolean } = {},
    request?: RequestOptions,
  ): Promise<AuthField[]> {
    return this.#fields('connectedAccountInitiation', slug, authScheme, options.requiredOnly, request)
  }

  async #fields(
    purpose: 'authConfigCreation' | 'connectedAccountInitiation',
    slug: string,
    authScheme: AuthSchemeType | null | undefined,
    requiredOnly: boolean | undefined,
    request: RequestOptions | undefined,
  ): Promise<AuthField[]> {
    const offered = (await this.get(slug, request)).authConfigDetails ?? []
    const details = authScheme ? offered.find(({ mode }) => mode === authScheme) : offered[0]
    if (!details)
      throw new HoldfastValidationError(
        `${slug} does not offer ${authScheme ?? 'any way to authenticate'}. It offers: ${offered.map(({ mode }) => mode).join(', ') || 'nothing'}.`,
      )
    const { required, optional } = details.fields[purpose]
    return requiredOnly ? required : [...required, ...optional]
  }
}
