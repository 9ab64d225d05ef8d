import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { openDatabase } from '../src/platform/storage/database.ts'
import { createLogger } from '../src/surfaces/http/logger.ts'
import { type TestDatabase, temporaryDir, testDatabases } from '../testing/databases.ts'
import { TOOL, TOOLKIT, writeToolkit } from './bench/toolkit.ts'

const API_KEY = 'hf_statements-of-the-tests-0000'

interface Counted {
  /** The answer's body, and the statements that ran until it was there. */
  call(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<{ body: Answer; statements: readonly string[] }>
  /** The statements that had run when the upstream was last reached. */
  beforeUpstream(): readonly string[]
  readonly databaseUrl: string | undefined
  readonly dataDir: string
}
type Answer = { readonly id: string; readonly auth_config: { readonly id: string }; readonly items: readonly unknown[] }

/** The whole server, with every statement that it runs. */
async function openCounted(t: TestContext, testDatabase: TestDatabase): Promise<Counted> {
  const { databaseUrl, dataDir } = await testDatabase.address()
  let statements: string[] = []
  let beforeUpstream: readonly string[] = []
  const upstream = createServer((request, response) => {
    request.resume()
    beforeUpstream = [...statements]
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  const toolkits = join(temporaryDir(), 'toolkits')
  writeToolkit(toolkits, `http://127.0.0.1:${port}`)
  const app = await openApp(
    readConfig({
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_API_KEY: API_KEY,
      HOLDFAST_ALLOW_HOSTS: `127.0.0.1:${port}`,
      HOLDFAST_TOOLKITS_DIR: toolkits,
      ...(databaseUrl && { HOLDFAST_DATABASE_URL: databaseUrl, HOLDFAST_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }),
    }),
    {
      logger: createLogger({ level: 'silent' }),
      onStatement: (sql) => void (isOfTheLog(sql) || statements.push(sql)),
    },
  )
  t.after(async () => {
    await app.close()
    upstream.closeAllConnections()
    upstream.close()
  })
  return {
    databaseUrl,
    dataDir,
    beforeUpstream: () => beforeUpstream,
    async call(method, path, body) {
      statements = []
      const reply = await app.http.inject({
        method,
        url: `/api/v3.1${path}`,
        headers: { 'x-api-key': API_KEY },
        ...(body === undefined ? {} : { payload: body as object }),
      })
      assert.ok(reply.statusCode < 300, `${method} ${path} answered ${reply.statusCode}: ${reply.body}`)
      return { body: reply.json() as Answer, statements }
    },
  }
}

/** The records of earlier calls are written when it suits; whether that is during this call says nothing about it. */
const isOfTheLog = (sql: string) => /^(?:insert into "execution_log"|pragma synchronous)/.test(sql)

const isRead = (sql: string) => /^select\b/i.test(sql)
const isTransaction = (sql: string) => /^(?:begin|commit|rollback)\b/i.test(sql)
const reads = (statements: readonly string[]) => statements.filter(isRead)
const writes = (statements: readonly string[]) => statements.filter((sql) => !isRead(sql) && !isTransaction(sql))
const tablesOf = (statements: readonly string[]) => statements.map((sql) => /(?:into|update|from) "(\w+)"/.exec(sql)?.[1])

async function importAccount(app: Counted, token: string): Promise<{ id: string; statements: readonly string[] }> {
  const config = await app.call('POST', '/auth_configs', {
    toolkit: { slug: TOOLKIT },
    auth_config: { type: 'use_custom_auth', authScheme: 'BEARER_TOKEN' },
  })
  const { body, statements } = await app.call('POST', '/connected_accounts', {
    auth_config: { id: config.body.auth_config.id },
    connection: { user_id: 'user', state: { authScheme: 'BEARER_TOKEN', val: { token } } },
  })
  return { id: body.id, statements }
}

for (const database of testDatabases()) {
  test(`a proxy call and a tool call read at most twice and write nothing before the upstream has them (${database.name})`, async (t) => {
    const app = await openCounted(t, database)
    const first = await importAccount(app, 'first-token')
    const second = await importAccount(app, 'second-token')
    const proxyCall = (id: string) => ({ endpoint: '/shelves/top/items', method: 'GET', connected_account_id: id })
    // The first use of a project's data key brings the key into memory.
    await app.call('POST', '/tools/execute/proxy', proxyCall(first.id))

    const toolCall = { arguments: { shelf: 'top' } }
    for (const [path, body] of [
      ['/tools/execute/proxy', proxyCall(second.id)],
      ['/tools/execute/proxy', { endpoint: '/shelves/top/items', method: 'GET', user_id: 'user', toolkit_slug: TOOLKIT }],
      [`/tools/execute/${TOOL}`, { ...toolCall, connected_account_id: first.id }],
      [`/tools/execute/${TOOL}`, { ...toolCall, user_id: 'user' }],
    ] as const) {
      await app.call('PATCH', `/connected_accounts/${second.id}`, { alias: `alias of ${path}` })
      const { statements } = await app.call('POST', path, body)
      const before = app.beforeUpstream()
      assert.ok(reads(before).length >= 1 && reads(before).length <= 2, `${path}: ${before.join('\n')}`)
      assert.deepEqual(writes(before), [], path)
      assert.equal(reads(statements).length, reads(before).length, `${path} asks nothing more once the upstream has answered`)
      assert.deepEqual(writes(statements), [], path)
    }
  })

  test(`an import is one transaction of three inserts (${database.name})`, async (t) => {
    const app = await openCounted(t, database)
    await importAccount(app, 'warm-up-token')
    const { id, statements } = await importAccount(app, 'some-token')
    assert.deepEqual(tablesOf(writes(statements)), ['connected_account', 'credential', 'event'])
    assert.ok(reads(statements).length <= 3, reads(statements).join('\n'))
    await assertOneTransaction(app, statements, id)
  })

  test(`a get and a list take a fixed number of reads, a rotation one transaction (${database.name})`, async (t) => {
    const app = await openCounted(t, database)
    const { id } = await importAccount(app, 'some-token')
    for (const token of ['b', 'c', 'd']) await importAccount(app, `token-${token}`)

    const get = await app.call('GET', `/connected_accounts/${id}`)
    assert.ok(get.statements.length <= 4 && get.statements.every(isRead), get.statements.join('\n'))
    const list = await app.call('GET', '/connected_accounts')
    assert.equal(list.body.items.length, 4)
    assert.ok(list.statements.length <= 5 && list.statements.every(isRead), list.statements.join('\n'))

    const state = { authScheme: 'BEARER_TOKEN', val: { token: 'another-token' } }
    const patch = await app.call('PATCH', `/connected_accounts/${id}`, { connection: { state } })
    assert.deepEqual(tablesOf(writes(patch.statements)), ['credential', 'connected_account', 'event'])
    assert.ok(reads(patch.statements).length <= 3, reads(patch.statements).join('\n'))
    await assertOneTransaction(app, patch.statements, id)
  })
}

/** SQLite tells of its transactions; PostgreSQL marks each row with the one that wrote it. */
async function assertOneTransaction(app: Counted, statements: readonly string[], id: string): Promise<void> {
  if (app.databaseUrl === undefined) {
    assert.deepEqual(statements.filter(isTransaction), ['begin immediate', 'commit'])
    const inside = statements.slice(statements.indexOf('begin immediate') + 1, statements.indexOf('commit'))
    assert.deepEqual(inside, writes(statements))
    return
  }
  const database = openDatabase(app)
  const { sql } = await import('kysely')
  const { rows } = await sql<{ xmin: string }>`
    select xmin::text from connected_account where id = ${id}
    union all select xmin::text from credential where owner_id = ${id}
    union all (select xmin::text from event where subject_id = ${id} order by created_at desc, id desc limit 1)`.execute(
    database.db,
  )
  await database.close()
  assert.equal(rows.length, 3)
  assert.equal(new Set(rows.map(({ xmin }) => xmin)).size, 1, 'one transaction wrote all three rows')
}
