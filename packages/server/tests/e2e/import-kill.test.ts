import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryDir, testDatabases } from '../../testing/databases.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const ROWS = 30_000
/** On PostgreSQL whoever takes over waits for the lease of the dead server, so fewer. */
const KILLS = { sqlite: 20, postgres: 3 } as const

const isBad = (row: number) => row % 100 === 50
const file = () => {
  const lines = Array.from({ length: ROWS }, (_, index) => {
    const row = index + 1
    return isBad(row) ? `user-${row},ext-${row},` : `user-${row},ext-${row},SG.key-of-${row}`
  })
  return `user_id,external_id,api_key\n${lines.join('\n')}\n`
}

interface Job {
  readonly id: string
  readonly state: string
  readonly rows: number
  readonly counts: Readonly<Record<string, number>>
}

for (const database of testDatabases()) {
  const kills = KILLS[database.name]
  test(`kill -9 amid a bulk import, ${kills} times: each row is done exactly once (${database.name})`, async (t) => {
    const { databaseUrl } = await database.address()
    const dataDir = temporaryDir()
    const start = async () => {
      const server = await startTestServer({ dataDir, ...(databaseUrl && { database: { url: databaseUrl } }) })
      t.after(server.kill)
      return server
    }
    let server = await start()
    const authConfig = await wireClient(server).authConfig('sendgrid', 'API_KEY')
    const { id } = await call<Job>(server, 'POST', `/imports?auth_config_id=${authConfig}`, file())
    const job = () => call<Job>(server, 'GET', `/imports/${id}`)

    const reached: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      const before = (await job()).rows
      // Until it is at work; then at any moment.
      while ((await job()).rows === before && before < ROWS) await sleep(20)
      await sleep(Math.random() * 100)
      await server.kill()
      server = await start()
      reached.push((await job()).rows)
    }
    let last = await job()
    while (last.state !== 'completed') {
      assert.ok(['queued', 'running'].includes(last.state), JSON.stringify(last))
      await sleep(100)
      last = await job()
    }
    assert.ok(reached.filter((rows) => rows > 0 && rows < ROWS).length > 1, `killed in the middle: ${reached}`)

    const bad = Math.floor((ROWS + 50) / 100)
    assert.deepEqual(last.counts, { created: ROWS - bad, updated: 0, unchanged: 0, conflict: 0, failed: bad })
    const report = await (await request(server, 'GET', `/imports/${id}/report.csv`)).text()
    const lines = report.trimEnd().split('\r\n').slice(1)
    assert.deepEqual(
      lines.map((line) => line.split(',').slice(0, 2)),
      Array.from({ length: ROWS }, (_, index) => [String(index + 1), isBad(index + 1) ? 'failed' : 'created']),
    )
    await call(server, 'PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false })
    const keys = await keysOfAll(server)
    assert.equal(keys.length, ROWS - bad, 'no row twice')
    for (const [user, key] of keys) assert.equal(key, user.replace('user-', 'SG.key-of-'))
    assert.equal(new Set(keys.map(([user]) => user)).size, ROWS - bad)
  })
}

const request = (server: TestServer, method: string, path: string, body?: string | object) =>
  fetch(`${server.url}/api/v3.1${path}`, {
    method,
    headers: {
      'x-api-key': server.apiKey,
      ...(body !== undefined && { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })

async function call<Reply>(server: TestServer, method: string, path: string, body?: string | object): Promise<Reply> {
  const reply = await request(server, method, path, body)
  const text = await reply.text()
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`)
  return JSON.parse(text) as Reply
}

interface AccountPage {
  readonly items: readonly { readonly user_id: string; readonly state: { readonly val: { readonly api_key: string } } }[]
  readonly next_cursor: string | null
}

async function keysOfAll(server: TestServer): Promise<[string, string][]> {
  const keys: [string, string][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: AccountPage = await call(server, 'GET', `/connected_accounts?limit=1000&cursor=${cursor}`)
    keys.push(...page.items.map(({ user_id, state }): [string, string] => [user_id, state.val.api_key]))
    cursor = page.next_cursor
  }
  return keys
}
