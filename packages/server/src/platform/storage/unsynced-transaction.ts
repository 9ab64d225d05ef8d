import { SqliteAdapter, sql } from 'kysely'
import type { Db, Trx } from './schema.ts'

/**
 * A transaction for records that nobody was promised. On SQLite its commit does not wait for the disk, which holds up the whole
 * process for some milliseconds: it outlives a crash of the process, a power cut may take it, always whole. PostgreSQL waits in
 * a process of its own and holds up nobody.
 */
export function unsyncedTransaction<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return db.transaction().execute(work)
  return db.connection().execute(async (connection) => {
    await sql`pragma synchronous = normal`.execute(connection)
    try {
      return await connection.transaction().execute(work)
    } finally {
      await sql`pragma synchronous = full`.execute(connection)
    }
  })
}
