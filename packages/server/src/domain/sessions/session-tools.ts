import type { Catalogue } from '../toolkits/catalogue.ts'
import { bySlug, type Tool } from '../toolkits/toolkit.ts'
import { type MetaTool, metaToolsOf } from './meta-tools.ts'
import type { SessionConfig } from './session.ts'
import { isChosen, isToolInSession, listScopedTools } from './tool-scope.ts'

/** "all" stops here: beyond it no model keeps an overview, and no client takes the list. */
export const MAX_PRELOADED = 1_000
/** From here on the tools alone fill much of a model's context. */
const MANY_PRELOADED = 100

export interface VisibleTools {
  /** The helper tools that are on. */
  readonly meta: readonly MetaTool[]
  /** Those of the session's tools that the agent sees without searching, in slug order. */
  readonly preloaded: readonly Tool[]
  /** "all" is more than can be shown. */
  readonly cutOff: boolean
}

/** What an agent is shown, by the API and over MCP alike. */
export function visibleToolsOf(catalogue: Catalogue, config: SessionConfig): VisibleTools {
  const preloaded = preloadedTools(catalogue, config)
  return {
    meta: metaToolsOf(config),
    preloaded: preloaded.slice(0, MAX_PRELOADED),
    cutOff: preloaded.length > MAX_PRELOADED,
  }
}

function preloadedTools(catalogue: Catalogue, config: SessionConfig): Tool[] {
  if (config.preload === 'all') return listScopedTools(catalogue, config).filter((tool) => isChosen(config, tool))
  const named = config.preload.flatMap((slug) => catalogue.findTool(slug) ?? [])
  return named.filter((tool) => isToolInSession(config, tool)).sort(bySlug)
}

export function preloadWarning({ preloaded, cutOff }: VisibleTools): string | undefined {
  if (cutOff) return `More than ${MAX_PRELOADED} tools are preloaded: only the first ${MAX_PRELOADED} are listed.`
  return preloaded.length > MANY_PRELOADED
    ? `${preloaded.length} tools are preloaded: their schemas fill much of a model's context. Let the agent search instead.`
    : undefined
}
