import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { migrationsFor } from './migrations.ts'
import { reportingOutages } from './outage.ts'
import { preparing } from './prepared-statements.ts'
import type { Db, Tables } from './schema.ts'
import { sqliteDialect } from './sqlite.dialect.ts'

export type DialectName = 'sqlite' | 'postgres'

export type OnStatement = (sql: string, parameters: readonly unknown[]) => void

export interface DatabaseOptions {
  /** `postgres://…`. Left out, the embedded SQLite file in `dataDir` is used. */
  readonly databaseUrl?: string | undefined
  readonly dataDir: string
  /** PostgreSQL connections of this process. Default 10. */
  readonly poolSize?: number
  /** Called with each statement that was run; tests count them. */
  readonly onStatement?: OnStatement
  /** Told of a PostgreSQL connection that broke while no statement ran on it; the pool replaces it by itself. */
  readonly onIdleError?: (error: Error) => void
}

export interface Database {
  readonly db: Db
  readonly dialect: DialectName
  /** Applies what is missing and returns the names of it. Safe to run from many servers at once. */
  migrate(): Promise<string[]>
  pendingMigrations(): Promise<string[]>
  ping(): Promise<void>
  close(): Promise<void>
}

export function openDatabase(options: DatabaseOptions): Database {
  const dialect: DialectName = options.databaseUrl ? 'postgres' : 'sqlite'
  const { onStatement } = options
  const db: Db = new Kysely<Tables>({
    dialect: reportingOutages(
      options.databaseUrl
        ? postgresDialect(options.databaseUrl, options)
        : sqliteDialect(sqliteFile(options.dataDir), onStatement),
    ),
    ...(onStatement && {
      log: (event) => void (event.level === 'query' && onStatement(event.query.sql, event.query.parameters)),
    }),
  })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrationsFor(dialect) } })
  return {
    db,
    dialect,
    async migrate() {
      const { error, results } = await migrator.migrateToLatest()
      if (error) throw error
      return (results ?? []).map((result) => result.migrationName)
    },
    async pendingMigrations() {
      const known = await migrator.getMigrations()
      return known.filter((migration) => !migration.executedAt).map((migration) => migration.name)
    },
    ping: async () => void (await sql`select 1`.execute(db)),
    close: () => db.destroy(),
  }
}

/** Only the server's own user may read the file, whatever the umask. */
function sqliteFile(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
  return join(dataDir, 'holdfast.db')
}

// Milliseconds since 1970 and counts fit a double exactly until the year 287396.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

function postgresDialect(connectionString: string, { poolSize = 10, onIdleError = () => {} }: DatabaseOptions) {
  const pool = new pg.Pool({ connectionString, max: poolSize, connectionTimeoutMillis: 30_000, application_name: 'holdfast' })
  pool.on('error', () => {}) // what each connection has told already
  // The pool listens only to connections that nobody holds: one that breaks between two statements of a transaction would end the process.
  pool.on('connect', (client) => void client.on('error', onIdleError))
  return new PostgresDialect({ pool: preparing(pool) })
}
