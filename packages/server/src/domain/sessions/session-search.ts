import type { Tool, Toolkit } from '../toolkits/toolkit.ts'
import { type ConnectionStatus, connectionStatuses } from './connection-status.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolInSession } from './tool-scope.ts'

export interface SearchQuery {
  readonly useCase: string
  readonly knownFields?: string | undefined
}

export interface QueryResult {
  readonly useCase: string
  /** Those that fit best, then those that fit too, each best first. */
  readonly primary: readonly Tool[]
  readonly related: readonly Tool[]
  /** Declared by the tools themselves; empty where they declare none. */
  readonly planSteps: readonly string[]
  readonly pitfalls: readonly string[]
}

export interface SessionSearch {
  readonly results: readonly QueryResult[]
  readonly connections: readonly ConnectionStatus[]
}

const MAX_PRIMARY = 5
const MAX_FOUND = 10
/** A tool that scores less than this part of the best is related, not meant. */
const PRIMARY_SCORE = 0.6

/** BM25 over the tools of the session. `toolkits` narrows it further. */
export async function searchSession(
  deps: SessionsDeps,
  session: Session,
  queries: readonly SearchQuery[],
  toolkits?: readonly string[],
): Promise<SessionSearch> {
  const results = queries.map((query) => searchOne(deps, session, query, toolkits))
  const slugs = new Set(results.flatMap(({ primary, related }) => [...primary, ...related].map((tool) => tool.toolkitSlug)))
  const mentioned = [...slugs].map((slug): Toolkit => deps.catalogue.requireToolkit(slug))
  return { results, connections: await connectionStatuses(deps, session, mentioned) }
}

function searchOne(
  { catalogue }: SessionsDeps,
  { config }: Session,
  { useCase, knownFields = '' }: SearchQuery,
  toolkits: readonly string[] | undefined,
): QueryResult {
  const accepts = (tool: Tool) => isToolInSession(config, tool)
  const found = catalogue.searchTools(`${useCase} ${fieldNames(knownFields)}`, {
    accepts,
    ...(toolkits && { toolkits }),
    limit: MAX_FOUND,
  })
  const enough = (found[0]?.score ?? 0) * PRIMARY_SCORE
  const primary = found.filter(({ score }, index) => index < MAX_PRIMARY && score >= enough).map(({ item }) => item)
  const related = found.map(({ item }) => item).filter((tool) => !primary.includes(tool))
  return {
    useCase,
    primary,
    related,
    planSteps: primary.find(({ definition }) => definition.recommended_plan)?.definition.recommended_plan ?? [],
    pitfalls: [...new Set(primary.flatMap(({ definition }) => definition.known_pitfalls ?? []))],
  }
}

/** `channel_name: general, user: ann` → the names; the values say nothing about a tool. */
const fieldNames = (knownFields: string): string =>
  knownFields
    .split(',')
    .map((field) => field.split(':', 1)[0])
    .join(' ')
