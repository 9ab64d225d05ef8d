import type { Db } from '../../platform/storage/schema.ts'
import type { Execution } from './execution-log.ts'

/** Each row is bound to its own project; a batch may hold those of many. */
export const insertExecutions = (db: Db, executions: readonly Execution[]) =>
  db
    .insertInto('execution_log')
    .values(
      executions.map((execution) => ({
        project_id: execution.projectId,
        id: execution.id,
        kind: execution.kind,
        tool_slug: execution.toolSlug,
        toolkit_slug: execution.toolkitSlug,
        account_id: execution.accountId,
        user_id: execution.userId,
        session_id: execution.sessionId,
        upstream_status: execution.upstreamStatus,
        successful: execution.successful ? 1 : 0,
        error: execution.error,
        duration_ms: execution.durationMs,
        created_at: execution.createdAt,
      })),
    )
    // A batch whose answer was lost is written again.
    .onConflict((conflict) => conflict.doNothing())
    .execute()
