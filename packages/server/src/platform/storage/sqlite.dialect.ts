import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { OnStatement } from './database.ts'
import { type DirectReads, offerDirectReads } from './direct-reads.ts'

/** Statements kept prepared. The server has fewer; the bound is for list queries, whose shape follows their filters. */
const MAX_PREPARED = 500

/**
 * Kysely over Node's own SQLite. One connection, one writer: whoever holds it runs alone, so a transaction sees no one else's
 * half-done work and nothing can wait for a second connection.
 */
export function sqliteDialect(file: string, onStatement: OnStatement = () => {}): Dialect {
  const driver = sqliteDriver(file, onStatement)
  return {
    createAdapter: () => {
      const adapter = new SqliteAdapter()
      offerDirectReads(adapter, {
        epoch: driver.epoch,
        read(sql, parameters) {
          const rows = driver.read(sql, parameters)
          if (rows) onStatement(sql, parameters)
          return rows
        },
      })
      return adapter
    },
    createDriver: () => driver,
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: (): QueryCompiler => new SqliteQueryCompiler(),
  }
}

/** While the connection is somebody's they answer undefined: what is not committed yet is not there yet. */
type SqliteDriver = Driver & DirectReads

function sqliteDriver(file: string, onStatement: OnStatement): SqliteDriver {
  let database: DatabaseSync | undefined
  let connection: SqliteConnection
  let holders = 0
  let tail: Promise<void> = Promise.resolve()
  let release: (() => void) | undefined

  const run = (statement: string) => {
    onStatement(statement, [])
    return connection.executeQuery(CompiledQuery.raw(statement))
  }
  return {
    async init() {
      database = openSqlite(file)
      connection = sqliteConnection(database)
    },
    read: (sql, parameters) => (database && holders === 0 ? connection.read(sql, parameters) : undefined),
    epoch: () => (database && holders === 0 ? connection.epoch() : undefined),
    async acquireConnection() {
      holders += 1
      const turn = tail
      let done = () => {}
      tail = new Promise((resolve) => {
        done = resolve
      })
      await turn
      release = done
      return connection
    },
    async releaseConnection() {
      holders -= 1
      release?.()
    },
    // IMMEDIATE: a transaction that reads first and writes later would otherwise fail when another process wrote in between.
    beginTransaction: async () => void (await run('begin immediate')),
    commitTransaction: async () => void (await run('commit')),
    rollbackTransaction: async () => void (await run('rollback')),
    async destroy() {
      database?.close()
      database = undefined
    },
  }
}

/**
 * FULL: an acknowledged write is on the disk. secure_delete: a deleted secret's bytes are overwritten, not just unlinked.
 * A checkpoint holds up the process for a write to the disk: every 16 MB, fewer than one call in a hundred meets it.
 */
function openSqlite(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 10_000, enableForeignKeyConstraints: true })
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma secure_delete = on;
    pragma temp_store = memory;
    pragma cache_size = -32000;
    pragma wal_autocheckpoint = 4000;
  `)
  return database
}

interface SqliteConnection extends DatabaseConnection {
  read(sql: string, parameters: readonly unknown[]): unknown[]
  epoch(): number
}

/** All but reads, and the records of calls: they are written all the time, and no hot read looks at them. */
const CHANGES = /^(?!\s*(?:(?:select|pragma|begin|commit|rollback)\b|insert into "execution_log"))/i

function sqliteConnection(database: DatabaseSync): SqliteConnection {
  const prepared = new Map<string, { statement: StatementSync; returnsRows: boolean; changes: boolean }>()
  // It differs when another connection, of any process, has committed; our own writes are counted.
  const dataVersion = database.prepare('pragma data_version')
  dataVersion.setReturnArrays(true)
  let seenVersion: unknown
  let epoch = 0
  const prepare = (sql: string) => {
    const known = prepared.get(sql)
    if (known) return known
    if (prepared.size >= MAX_PREPARED) prepared.clear()
    const statement = database.prepare(sql)
    const entry = { statement, returnsRows: statement.columns().length > 0, changes: CHANGES.test(sql) }
    prepared.set(sql, entry)
    return entry
  }
  return {
    read: (sql, parameters) => prepare(sql).statement.all(...(parameters as Parameters<StatementSync['all']>)),
    epoch() {
      const [version] = dataVersion.get() as unknown as [number]
      if (version !== seenVersion) {
        seenVersion = version
        epoch += 1
      }
      return epoch
    },
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { statement, returnsRows, changes: mayChange } = prepare(sql)
      if (mayChange) epoch += 1
      const values = parameters as Parameters<StatementSync['all']>
      if (returnsRows) return { rows: statement.all(...values) as R[] }
      const { changes } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes) }
    },
    async *streamQuery<R>({ sql, parameters }: CompiledQuery) {
      const { statement } = prepare(sql)
      for (const row of statement.iterate(...(parameters as Parameters<StatementSync['iterate']>))) yield { rows: [row as R] }
    },
  }
}
