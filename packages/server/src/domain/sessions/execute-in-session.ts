import { HoldfastError } from '../../errors.ts'
import { newLogId } from '../../ids.ts'
import type { ToolResult } from '../execution/execute-tool.ts'
import { validateArguments } from '../toolkits/tool-validator.ts'
import { executeAppTool, type SessionToolCall } from './app-tool.ts'
import { type ManageConnectionsArguments, manageConnections } from './meta-connections.ts'
import { type MultiExecuteArguments, multiExecute } from './meta-multi-execute.ts'
import { type SearchToolsArguments, searchTools } from './meta-search.ts'
import { type GetToolSchemasArguments, getToolSchemas } from './meta-tool-schemas.ts'
import { ABSENT_META_TOOLS, isMetaTool, type MetaToolSlug, metaTool, metaToolsOf } from './meta-tools.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { type WaitForConnectionsArguments, waitForConnections } from './wait-for-connections.ts'

/** Runs whatever a session offers: one of its toolkits' tools, or a helper tool. */
export async function executeInSession(deps: SessionsDeps, session: Session, call: SessionToolCall): Promise<ToolResult> {
  const slug = call.toolSlug.toUpperCase()
  return isMetaTool(slug) || isAbsent(slug)
    ? executeMetaTool(deps, session, slug, call.arguments)
    : executeAppTool(deps, session, call)
}

/** @throws HoldfastError when there is no such helper tool, the session has switched it off, or its arguments are wrong */
export async function executeMetaTool(
  deps: SessionsDeps,
  session: Session,
  slug: string,
  args: Readonly<Record<string, unknown>>,
): Promise<ToolResult> {
  if (isAbsent(slug)) throw absent(slug)
  if (!isMetaTool(slug))
    throw new HoldfastError('tool_not_found', `There is no helper tool ${JSON.stringify(slug.slice(0, 80))}.`, {
      fix: 'Run other tools with /execute.',
    })
  if (!metaToolsOf(session.config).some((tool) => tool.slug === slug))
    throw new HoldfastError('tool_not_allowed', `${slug} is switched off in this session.`, {
      fix: 'Create a session that has it on: search, execute or manage_connections.',
    })
  const startedAt = deps.now()
  const { data, error } = await RUN[slug](deps, session, validateArguments(metaTool(slug), args))
  const logId = newLogId()
  deps.log.record({
    id: logId,
    projectId: session.projectId,
    kind: 'tool',
    toolSlug: slug,
    toolkitSlug: null,
    accountId: null,
    userId: session.userId,
    sessionId: session.id,
    upstreamStatus: null,
    successful: error === null,
    error,
    durationMs: deps.now() - startedAt,
    createdAt: startedAt,
  })
  return { data, error, successful: error === null, logId }
}

type Run = (
  deps: SessionsDeps,
  session: Session,
  args: Record<string, unknown>,
) => Promise<{ readonly data: Record<string, unknown>; readonly error: string | null }>

/** The arguments have been checked against the tool's schema, which says what each of these types says. */
const RUN: Readonly<Record<MetaToolSlug, Run>> = {
  COMPOSIO_SEARCH_TOOLS: async (deps, session, args) => ({
    data: await searchTools(deps, session, args as unknown as SearchToolsArguments),
    error: null,
  }),
  COMPOSIO_GET_TOOL_SCHEMAS: async (deps, session, args) => ({
    data: getToolSchemas(deps, session, args as unknown as GetToolSchemasArguments),
    error: null,
  }),
  COMPOSIO_MULTI_EXECUTE_TOOL: (deps, session, args) => multiExecute(deps, session, args as unknown as MultiExecuteArguments),
  COMPOSIO_MANAGE_CONNECTIONS: async (deps, session, args) => ({
    data: await manageConnections(deps, session, args as unknown as ManageConnectionsArguments),
    error: null,
  }),
  COMPOSIO_WAIT_FOR_CONNECTIONS: async (deps, session, args) => ({
    data: await waitForConnections(deps, session, args as unknown as WaitForConnectionsArguments),
    error: null,
  }),
}

const isAbsent = (slug: string): boolean => (ABSENT_META_TOOLS as readonly string[]).includes(slug)

const absent = (slug: string) =>
  new HoldfastError('not_implemented', `${slug} is not available in this version.`, {
    fix: 'Run code where the app runs; ask COMPOSIO_MANAGE_CONNECTIONS for the state of connections.',
  })
