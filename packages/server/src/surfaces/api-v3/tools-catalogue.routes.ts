import { type AuthConfigsDeps, requireAuthConfig } from '../../domain/auth-configs/auth-configs.service.ts'
import type { Catalogue, ToolFilter } from '../../domain/toolkits/catalogue.ts'
import type { Tool } from '../../domain/toolkits/toolkit.ts'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodeCursor, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readBoolean, readLimit, readList } from '../http/wire-query.ts'
import { GetToolQuery, ListToolsQuery, ToolEnum, ToolPage, ToolParams, toolToWire, WireTool } from './tools-catalogue.schema.ts'

const tags = ['Tools']
const MAX_AUTH_CONFIGS = 100

export type ToolCatalogueDeps = Pick<AuthConfigsDeps, 'db' | 'catalogue'>

export function toolCatalogueRoutes(app: ApiServer, deps: ToolCatalogueDeps): void {
  const { catalogue } = deps
  const show = (tool: Tool) => toolToWire(tool, catalogue.requireToolkit(tool.toolkitSlug))

  app.get(
    '/tools',
    { schema: { tags, summary: 'List or search tools', querystring: ListToolsQuery, response: { 200: ToolPage } } },
    async ({ projectId, query }) => {
      const limit = readLimit(query.limit, { default: 20, max: 1000 })
      const includeDeprecated = readBoolean(query.include_deprecated, 'include_deprecated') ?? true
      const important = readBoolean(query.important, 'important') ?? false
      const toolSlugs = readList(query.tool_slugs)
      const search = query.query || query.search
      const tag = search && !toolSlugs ? 'tools:relevance' : 'tools:slug'
      const after = query.cursor ? { cursor: String(decodeCursor(query.cursor, tag)[0]) } : {}
      const narrowed = async (): Promise<ToolFilter | undefined> => {
        const allowed = await readAllowed(deps, projectId, readList(query.auth_config_ids), includeDeprecated)
        if (allowed?.length === 0) return undefined
        return {
          toolkitSlugs: readList(query.toolkit_slug) ?? [],
          toolSlugs: allowed ?? [],
          important,
          includeDeprecated,
          tags: readList(query.tags) ?? [],
          scopes: readList(query.scopes) ?? [],
          ...(search && { search }),
        }
      }
      const filter = toolSlugs ? { toolSlugs } : await narrowed()
      const page = filter && catalogue.listTools({ ...filter, limit, ...after })
      return toPage({
        items: page?.items.map(show) ?? [],
        nextCursor: page?.nextCursor && encodeCursor([page.nextCursor], tag),
        totalItems: page?.total ?? 0,
        limit,
      })
    },
  )

  app.get('/tools/enum', { schema: { tags, summary: 'List the slugs of all tools', response: { 200: ToolEnum } } }, async () =>
    catalogue.toolkits.flatMap((toolkit) => toolkit.tools.map(({ slug }) => slug)).sort(),
  )

  app.get(
    '/tools/:slug',
    {
      schema: {
        tags,
        summary: 'Get a tool with its schemas',
        params: ToolParams,
        querystring: GetToolQuery,
        response: { 200: WireTool },
      },
    },
    async ({ params }) => show(catalogue.requireTool(params.slug)),
  )
}

/** The tools that these auth configs let run: their toolkits', or the ones that they are restricted to. */
async function readAllowed(
  deps: ToolCatalogueDeps,
  projectId: ProjectId,
  ids: readonly string[] | undefined,
  includeDeprecated: boolean,
): Promise<string[] | undefined> {
  if (!ids) return undefined
  if (ids.length > MAX_AUTH_CONFIGS)
    throw new HoldfastError('invalid_request', `auth_config_ids takes at most ${MAX_AUTH_CONFIGS} ids.`, {
      fields: [{ path: 'auth_config_ids', message: `takes at most ${MAX_AUTH_CONFIGS} ids` }],
    })
  const configs = await Promise.all(ids.map((id) => requireAuthConfig(deps, projectId, id)))
  return configs.flatMap(({ toolkitSlug, settings }) =>
    toolsOf(deps.catalogue, toolkitSlug, settings.toolsForExecution)
      .filter(({ deprecated }) => includeDeprecated || !deprecated)
      .map(({ slug }) => slug),
  )
}

function toolsOf(catalogue: Catalogue, toolkitSlug: string, restricted: readonly string[] | undefined): readonly Tool[] {
  const tools = catalogue.findToolkit(toolkitSlug)?.tools ?? []
  // An empty restriction restricts nothing, here as in execution.
  if (!restricted?.length) return tools
  const named = new Set(restricted.map((name) => catalogue.findTool(name)))
  return tools.filter((tool) => named.has(tool))
}
