import { HoldfastError } from '../../errors.ts'
import { executeTool, type ToolResult } from '../execution/execute-tool.ts'
import { type ProxyCall, type ProxyReply, proxy } from '../execution/proxy.ts'
import type { Catalogue } from '../toolkits/catalogue.ts'
import type { Tool } from '../toolkits/toolkit.ts'
import { assertPermitted, EVERY_TOOL } from './permissions.ts'
import type { Session } from './session.ts'
import { accountForCall } from './session-accounts.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolInSession, isToolkitInSession } from './tool-scope.ts'

export interface SessionToolCall {
  readonly toolSlug: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** Which connection: its id, or its alias. */
  readonly account?: string | undefined
  /** The app's word that its user said yes to this call; nothing that an agent writes ends here. */
  readonly confirmed?: boolean | undefined
}

/** Runs a tool of a toolkit, if the session holds it, with a connection that the session may use. */
export async function executeAppTool(deps: SessionsDeps, session: Session, call: SessionToolCall): Promise<ToolResult> {
  const tool = requireSessionTool(deps.catalogue, session, call.toolSlug)
  const confirmed = call.confirmed === true
  const account = await accountForCall(deps, session, tool.toolkitSlug, call.account, ({ id }) =>
    assertPermitted(session, tool.slug, id, confirmed),
  )
  const anonymous = tool.noAuth || deps.catalogue.requireToolkit(tool.toolkitSlug).noAuth
  if (anonymous && !account.accountId) assertPermitted(session, tool.slug, undefined, confirmed)
  return executeTool(deps, session.projectId, {
    ...account,
    toolSlug: tool.slug,
    arguments: call.arguments,
    sessionId: session.id,
  })
}

export interface SessionProxyCall extends Omit<ProxyCall, 'accountId' | 'userId' | 'authConfigId' | 'permit' | 'sessionId'> {
  readonly toolkitSlug: string
}

export async function proxyInSession(deps: SessionsDeps, session: Session, call: SessionProxyCall): Promise<ProxyReply> {
  const { slug } = deps.catalogue.requireToolkit(call.toolkitSlug)
  if (!isToolkitInSession(session.config, slug))
    throw new HoldfastError('tool_not_allowed', `The toolkit ${slug} is not in this session.`, {
      fix: 'Create a session whose toolkits include it.',
    })
  const account = await accountForCall(deps, session, slug, undefined, ({ id }) =>
    assertPermitted(session, EVERY_TOOL, id, false),
  )
  return proxy(deps, session.projectId, { ...call, ...account, sessionId: session.id })
}

/** @throws HoldfastError `tool_not_found` when there is no such tool at all, `tool_not_allowed` when it is not in the session */
export function requireSessionTool(catalogue: Catalogue, session: Session, slug: string): Tool {
  const tool = catalogue.requireTool(slug)
  if (isToolInSession(session.config, tool)) return tool
  throw new HoldfastError('tool_not_allowed', `The tool ${tool.slug} is not in this session.`, {
    fix: 'Search the tools of this session, or create one whose toolkits, tools and tags include it.',
  })
}
