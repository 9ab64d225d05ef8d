import { nearestNames } from '../toolkits/nearest.ts'
import type { Tool } from '../toolkits/toolkit.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolInSession, listScopedTools } from './tool-scope.ts'

export interface GetToolSchemasArguments {
  readonly tool_slugs: readonly string[]
  readonly include?: readonly ('input_schema' | 'output_schema')[]
}

/** A tool outside the session is answered like one that does not exist. */
export function getToolSchemas({ catalogue }: SessionsDeps, { config }: Session, args: GetToolSchemasArguments) {
  const { tool_slugs: slugs, include = ['input_schema'] } = args
  const schemas: Record<string, object> = Object.create(null)
  const notFound: string[] = []
  for (const slug of new Set(slugs)) {
    const tool = catalogue.findTool(slug)
    if (tool && isToolInSession(config, tool)) schemas[tool.slug] = schemaOf(tool, include)
    else notFound.push(slug.slice(0, 80))
  }
  const inSession = notFound.length > 0 ? listScopedTools(catalogue, config).map(({ slug }) => slug) : []
  return {
    success: notFound.length === 0,
    tool_schemas: { ...schemas },
    not_found: notFound,
    suggestions: Object.fromEntries(notFound.map((slug) => [slug, nearestNames(slug, inSession)])),
  }
}

const schemaOf = (tool: Tool, include: readonly string[]): object => ({
  tool_slug: tool.slug,
  toolkit: tool.toolkitSlug,
  description: tool.description,
  ...(include.includes('input_schema') && { input_schema: tool.inputParameters }),
  ...(include.includes('output_schema') && { output_schema: tool.outputParameters }),
})
