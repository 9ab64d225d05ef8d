import type { Catalogue } from '../toolkits/catalogue.ts'
import { bySlug, type Tool } from '../toolkits/toolkit.ts'
import type { Chosen, SessionConfig, TagFilter, ToolChoice } from './session.ts'

type ScopeConfig = Pick<SessionConfig, 'toolkits' | 'tools' | 'tags'>

const choiceOf = (config: ScopeConfig, toolkitSlug: string): ToolChoice | undefined =>
  Object.hasOwn(config.tools, toolkitSlug) ? config.tools[toolkitSlug] : undefined

export const isToolkitInSession = ({ toolkits }: Pick<ScopeConfig, 'toolkits'>, slug: string): boolean =>
  toolkits === undefined || allows(toolkits, slug)

/**
 * The one place that decides whether a tool belongs to a session: its tool list, search, MCP and every call ask here.
 * A list that names the tool has the last word; where lists are silent the toolkit's own tags decide, else the session's.
 * Costs the length of the session's lists, not of the catalogue.
 */
export function isToolInSession(config: ScopeConfig, tool: Tool): boolean {
  if (!isToolkitInSession(config, tool.toolkitSlug)) return false
  const choice = choiceOf(config, tool.toolkitSlug)
  if (choice && 'enabled' in choice) return choice.enabled.includes(tool.slug)
  // Its callers can name it; nobody new is led to it.
  if (tool.deprecated) return false
  if (choice && 'disabled' in choice && choice.disabled.includes(tool.slug)) return false
  return passes(choice && 'tags' in choice ? choice.tags : config.tags, tool)
}

/** Every tool of the session, in slug order. */
export function listScopedTools(catalogue: Catalogue, config: ScopeConfig): Tool[] {
  const toolkits = catalogue.toolkits.filter(({ slug }) => isToolkitInSession(config, slug))
  return toolkits.flatMap(({ tools }) => tools.filter((tool) => isToolInSession(config, tool))).sort(bySlug)
}

/** Whether something in the session's settings asks for this tool, and it is not just left in. */
export function isChosen(config: ScopeConfig, tool: Tool): boolean {
  if (config.toolkits && 'enabled' in config.toolkits) return true
  const choice = choiceOf(config, tool.toolkitSlug)
  if (choice && 'enabled' in choice) return true
  const tags = choice && 'tags' in choice ? choice.tags : config.tags
  return tags?.enabled !== undefined
}

/** Whether the settings could ask for any tool at all. */
export const hasPositiveFilter = ({ toolkits, tools, tags }: ScopeConfig): boolean =>
  (toolkits !== undefined && 'enabled' in toolkits) ||
  tags?.enabled !== undefined ||
  Object.values(tools).some((choice) => 'enabled' in choice || ('tags' in choice && choice.tags.enabled !== undefined))

const allows = (chosen: Chosen, slug: string): boolean =>
  'enabled' in chosen ? chosen.enabled.includes(slug) : !chosen.disabled.includes(slug)

function passes(filter: TagFilter | undefined, { tags }: Tool): boolean {
  const has = (tag: string) => (tags as readonly string[]).includes(tag)
  return (filter?.enabled?.some(has) ?? true) && !filter?.disabled?.some(has)
}
