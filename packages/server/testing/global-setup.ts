import { SHARED_POSTGRES } from './databases.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

let postgres: PostgresServer | undefined

/** One PostgreSQL for all files of a test run; each test makes a database of its own in it. */
export async function globalSetup(): Promise<void> {
  postgres = await startPostgres()
  process.env[SHARED_POSTGRES] = postgres.url
}

export async function globalTeardown(): Promise<void> {
  await postgres?.stop()
}
