import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KeyServer, startKeyServer } from '../../testing/key-server.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyServer
let server: TestServer
let wire: WireClient
let authConfig: string

before(async () => {
  upstream = await startKeyServer()
  server = await startTestServer({ env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir } })
  wire = wireClient(server)
  authConfig = await wire.authConfig('key_server', 'API_KEY')
})
after(async () => {
  await server?.stop()
  await upstream?.stop()
})

const importKey = (key: string) =>
  wire.importCredential('user_1', authConfig, 'API_KEY', { api_key: key, base_url: upstream.url })
const whoAmI = (id: string) => wire.execute('KEY_SERVER_WHO_AM_I', id)
const nameOf = (data: unknown) => (data as { user: { name: string } }).user.name
/** As long as a real one and in its letters, so that only looking it up can tell. */
const wrongKey = (key: string) => [...key].reverse().join('')

test('an imported API key is what the server takes, by tool and by proxy, for reading and for writing', async () => {
  const { key } = await upstream.user('kay')
  const id = await importKey(key)
  const read = await whoAmI(id)
  assert.deepEqual([read.successful, read.error, nameOf(read.data)], [true, null, 'kay'])
  const proxied = await wire.proxy(id, '/get-session')
  assert.deepEqual([proxied.status, proxied.upstream, nameOf(proxied.data)], [200, 200, 'kay'])
  assert.equal((await wire.execute('KEY_SERVER_CREATE_KEY', id, { name: 'made by a tool' })).successful, true)
  const { apiKeys } = (await wire.execute('KEY_SERVER_LIST_KEYS', id)).data as { apiKeys: { name: string }[] }
  assert.deepEqual(apiKeys.map(({ name }) => name).toSorted(), ['first', 'made by a tool'])
})

test("a wrong API key is the server's own refusal: an unsuccessful result by tool, its status by proxy", async () => {
  const wrong = wrongKey((await upstream.user('wanda')).key)
  for (const [key, status] of [
    [wrong, 401],
    ['too-short', 403],
  ] as const) {
    const id = await importKey(key)
    const read = await whoAmI(id)
    assert.deepEqual([read.status, read.successful], [200, false])
    assert.match(String(read.error), new RegExp(`${status}.*Invalid API key`))
    assert.doesNotMatch(JSON.stringify(read), new RegExp(key))
    const proxied = await wire.proxy(id, '/get-session')
    assert.deepEqual([proxied.status, proxied.upstream], [200, status])
    assert.deepEqual(proxied.data, { message: 'Invalid API key.', code: 'INVALID_API_KEY' })
  }
})

test('a key patched in place is used by the very next call, and what was made with the old key stays', async () => {
  const first = await upstream.user('rosa')
  const id = await importKey(first.key)
  assert.equal(nameOf((await whoAmI(id)).data), 'rosa')
  const other = await upstream.user('rudi')
  assert.equal((await wire.rotate(id, 'API_KEY', { api_key: other.key })).status, 200)
  assert.equal(nameOf((await whoAmI(id)).data), 'rudi')
  assert.equal(nameOf((await wire.proxy(id, '/get-session')).data), 'rudi')
  await wire.rotate(id, 'API_KEY', { api_key: wrongKey(other.key) })
  assert.equal((await whoAmI(id)).successful, false)
  await wire.rotate(id, 'API_KEY', { api_key: first.key })
  assert.equal(nameOf((await whoAmI(id)).data), 'rosa')
})

test('a key rolled at the server, made with the old one that is then deleted, goes on working after the patch', async () => {
  const old = await upstream.user('rolf')
  const id = await importKey(old.key)
  const made = await wire.execute('KEY_SERVER_CREATE_KEY', id, { name: 'second' })
  assert.equal((await wire.execute('KEY_SERVER_DELETE_KEY', id, { key_id: old.keyId })).successful, true)
  const refused = await whoAmI(id)
  assert.equal(refused.successful, false)
  assert.match(String(refused.error), /401.*Invalid API key/)
  assert.equal((await wire.rotate(id, 'API_KEY', { api_key: made.data['key'] })).status, 200)
  assert.equal(nameOf((await whoAmI(id)).data), 'rolf')
})

test('validate_credentials stores a key that the server takes and nothing of one that it refuses', async () => {
  const { key } = await upstream.user('val')
  const create = (value: string) =>
    wire.call('POST', '/connected_accounts', {
      auth_config: { id: authConfig },
      connection: {
        user_id: 'validated',
        state: { authScheme: 'API_KEY', val: { api_key: value, base_url: upstream.url } },
      },
      validate_credentials: true,
    })
  const stored = async () => (await wire.call('GET', '/connected_accounts?user_ids=validated')).body['total_items']

  const refused = await create(wrongKey(key))
  assert.equal(refused.status, 400)
  assert.match(refused.text, /credential_rejected/)
  assert.match(refused.text, /401/)
  assert.doesNotMatch(refused.text, new RegExp(wrongKey(key)))
  assert.equal(await stored(), 0)

  assert.equal((await create(key)).status, 201)
  assert.equal(await stored(), 1)
})

test('a key that the server disabled is EXPIRED when a refresh asks, and ACTIVE again once it is enabled', async () => {
  const owned = await upstream.user('dora')
  const id = await importKey(owned.key)
  const refresh = async () => (await wire.call('POST', `/connected_accounts/${id}/refresh`, {})).body['status']
  assert.equal(await refresh(), 'ACTIVE')
  await upstream.setEnabled(owned, false)
  const refused = await whoAmI(id)
  assert.equal(refused.successful, false)
  assert.match(String(refused.error), /40[13].*disabled/i)
  assert.equal(await refresh(), 'EXPIRED')
  await upstream.setEnabled(owned, true)
  assert.equal(await refresh(), 'ACTIVE')
  assert.equal(nameOf((await whoAmI(id)).data), 'dora')
})

test("one user's key is never sent for another user's connection", async () => {
  const names = Array.from({ length: 12 }, (_, n) => `herd${n}`)
  const ids = await Promise.all(names.map(async (name) => importKey((await upstream.user(name)).key)))
  const calls = Array.from({ length: 10 }, () => ids.map(async (id) => nameOf((await whoAmI(id)).data))).flat()
  assert.deepEqual(await Promise.all(calls), Array.from({ length: 10 }, () => names).flat())
})
