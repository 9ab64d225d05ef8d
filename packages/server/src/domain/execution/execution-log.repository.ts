import { hotInsert } from '../../platform/storage/hot-insert.ts'
import type { Db, ExecutionLogTable } from '../../platform/storage/schema.ts'
import { unsyncedTransaction } from '../../platform/storage/unsynced-transaction.ts'
import type { Execution } from './execution-log.ts'

/** The words of an upstream may hold what a text of PostgreSQL cannot: one record must not hold up all that come after it. */
const storable = (text: string | null): string | null => (text === null ? null : text.toWellFormed().replaceAll('\0', '\ufffd'))

const insertRows = hotInsert((db, rows: readonly ExecutionLogTable[]) =>
  db
    .insertInto('execution_log')
    .values(rows)
    // A batch whose answer was lost is written again.
    .onConflict((conflict) => conflict.doNothing()),
)

/** Each row is bound to its own project; a batch may hold those of many. */
export const insertExecutions = (db: Db, executions: readonly Execution[]): Promise<void> =>
  unsyncedTransaction(db, (trx) => insertRows(trx, executions.map(toRow)))

const toRow = (execution: Execution): ExecutionLogTable => ({
  project_id: execution.projectId,
  id: execution.id,
  kind: execution.kind,
  tool_slug: execution.toolSlug,
  toolkit_slug: execution.toolkitSlug,
  account_id: execution.accountId,
  user_id: storable(execution.userId),
  session_id: execution.sessionId,
  upstream_status: execution.upstreamStatus,
  successful: execution.successful ? 1 : 0,
  error: storable(execution.error),
  duration_ms: execution.durationMs,
  created_at: execution.createdAt,
})
