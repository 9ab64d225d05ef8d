import type { Tool } from '../toolkits/toolkit.ts'
import type { ConnectionStatus } from './connection-status.ts'
import type { Session } from './session.ts'
import { type QueryResult, type SessionSearch, searchSession } from './session-search.ts'
import type { SessionsDeps } from './sessions.service.ts'

export interface SearchToolsArguments {
  readonly queries: readonly { readonly use_case: string; readonly known_fields?: string }[]
  readonly session?: { readonly id?: string; readonly generate_id?: boolean }
  /** Narrows the search to some of the session's toolkits. */
  readonly toolkits?: readonly string[]
}

/** The answer as agents read it, from the helper tool and from the route alike. */
export async function searchTools(deps: SessionsDeps, session: Session, { queries, toolkits }: SearchToolsArguments) {
  const found = await searchSession(
    deps,
    session,
    queries.map(({ use_case: useCase, known_fields: knownFields }) => ({ useCase, knownFields })),
    toolkits,
  )
  const now = new Date(deps.now())
  return {
    success: true,
    error: null,
    results: found.results.map(resultOf),
    tool_schemas: schemasOf(found.results),
    toolkit_connection_statuses: found.connections.map(statusOf),
    next_steps_guidance: guidanceOf(found),
    session: {
      id: session.id,
      generate_id: false,
      instructions: 'Give this id as session_id to the other helper tools while you work on this task.',
    },
    time_info: {
      current_time_utc: now.toISOString(),
      current_time_utc_epoch_seconds: Math.floor(now.getTime() / 1000),
      message: 'This is UTC. Ask for the time zone of the user where it matters.',
    },
  }
}

const slugs = (tools: readonly Tool[]): string[] => tools.map(({ slug }) => slug)

const resultOf = ({ useCase, primary, related, planSteps, pitfalls }: QueryResult, index: number) => ({
  index: index + 1,
  use_case: useCase,
  primary_tool_slugs: slugs(primary),
  related_tool_slugs: slugs(related),
  toolkits: [...new Set([...primary, ...related].map(({ toolkitSlug }) => toolkitSlug))],
  ...(planSteps.length > 0 && { recommended_plan_steps: [...planSteps] }),
  ...(pitfalls.length > 0 && { known_pitfalls: [...pitfalls] }),
  error: null,
})

/** Whole for the tools that are meant; the others' are a call away, since schemas are most of what an agent has to read. */
function schemasOf(results: readonly QueryResult[]) {
  const primary = new Set(results.flatMap((result) => result.primary))
  const all = new Set([...primary, ...results.flatMap((result) => result.related)])
  return Object.fromEntries(
    [...all].map((tool) => [tool.slug, { ...brief(tool), ...(primary.has(tool) ? full(tool) : later(tool)) }]),
  )
}

const brief = (tool: Tool) => ({ tool_slug: tool.slug, toolkit: tool.toolkitSlug, description: tool.description })

const full = (tool: Tool) => ({ hasFullSchema: true, input_schema: tool.inputParameters })

const later = (tool: Tool) => ({
  hasFullSchema: false,
  schemaRef: {
    tool: 'COMPOSIO_GET_TOOL_SCHEMAS' as const,
    args: { tool_slugs: [tool.slug] },
    message: 'Get the schema before you run this tool.',
  },
})

const statusOf = ({ toolkit, connection, isActive, userInfo, message }: ConnectionStatus) => ({
  toolkit: toolkit.slug,
  description: toolkit.description,
  has_active_connection: isActive,
  status_message: message,
  ...(isActive &&
    connection && {
      account_type: connection.account.type,
      connection_details: { connected_account_id: connection.account.id, auth_config_id: connection.account.authConfigId },
      ...(userInfo && { current_user_info: userInfo }),
    }),
})

function guidanceOf({ results, connections }: SessionSearch): string[] {
  const missing = connections.filter(({ isActive }) => !isActive).map(({ toolkit }) => toolkit.slug)
  const nothing = results.filter(({ primary }) => primary.length === 0).map(({ useCase }) => JSON.stringify(useCase.slice(0, 80)))
  return [
    ...(nothing.length > 0 ? [`Nothing in this session fits ${nothing.join(', ')}: try other words, or tell the user.`] : []),
    ...(missing.length > 0
      ? [`Not connected: ${missing.join(', ')}. Read their status_message before you run their tools.`]
      : []),
    ...(nothing.length < results.length ? ['Run the primary tools with the arguments that their input_schema describes.'] : []),
  ]
}
