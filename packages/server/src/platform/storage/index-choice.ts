import { type RawBuilder, SqliteAdapter, sql } from 'kysely'
import type { Db } from './schema.ts'

/**
 * A column that a filter may look at, but that no index should be chosen for, because a narrower filter stands beside it.
 * SQLite has no statistics to know that by itself. PostgreSQL has, and an expression would hide the column from them.
 */
export function unindexed(db: Db, column: string): RawBuilder<string> {
  const ref = sql.ref<string>(column)
  return db.getExecutor().adapter instanceof SqliteAdapter ? sql<string>`(${ref} || '')` : ref
}
