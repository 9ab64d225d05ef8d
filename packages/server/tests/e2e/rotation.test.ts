import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyUpstream
let server: TestServer
let wire: WireClient
let authConfig: string

before(async () => {
  upstream = await startKeyUpstream()
  server = await startTestServer({ env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir } })
  wire = wireClient(server)
  authConfig = await wire.authConfig('keyed', 'API_KEY')
})
after(async () => {
  await server?.stop()
  await upstream?.stop()
})

const importKey = (key: string) =>
  wire.importCredential('user_1', authConfig, 'API_KEY', { generic_api_key: key, base_url: upstream.url })

test('under concurrent calls, no call begun after a rotation was acknowledged carries an older key', async () => {
  const keys = Array.from({ length: 26 }, (_, n) => `rotated-key-number-${n}`)
  for (const key of keys) upstream.accept(key, key)
  const id = await importKey('rotated-key-number-0')
  let acknowledged = 0
  let rotating = true
  let calls = 0
  const stale: string[] = []
  const caller = async () => {
    while (rotating) {
      const atLeast = acknowledged
      const { data, successful } = await wire.execute('KEYED_ECHO', id)
      assert.equal(successful, true)
      const used = keys.indexOf((data['headers'] as Record<string, string>)['x-api-key'] ?? '')
      if (used < atLeast) stale.push(`begun after ${atLeast}, sent ${used}`)
      calls++
    }
  }
  const rotate = async () => {
    for (const [n, key] of keys.entries()) {
      assert.equal((await wire.rotate(id, 'API_KEY', { generic_api_key: key })).status, 200)
      acknowledged = n
      const { data } = await wire.execute('KEYED_ME', id)
      assert.deepEqual(data, { user: key })
    }
    rotating = false
  }
  await Promise.all([rotate(), ...Array.from({ length: 8 }, caller)])
  assert.deepEqual(stale, [])
  assert.ok(calls > keys.length, `only ${calls} calls ran beside the rotations`)
})

test('once a rotation is acknowledged and nothing is in flight, the old key never leaves again', async () => {
  upstream.accept('key-before', 'before')
  upstream.accept('key-after', 'after')
  const id = await importKey('key-before')
  await Promise.all(Array.from({ length: 10 }, () => wire.execute('KEYED_ME', id)))
  await wire.rotate(id, 'API_KEY', { generic_api_key: 'key-after' })
  const from = upstream.seen.length
  await Promise.all(Array.from({ length: 50 }, () => wire.execute('KEYED_ME', id)))
  await Promise.all(Array.from({ length: 50 }, () => wire.proxy(id, '/me')))
  assert.deepEqual([...new Set(upstream.seen.slice(from))], ['key-after'])
})

test('of concurrent patches none is lost', async () => {
  const id = await importKey('key-that-stays')
  upstream.accept('key-that-stays', 'stays')
  const fields = Array.from({ length: 20 }, (_, n) => `extra_${n}`)
  const replies = await Promise.all(fields.map((field) => wire.rotate(id, 'API_KEY', { [field]: 'a value of this patch' })))
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200])
  const { state } = (await wire.call('GET', `/connected_accounts/${id}`)).body as { state: { val: Record<string, unknown> } }
  for (const field of fields) assert.ok(field in state.val, `${field} was lost`)
  assert.deepEqual((await wire.execute('KEYED_ME', id)).data, { user: 'stays' })
})

test('a refused patch leaves the credential that worked', async () => {
  upstream.accept('key-that-works', 'works')
  const id = await importKey('key-that-works')
  assert.equal((await wire.rotate(id, 'BASIC', { username: 'u', password: 'p' })).status, 400)
  assert.equal((await wire.rotate(id, 'API_KEY', { generic_api_key: null })).status, 400)
  assert.equal((await wire.rotate(id, 'API_KEY', { base_url: null })).status, 400)
  assert.deepEqual((await wire.execute('KEYED_ME', id)).data, { user: 'works' })
})

test('what a rotation replaced and what a deletion destroyed is in none of the files', async () => {
  upstream.accept('key-to-be-rotated-away', 'one')
  upstream.accept('key-to-be-deleted', 'two')
  const id = await importKey('key-to-be-rotated-away')
  const first = sealedBytes(id)
  assert.ok(first && isOnDisk(first), 'the sealed credential must be found while it is in use, or this test proves nothing')
  await wire.rotate(id, 'API_KEY', { generic_api_key: 'key-to-be-deleted' })
  const second = sealedBytes(id)
  assert.ok(second && !second.equals(first))

  assert.equal((await wire.call('DELETE', `/connected_accounts/${id}`)).status, 200)
  for (const [method, path, body] of [
    ['GET', `/connected_accounts/${id}`],
    ['DELETE', `/connected_accounts/${id}`],
    ['PATCH', `/connected_accounts/${id}`, { alias: 'gone' }],
    ['POST', '/tools/execute/KEYED_ME', { connected_account_id: id, arguments: {} }],
    ['POST', '/tools/execute/proxy', { connected_account_id: id, endpoint: '/me', method: 'GET' }],
  ] as const)
    assert.equal((await wire.call(method, path, body)).status, 404, `${method} ${path}`)

  assert.equal(sealedBytes(id), undefined)
  checkpoint()
  assert.equal(isOnDisk(first), false, 'the rotated credential is still on the disk')
  assert.equal(isOnDisk(second), false, 'the deleted credential is still on the disk')
})

const databaseFile = () => join(server.dataDir, 'holdfast.db')

/** The credential as it stands in its row, as a second process may read it beside the server. */
function sealedBytes(ownerId: string): Buffer | undefined {
  const database = new DatabaseSync(databaseFile(), { readOnly: true })
  const row = database.prepare('select sealed from credential where owner_id = ?').get(ownerId)
  database.close()
  const sealed = row?.['sealed']
  return sealed instanceof Uint8Array ? Buffer.from(sealed) : undefined
}

function checkpoint(): void {
  const database = new DatabaseSync(databaseFile(), { timeout: 5_000 })
  const done = database.prepare('pragma wal_checkpoint(truncate)').get()
  database.close()
  assert.equal(done?.['busy'], 0)
}

const isOnDisk = (bytes: Buffer): boolean =>
  readdirSync(server.dataDir).some((name) => readFileSync(join(server.dataDir, name)).includes(bytes))
