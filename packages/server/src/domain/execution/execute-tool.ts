import { HoldfastError } from '../../errors.ts'
import { type LogId, newLogId, type ProjectId } from '../../ids.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'
import { type AccountInUse, type AccountWanted, useAccount } from '../accounts/account-use.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import { mintNow } from '../accounts/minting.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import { acceptValues } from '../credentials/connection-values.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { type UsableCredential, usableCredential } from '../credentials/usable-credential.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import { readPath } from '../toolkits/json-path.ts'
import { conditionHolds } from '../toolkits/success-condition.ts'
import { validateArguments } from '../toolkits/tool-validator.ts'
import type { Tool } from '../toolkits/toolkit.ts'
import { assertBoundFor, type CustomAuth, customAuthScrubber, withCustomAuth } from './custom-auth.ts'
import type { Execution, ExecutionLog } from './execution-log.ts'
import { expandList } from './expand-list.ts'
import { mapTexts, readToolContent, refusalMessage, toToolData } from './reply-content.ts'
import { sendRenewing } from './send-renewing.ts'

export interface ExecutionDeps extends AccountsDeps {
  readonly log: ExecutionLog
  /** Told of each call that left: the toolkit, and a status class (`2xx`) or an error code. */
  readonly onOutbound: (toolkitSlug: string, outcome: string) => void
}

export interface ToolCall extends Omit<AccountWanted, 'toolkitSlug'> {
  readonly toolSlug: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly sessionId?: string | undefined
  /** Instead of a connection: a credential for this call alone. */
  readonly customConnection?:
    | { readonly scheme: AuthScheme; readonly toolkitSlug?: string | undefined; readonly val: CredentialValues }
    | undefined
  /** Instead of a connection: the caller's own headers and parameters. */
  readonly customAuth?: CustomAuth | undefined
}

export interface ToolResult {
  readonly data: Record<string, unknown>
  readonly error: string | null
  readonly successful: boolean
  readonly logId: LogId
}

/**
 * @throws HoldfastError when the call could not be made: no such tool, bad arguments, no usable connection. What the upstream
 * then says, a refusal too, is a result.
 */
export async function executeTool(deps: ExecutionDeps, projectId: ProjectId, call: ToolCall): Promise<ToolResult> {
  const startedAt = deps.now()
  const tool = deps.catalogue.requireTool(call.toolSlug)
  const chosen = await chooseCredential(deps, projectId, call, tool)
  const { credential, accountId, userId } = chosen
  if (call.customAuth?.baseUrl) assertBoundFor(credential.baseUrl(), call.customAuth.baseUrl)
  const request = credential.buildToolRequest(tool, call.arguments)
  const outgoing = call.customAuth ? withCustomAuth(request, call.customAuth) : request

  const scrub = (used: UsableCredential) => {
    const credentials = used === credential ? [used] : [used, credential]
    const scrubbers = [
      ...credentials.map((one) => one.scrubber()),
      ...(call.customAuth ? [customAuthScrubber(call.customAuth)] : []),
    ]
    return (text: string) => scrubbers.reduce((scrubbed, one) => one(scrubbed), text)
  }

  const sent = await sendTool(deps, tool, chosen, outgoing, scrub)
  const outcome = await expanded(deps, tool, call, chosen, sent, scrub)

  const logId = newLogId()
  deps.log.record({
    id: logId,
    projectId,
    kind: 'tool',
    toolSlug: tool.slug,
    toolkitSlug: tool.toolkitSlug,
    accountId,
    userId,
    sessionId: call.sessionId ?? null,
    upstreamStatus: outcome.status,
    successful: outcome.error === null,
    error: outcome.error,
    durationMs: deps.now() - startedAt,
    createdAt: startedAt,
  } satisfies Execution)
  return { data: outcome.data, error: outcome.error, successful: outcome.error === null, logId }
}

interface ChosenCredential extends Pick<AccountInUse, 'credential' | 'renew'> {
  readonly accountId: string | null
  readonly userId: string | null
}

async function chooseCredential(
  deps: ExecutionDeps,
  projectId: ProjectId,
  call: ToolCall,
  tool: Tool,
): Promise<ChosenCredential> {
  const toolkit = deps.catalogue.requireToolkit(tool.toolkitSlug)
  const given = async (scheme: AuthScheme, given: CredentialValues) => {
    const auth = requireAuth(toolkit, scheme)
    const accepted = acceptValues(auth, given)
    const makesToken = auth.renewal === 'mint' && !('access_token' in accepted)
    const values = makesToken ? await mintNow(deps, toolkit, auth, accepted) : accepted
    return {
      credential: usableCredential(toolkit, auth, values, deps.operatorAllows),
      accountId: null,
      userId: call.userId ?? null,
    }
  }
  if (call.customConnection) {
    const { scheme, toolkitSlug, val } = call.customConnection
    if (toolkitSlug !== undefined && toolkitSlug.toLowerCase() !== toolkit.slug)
      throw new HoldfastError(
        'invalid_request',
        `custom_connection_data is for ${toolkitSlug}, and the tool is of ${toolkit.slug}.`,
        {
          fields: [{ path: 'custom_connection_data.toolkitSlug', message: `must be ${toolkit.slug}` }],
        },
      )
    return given(scheme, val)
  }
  const anonymous = tool.noAuth || toolkit.noAuth || call.customAuth !== undefined
  if (anonymous && !call.accountId)
    return {
      credential: usableCredential(toolkit, ANONYMOUS, customVars(call.customAuth), deps.operatorAllows),
      accountId: null,
      userId: call.userId ?? null,
    }
  const used = await useAccount(deps, projectId, { ...call, toolkitSlug: toolkit.slug })
  const { account, toolsAllowed } = used
  if (toolsAllowed && toolsAllowed.length > 0 && !toolsAllowed.includes(tool.slug))
    throw new HoldfastError('tool_not_allowed', `The auth config of this connection does not allow ${tool.slug}.`, {
      fix: 'Add the tool to tool_access_config.tools_available_for_execution of the auth config.',
    })
  return { ...used, accountId: account.id, userId: account.userId }
}

const ANONYMOUS = {
  scheme: 'NO_AUTH',
  name: 'None',
  auth_config_fields: [],
  connection_fields: [],
  credential_fields: [],
  placements: [],
  derived: false,
} as const

const customVars = (customAuth: CustomAuth | undefined): CredentialValues =>
  customAuth?.baseUrl ? { base_url: customAuth.baseUrl } : {}

interface ToolOutcome {
  readonly data: Record<string, unknown>
  readonly error: string | null
  readonly status: number | null
  /** Bytes that the upstream sent. */
  readonly size: number
  /** The one that the upstream answered: another than was chosen when that had to be renewed. */
  readonly credential?: UsableCredential
}

/** What an agent can do nothing about but read stays in the result; what the caller must mend is thrown. */
const IN_RESULT = ['upstream_unreachable', 'upstream_timeout', 'upstream_reply_too_large']

async function sendTool(
  deps: ExecutionDeps,
  tool: Tool,
  chosen: ChosenCredential,
  request: Parameters<UsableCredential['inject']>[0],
  scrubber: (used: UsableCredential) => (text: string) => string,
): Promise<ToolOutcome> {
  try {
    const { reply, credential } = await sendRenewing(deps, chosen, request)
    return { ...toOutcome(tool, credential, reply, () => scrubber(credential)), credential }
  } catch (error) {
    if (!(error instanceof HoldfastError) || !IN_RESULT.includes(error.code)) throw error
    return { data: {}, error: error.message, status: null, size: 0 }
  }
}

/** The same answer, with each item of its list fetched where the tool says so. */
async function expanded(
  deps: ExecutionDeps,
  tool: Tool,
  call: ToolCall,
  chosen: ChosenCredential,
  outcome: ToolOutcome,
  scrubber: (used: UsableCredential) => (text: string) => string,
): Promise<ToolOutcome> {
  const { expand } = tool.definition
  if (!expand || outcome.error !== null) return outcome
  const target = deps.catalogue.requireTool(expand.tool)
  const current = { ...chosen, credential: outcome.credential ?? chosen.credential }
  const fetchItem = (args: Readonly<Record<string, unknown>>) => {
    const request = current.credential.buildToolRequest(target, args)
    return sendTool(deps, target, current, call.customAuth ? withCustomAuth(request, call.customAuth) : request, scrubber)
  }
  const data = await expandList(expand, outcome.data, validateArguments(tool, call.arguments), fetchItem, deps.now)
  return { ...outcome, data }
}

/** A success is handed on as it came; a refusal is scrubbed whole, before anything is cut out of it. */
function toOutcome(
  tool: Tool,
  { toolkit }: UsableCredential,
  reply: OutboundReply,
  scrubber: UsableCredential['scrubber'],
): ToolOutcome {
  const content = readToolContent(reply)
  const { status } = reply
  const size = reply.body.length
  const { success_when: condition } = tool.definition
  const failed = status >= 400 || status < 200
  const refused = condition && content.kind === 'json' && !conditionHolds(condition, content.value)
  if (!failed && !refused) return { data: toToolData(content), status, size, error: null }

  const scrubbed = mapTexts(content, scrubber())
  const data = toToolData(scrubbed)
  if (failed) {
    const reason = refusalMessage(scrubbed)
    return { data, status, size, error: `${toolkit.name} answered ${status}${reason ? `: ${reason}` : ''}` }
  }
  const paths = [condition?.error_path ?? []].flat()
  const reason =
    paths.length > 0 && scrubbed.kind === 'json'
      ? paths.map((path) => readPath(scrubbed.value, path)).find((found) => typeof found === 'string')
      : refusalMessage(scrubbed)
  return { data, status, size, error: `${toolkit.name} refused: ${reason ?? 'no reason given'}` }
}
