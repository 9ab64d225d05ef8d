import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testDatabases } from '../../testing/databases.ts'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyUpstream
let servers: TestServer[]
let one: WireClient
let two: WireClient
let authConfig: string

before(async () => {
  upstream = await startKeyUpstream()
  const postgres = testDatabases().find(({ name }) => name === 'postgres')
  const { databaseUrl: url = '' } = (await postgres?.address()) ?? {}
  const env = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
  const start = () => startTestServer({ env, database: { url } })
  servers = await Promise.all([start(), start()]) // at the same moment, on an empty database
  ;[one, two] = servers.map(wireClient) as [WireClient, WireClient]
  authConfig = await one.authConfig('keyed', 'API_KEY')
})
after(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()))
  await upstream?.stop()
})

const importKey = (wire: WireClient, key: string) =>
  wire.importCredential('user_1', authConfig, 'API_KEY', { generic_api_key: key, base_url: upstream.url })

test('two servers on one PostgreSQL: what one imports the other uses at once', async () => {
  upstream.accept('imported-on-one', 'imported')
  const id = await importKey(one, 'imported-on-one')
  assert.deepEqual((await two.execute('KEYED_ME', id)).data, { user: 'imported' })
})

test('two servers on one PostgreSQL: what one rotates the other sends with its next call', async () => {
  const keys = Array.from({ length: 20 }, (_, n) => `shared-key-number-${n}`)
  for (const key of keys) upstream.accept(key, key)
  const id = await importKey(one, keys[0] ?? '')
  for (const [n, key] of keys.entries()) {
    const [writer, reader] = n % 2 === 0 ? [one, two] : [two, one]
    await writer.rotate(id, 'API_KEY', { generic_api_key: key })
    assert.deepEqual((await reader.execute('KEYED_ME', id)).data, { user: key })
    assert.deepEqual((await reader.proxy(id, '/me')).data, { user: key })
  }
})

test('two servers on one PostgreSQL: what one disables or deletes the other refuses at once', async () => {
  upstream.accept('short-lived-key', 'short')
  const id = await importKey(one, 'short-lived-key')
  assert.equal((await two.execute('KEYED_ME', id)).successful, true)
  await one.call('PATCH', `/connected_accounts/${id}/status`, { enabled: false })
  assert.equal((await two.execute('KEYED_ME', id)).status, 400)
  await one.call('DELETE', `/connected_accounts/${id}`)
  assert.equal((await two.execute('KEYED_ME', id)).status, 404)
})

test('two servers on one PostgreSQL: concurrent patches through both lose nothing', async () => {
  const id = await importKey(one, 'patched-from-both')
  const fields = Array.from({ length: 20 }, (_, n) => `extra_${n}`)
  const replies = await Promise.all(
    fields.map((field, n) => (n % 2 === 0 ? one : two).rotate(id, 'API_KEY', { [field]: 'a value' })),
  )
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200])
  const { state } = (await two.call('GET', `/connected_accounts/${id}`)).body as { state: { val: Record<string, unknown> } }
  for (const field of fields) assert.ok(field in state.val, `${field} was lost`)
})
