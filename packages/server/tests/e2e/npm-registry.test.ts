import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { PRIVATE_PACKAGE, startVerdaccio, type Verdaccio } from '../../testing/verdaccio.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

let verdaccio: Verdaccio
let server: TestServer
let wire: WireClient
let bearer: string
let basic: string

before(async () => {
  verdaccio = await startVerdaccio()
  server = await startTestServer({ env: { HOLDFAST_ALLOW_HOSTS: verdaccio.host } })
  wire = wireClient(server)
  bearer = await wire.authConfig('npm_registry', 'BEARER_TOKEN')
  basic = await wire.authConfig('npm_registry', 'BASIC')
})
after(async () => {
  await server?.stop()
  await verdaccio?.stop()
})

const importToken = (token: string, userId = 'user_1') =>
  wire.importCredential(userId, bearer, 'BEARER_TOKEN', { token, base_url: verdaccio.url })
const importPassword = (username: string, password: string) =>
  wire.importCredential('user_1', basic, 'BASIC', { username, password, base_url: verdaccio.url })
const whoAmI = (id: string) => wire.execute('NPM_REGISTRY_WHO_AM_I', id)
const readPrivate = (id: string) => wire.execute('NPM_REGISTRY_GET_PACKAGE', id, { package: PRIVATE_PACKAGE })
const PRIVATE_PATH = `/${encodeURIComponent(PRIVATE_PACKAGE)}`

test('an imported bearer token is what the registry sees, by tool and by proxy', async () => {
  const id = await importToken(await verdaccio.user('bea', 'bea-password'))
  assert.deepEqual((await whoAmI(id)).data, { username: 'bea' })
  const read = await readPrivate(id)
  assert.equal(read.successful, true)
  assert.equal(read.data['name'], PRIVATE_PACKAGE)
  const proxied = await wire.proxy(id, PRIVATE_PATH)
  assert.equal(proxied.upstream, 200)
  assert.equal((proxied.data as { name: string }).name, PRIVATE_PACKAGE)
})

test('an imported user name with password is what the registry sees, by tool and by proxy', async () => {
  await verdaccio.user('basil', 'basil-password')
  const id = await importPassword('basil', 'basil-password')
  assert.deepEqual((await whoAmI(id)).data, { username: 'basil' })
  assert.equal((await readPrivate(id)).successful, true)
  assert.equal((await wire.proxy(id, PRIVATE_PATH)).upstream, 200)
})

test("a wrong credential is the registry's own refusal: an unsuccessful result by tool, its status by proxy", async () => {
  await verdaccio.user('walter', 'walter-password')
  for (const id of [await importToken('not-a-token-of-anybody'), await importPassword('walter', 'not-the-password')]) {
    const read = await readPrivate(id)
    assert.equal(read.status, 200)
    assert.equal(read.successful, false)
    assert.match(String(read.error), /401.*authorization required/)
    const proxied = await wire.proxy(id, PRIVATE_PATH)
    assert.equal(proxied.status, 200)
    assert.equal(proxied.upstream, 401)
  }
})

test('validate_credentials stores a good credential and nothing of a bad one', async () => {
  const token = await verdaccio.user('val', 'val-password')
  const create = (value: string) =>
    wire.call('POST', '/connected_accounts', {
      auth_config: { id: bearer },
      connection: {
        user_id: 'validated',
        state: { authScheme: 'BEARER_TOKEN', val: { token: value, base_url: verdaccio.url } },
      },
      validate_credentials: true,
    })
  const list = async () => (await wire.call('GET', '/connected_accounts?user_ids=validated')).body['total_items']

  const refused = await create('a-token-that-nobody-gave-out')
  assert.equal(refused.status, 400)
  assert.match(refused.text, /credential_rejected/)
  assert.doesNotMatch(refused.text, /a-token-that-nobody/)
  assert.equal(await list(), 0)

  assert.equal((await create(token)).status, 201)
  assert.equal(await list(), 1)
})

test('a rotated credential is used by the very next call', async () => {
  const id = await importToken(await verdaccio.user('rosa', 'rosa-password'))
  assert.deepEqual((await whoAmI(id)).data, { username: 'rosa' })
  const rotated = await wire.rotate(id, 'BEARER_TOKEN', { token: await verdaccio.user('rudi', 'rudi-password') })
  assert.equal(rotated.status, 200)
  assert.deepEqual((await whoAmI(id)).data, { username: 'rudi' })

  await verdaccio.user('paul', 'paul-password')
  const second = await importPassword('paul', 'an-old-password')
  assert.equal((await readPrivate(second)).successful, false)
  await wire.rotate(second, 'BASIC', { username: 'paul', password: 'paul-password' })
  assert.equal((await readPrivate(second)).successful, true)
})

test('a token that the registry revoked is refused until a new one is patched in', async () => {
  await verdaccio.user('rita', 'rita-password')
  const first = await verdaccio.newToken('rita', 'rita-password')
  const id = await importToken(first.token)
  assert.equal((await readPrivate(id)).successful, true)
  await verdaccio.revokeToken(first.token, first.key)
  const refused = await readPrivate(id)
  assert.equal(refused.successful, false)
  assert.match(String(refused.error), /403.*unauthorized access/)
  await wire.rotate(id, 'BEARER_TOKEN', { token: (await verdaccio.newToken('rita', 'rita-password')).token })
  assert.equal((await readPrivate(id)).successful, true)
})

test('a disabled connection is refused by tool and proxy, an enabled one works again', async () => {
  const id = await importToken(await verdaccio.user('dora', 'dora-password'))
  const setEnabled = (enabled: boolean) => wire.call('PATCH', `/connected_accounts/${id}/status`, { enabled })
  await setEnabled(false)
  assert.equal((await wire.call('GET', `/connected_accounts/${id}`)).body['status'], 'INACTIVE')
  const call = { connected_account_id: id, arguments: {} }
  const refused = await wire.call('POST', '/tools/execute/NPM_REGISTRY_WHO_AM_I', call)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /account_not_active/)
  assert.equal((await wire.proxy(id, '/-/whoami')).status, 400)
  await setEnabled(true)
  assert.deepEqual((await whoAmI(id)).data, { username: 'dora' })
})

test('a refresh asks the registry: EXPIRED when it refuses, ACTIVE again after a good rotation', async () => {
  const id = await importToken('expired-long-ago-or-never-valid')
  const refresh = async () => (await wire.call('POST', `/connected_accounts/${id}/refresh`, {})).body['status']
  assert.equal(await refresh(), 'EXPIRED')
  await wire.rotate(id, 'BEARER_TOKEN', { token: await verdaccio.user('fred', 'fred-password') })
  assert.equal((await wire.call('GET', `/connected_accounts/${id}`)).body['status'], 'ACTIVE')
  assert.equal(await refresh(), 'ACTIVE')
  assert.deepEqual((await whoAmI(id)).data, { username: 'fred' })
})

test('without a connection id, a user gets their own newest ACTIVE connection', async () => {
  const token = await verdaccio.user('first', 'first-password')
  const newer = await verdaccio.user('newer', 'newer-password')
  await importToken(await verdaccio.user('other', 'other-password'), 'user_other')
  await importToken(token, 'user_own')
  const newest = await importToken(newer, 'user_own')
  const run = async () =>
    (await wire.call('POST', '/tools/execute/NPM_REGISTRY_WHO_AM_I', { user_id: 'user_own', arguments: {} })).body['data']
  assert.deepEqual(await run(), { username: 'newer' })
  await wire.call('PATCH', `/connected_accounts/${newest}/status`, { enabled: false })
  assert.deepEqual(await run(), { username: 'first' })
})
