import { HoldfastError } from '../../errors.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { ResolvedAuth } from './auth-definitions.ts'
import { nearestNames } from './nearest.ts'
import { compareKeys, type Page, pageOf, type Ranked } from './paging.ts'
import { createSearch, type Scored } from './search.ts'
import { bySlug, type Tool, type Toolkit } from './toolkit.ts'
import { loadToolkitFiles } from './toolkit-files.ts'

export interface ToolkitFilter {
  /** A category's slug or name. */
  readonly category?: string
  readonly search?: string
  /** `composio`: those that come with the server; `project`: the operator's own. Default: all. */
  readonly managedBy?: 'composio' | 'all' | 'project'
  /** Default: alphabetically. `usage` needs `usageOf`. */
  readonly sortBy?: 'usage' | 'alphabetically'
  readonly usageOf?: (slug: string) => number
  readonly limit?: number
  readonly cursor?: string
}

export interface ToolFilter {
  readonly toolkitSlugs?: readonly string[]
  readonly toolSlugs?: readonly string[]
  readonly important?: boolean
  /** Tools that have at least one of these tags. */
  readonly tags?: readonly string[]
  /** Tools that need at least one of these scopes. */
  readonly scopes?: readonly string[]
  readonly search?: string
  readonly includeDeprecated?: boolean
  readonly limit?: number
  readonly cursor?: string
}

export interface ToolSearchFilter {
  readonly toolkits?: readonly string[]
  readonly tools?: readonly string[]
  /** In place of leaving out what is deprecated: the caller says which tools it wants. */
  readonly accepts?: (tool: Tool) => boolean
  readonly limit?: number
}

/** All toolkits and tools, in memory. Immutable: a change of the files needs a new start. Disabled toolkits are not in it. */
export interface Catalogue {
  readonly notices: readonly string[]
  readonly toolkits: readonly Toolkit[]
  readonly findToolkit: (slug: string) => Toolkit | undefined
  readonly requireToolkit: (slug: string) => Toolkit
  readonly findTool: (slugOrAlias: string) => Tool | undefined
  readonly requireTool: (slugOrAlias: string) => Tool
  readonly listToolkits: (filter?: ToolkitFilter) => Page<Toolkit>
  readonly listTools: (filter?: ToolFilter) => Page<Tool>
  readonly categories: () => readonly { readonly slug: string; readonly name: string }[]
  /** Best first. Scores compare within one answer only. */
  readonly searchTools: (query: string, filter?: ToolSearchFilter) => readonly Scored<Tool>[]
}

const MAX_LIMIT = 1000
const pageSize = (limit: number | undefined, usual: number): number =>
  Math.min(Math.max(Math.trunc(limit ?? usual), 1), MAX_LIMIT)
const lowerSet = (names: readonly string[] | undefined): Set<string> | undefined =>
  names && names.length > 0 ? new Set(names.map((name) => name.toLowerCase())) : undefined

const didYouMean = (wanted: string, names: Iterable<string>, instead: string): string => {
  const near = nearestNames(wanted, names)
  return near.length > 0 ? `Did you mean ${near.join(', ')}?` : instead
}

/** The definition of a scheme on this toolkit, fields and placements filled in; undefined when it is not offered. */
export const authOf = (toolkit: Toolkit, scheme: AuthScheme): ResolvedAuth | undefined => toolkit.auths.get(scheme)

export function requireAuth(toolkit: Toolkit, scheme: AuthScheme): ResolvedAuth {
  const auth = authOf(toolkit, scheme)
  if (auth) return auth
  throw new HoldfastError('auth_scheme_not_offered', `The toolkit ${toolkit.slug} does not offer ${scheme}.`, {
    fix: `Use one of ${[...toolkit.auths.keys()].join(', ')}.`,
  })
}

export function createCatalogue(all: readonly Toolkit[], notices: readonly string[] = []): Catalogue {
  const toolkits = all.filter(({ enabled }) => enabled).sort(bySlug)
  const toolkitsBySlug = new Map(toolkits.map((toolkit) => [toolkit.slug, toolkit]))
  const tools = toolkits.flatMap((toolkit) => toolkit.tools).sort(bySlug)
  const toolsByName = new Map(
    tools.flatMap((tool) => [tool.slug, ...tool.aliases].map((name) => [name.toLowerCase(), tool] as const)),
  )
  const categories = [
    ...new Map(toolkits.flatMap((toolkit) => toolkit.categories.map((category) => [category.slug, category]))).values(),
  ]
  const search = createSearch(toolkits)

  const findToolkit = (slug: string) => toolkitsBySlug.get(slug.toLowerCase())
  const findTool = (name: string) => toolsByName.get(name.toLowerCase())

  /** By relevance when something is searched, else by slug. */
  const rank = <Item extends { slug: string }>(
    items: readonly Item[],
    scored: readonly Scored<Item>[] | undefined,
  ): Ranked<Item>[] => {
    if (!scored) return items.map((item) => ({ item, key: [item.slug] }))
    const wanted = new Set(items)
    const hits = scored.filter(({ item }) => wanted.has(item)).map(({ item, score }) => ({ item, key: [-score, item.slug] }))
    return hits.sort((a, b) => compareKeys(a.key, b.key))
  }

  const listToolkits = (filter: ToolkitFilter = {}): Page<Toolkit> => {
    const category = filter.category?.toLowerCase()
    const origin = filter.managedBy === 'composio' ? 'builtin' : filter.managedBy === 'project' ? 'custom' : undefined
    const matching = toolkits.filter(
      (toolkit) =>
        (origin === undefined || toolkit.origin === origin) &&
        (category === undefined ||
          toolkit.categories.some(({ slug, name }) => slug === category || name.toLowerCase() === category)),
    )
    const { usageOf } = filter
    const byUse = filter.sortBy === 'usage' && usageOf && !filter.search
    const ranked = byUse
      ? matching.map((item) => ({ item, key: [-usageOf(item.slug), item.slug] })).sort((a, b) => compareKeys(a.key, b.key))
      : rank(matching, filter.search ? search.toolkits(filter.search) : undefined)
    return pageOf(ranked, pageSize(filter.limit, 20), filter.cursor)
  }

  const toolsOf = (slugs: readonly string[]): Tool[] => {
    const unique = new Set(slugs.map((slug) => slug.toLowerCase()))
    return [...unique].flatMap((slug) => findToolkit(slug)?.tools ?? []).sort(bySlug)
  }

  const listTools = (filter: ToolFilter = {}): Page<Tool> => {
    const named = filter.toolSlugs?.length ? new Set(filter.toolSlugs.map(findTool)) : undefined
    const { tags = [], scopes = [], important } = filter
    const candidates = filter.toolkitSlugs?.length ? toolsOf(filter.toolkitSlugs) : tools
    const matching = candidates.filter(
      (tool) =>
        (!named || named.has(tool)) &&
        // A tool that is asked for by name is shown though it is deprecated: its callers still run it.
        (filter.includeDeprecated || named || !tool.deprecated) &&
        (!important || tool.important) &&
        (tags.length === 0 || tags.some((tag) => (tool.tags as readonly string[]).includes(tag))) &&
        (scopes.length === 0 || scopes.some((scope) => tool.scopes.includes(scope))),
    )
    return pageOf(
      rank(matching, filter.search ? search.tools(filter.search) : undefined),
      pageSize(filter.limit, 20),
      filter.cursor,
    )
  }

  const searchTools = (query: string, filter: ToolSearchFilter = {}): readonly Scored<Tool>[] => {
    const inToolkits = lowerSet(filter.toolkits)
    const named = filter.tools?.length ? new Set(filter.tools.map(findTool)) : undefined
    const accepts = (tool: Tool) =>
      (filter.accepts ? filter.accepts(tool) : !tool.deprecated) &&
      (!inToolkits || inToolkits.has(tool.toolkitSlug)) &&
      (!named || named.has(tool))
    return search.tools(query, accepts).slice(0, pageSize(filter.limit, 10))
  }

  return {
    notices,
    toolkits,
    findToolkit,
    findTool,
    requireToolkit: (slug) => {
      const toolkit = findToolkit(slug)
      if (toolkit) return toolkit
      throw new HoldfastError('toolkit_not_found', `There is no toolkit '${slug.slice(0, 80)}'.`, {
        fix: didYouMean(slug, toolkitsBySlug.keys(), 'List the toolkits to see their slugs.'),
      })
    },
    requireTool: (name) => {
      const tool = findTool(name)
      if (tool) return tool
      throw new HoldfastError('tool_not_found', `There is no tool '${name.slice(0, 80)}'.`, {
        fix: didYouMean(
          name,
          tools.map(({ slug }) => slug),
          'List or search the tools to see their slugs.',
        ),
      })
    },
    listToolkits,
    listTools,
    categories: () => categories,
    searchTools,
  }
}

/**
 * The catalogue of these directories, the server's own first.
 * @throws HoldfastError `invalid_toolkit` with every problem found
 */
export function loadCatalogue(directories: readonly string[]): Catalogue {
  const { toolkits, notices } = loadToolkitFiles(directories)
  return createCatalogue(toolkits, notices)
}
