import { HoldfastError } from '../../errors.ts'
import { executeAppTool, type SessionToolCall } from './app-tool.ts'
import { ABSENT_META_TOOLS, isMetaTool } from './meta-tools.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'

/** Calls of one request that are under way at the same time: an agent's fifty must not be every other user's queue. */
const AT_ONCE = 8

interface CallResult {
  readonly tool_slug: string
  readonly index: number
  readonly response: {
    readonly successful: boolean
    readonly data: Readonly<Record<string, unknown>>
    readonly error: string | null
    readonly log_id?: string
  }
  readonly error?: string
}

export interface MultiExecuteArguments {
  readonly tools: readonly {
    readonly tool_slug: string
    readonly arguments: Record<string, unknown>
    readonly account?: string
  }[]
}

/** Each call succeeds or fails in its own place. */
export async function multiExecute(deps: SessionsDeps, session: Session, { tools }: MultiExecuteArguments) {
  const calls = tools.map((call) => ({ toolSlug: call.tool_slug, arguments: call.arguments, account: call.account }))
  const results = await mapAtMost(AT_ONCE, calls, (call, index) => runOne(deps, session, call, index))
  const failed = results.filter(({ error }) => error !== undefined).length
  return {
    data: {
      results,
      total_count: results.length,
      success_count: results.length - failed,
      error_count: failed,
      next_steps:
        failed === 0 ? 'All calls succeeded.' : 'Read the error of each failed call, mend its cause, and run only those again.',
    },
    error: failed === 0 ? null : `${failed} out of ${results.length} tools failed`,
  }
}

async function runOne(deps: SessionsDeps, session: Session, call: SessionToolCall, index: number): Promise<CallResult> {
  const place = { tool_slug: call.toolSlug, index }
  try {
    assertNotNested(call.toolSlug)
    const { successful, data, error, logId } = await executeAppTool(deps, session, call)
    return { ...place, response: { successful, data, error, log_id: logId }, ...(error !== null && { error }) }
  } catch (failure) {
    if (!(failure instanceof HoldfastError)) throw failure
    const error = failure.fix ? `${failure.message} ${failure.fix}` : failure.message
    return { ...place, response: { successful: false, data: {}, error }, error }
  }
}

function assertNotNested(slug: string): void {
  if (isMetaTool(slug) || (ABSENT_META_TOOLS as readonly string[]).includes(slug))
    throw new HoldfastError('tool_not_allowed', `${slug} cannot be run from within COMPOSIO_MULTI_EXECUTE_TOOL.`, {
      fix: 'Call it by itself.',
    })
}

/** Results in the order of the items, whatever order they end in. */
async function mapAtMost<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const work = async () => {
    for (const [index, item] of waiting) results[index] = await run(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}
