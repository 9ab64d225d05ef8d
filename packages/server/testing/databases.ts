import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import pg from 'pg'
import { type Database, type OnStatement, openDatabase } from '../src/platform/storage/database.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** Set by the global set-up of a whole test run, so that its files share one PostgreSQL. */
export const SHARED_POSTGRES = 'HOLDFAST_TEST_POSTGRES'

export interface TestDatabase {
  readonly name: 'sqlite' | 'postgres'
  /** A new, empty, migrated database of its own. */
  open(options?: { readonly poolSize?: number; readonly onStatement?: OnStatement }): Promise<Database & TestDatabaseAddress>
  /** Where a new, empty, unmigrated database can be reached by another process. */
  address(): Promise<TestDatabaseAddress>
}

export interface TestDatabaseAddress {
  readonly databaseUrl: string | undefined
  readonly dataDir: string
}

/** Both always: what is only tested on one database is not tested. */
export const testDatabases = (): readonly TestDatabase[] => [
  testDatabase('sqlite', async () => undefined),
  testDatabase('postgres', createPostgresDatabase),
]

function testDatabase(name: TestDatabase['name'], createUrl: () => Promise<string | undefined>): TestDatabase {
  const address = async () => ({ databaseUrl: await createUrl(), dataDir: temporaryDir() })
  return {
    name,
    address,
    async open(options = {}) {
      const where = await address()
      const database = openDatabase({ ...where, ...options })
      closing.push(() => database.close())
      await database.migrate()
      return { ...database, ...where }
    },
  }
}

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  closing.push(async () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

let own: Promise<PostgresServer> | undefined
async function postgresUrl(): Promise<string> {
  const shared = process.env[SHARED_POSTGRES]
  if (shared) return shared
  own ??= startPostgres()
  return (await own).url
}

async function createPostgresDatabase(): Promise<string> {
  const server = await postgresUrl()
  const name = `test_${randomBytes(8).toString('hex')}`
  const client = new pg.Client({ connectionString: `${server}/postgres` })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return `${server}/${name}`
}

const closing: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closing.reverse()) await close()
  await (await own)?.stop()
})
