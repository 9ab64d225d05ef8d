import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { testDatabases } from '../../../testing/databases.ts'
import { CLIENT, rotating, setUpGrants } from '../../../testing/grants.ts'
import { refreshAccount } from './account-refresh.ts'
import { patchAccount } from './accounts.service.ts'
import { startRefreshSchedule } from './refresh-schedule.ts'

const MINUTE = 60_000

for (const database of testDatabases()) {
  test(`a fresh grant costs one read and no write; a due one is refreshed first, stored, and then used (${database.name})`, async (t) => {
    const { world, give, call, stored, asked, sent, statements } = await setUpGrants(t, database)
    world.token = rotating({ value: 1 })
    const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: '3600' })
    await call(id)
    statements.length = 0
    await call(id)
    assert.deepEqual([statements.filter((sql) => !sql.startsWith('select')), asked()], [[], 0])
    assert.ok(statements.length <= 1)
    world.now += 56 * MINUTE
    await call(id)
    assert.deepEqual([asked(), sent().at(-1)], [1, 'Bearer access-2'])
    const val = await stored(id)
    assert.deepEqual([val['access_token'], val['refresh_token'], val['expires_in']], ['access-2', 'refresh-2', 3600])
    await call(id)
    assert.equal(asked(), 1)
  })

  test(`a temporary failure keeps the connection ACTIVE and uses the token while it lives (${database.name})`, async (t) => {
    const { world, give, call, statusOf, asked, deps, projectId } = await setUpGrants(t, database)
    world.token = () => ({ status: 503, body: 'secret-page' })
    const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 })
    world.now += 57 * MINUTE
    assert.equal((await call(id)).successful, true)
    assert.equal((await call(id)).successful, true)
    assert.equal(asked(), 1, 'the second call did not wait for the provider again')
    world.now += 4 * MINUTE
    await assert.rejects(call(id), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'refresh_unavailable')
      assert.doesNotMatch(error.message, /secret|refresh-1|access-1/)
      return true
    })
    await assert.rejects(refreshAccount(deps, projectId, id), { code: 'refresh_unavailable' })
    assert.equal((await statusOf(id)).status, 'ACTIVE')
    world.token = rotating({ value: 1 })
    world.now += 2 * MINUTE
    assert.equal((await call(id)).successful, true)
  })

  test(`invalid_grant ends as EXPIRED with its reason and an event, unless somebody rotated meanwhile (${database.name})`, async (t) => {
    const { world, give, call, statusOf, events, deps, projectId, asked } = await setUpGrants(t, database)
    world.token = () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'refresh-1 is spent' } })
    const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: -1 })
    await assert.rejects(call(id), { code: 'account_not_active', message: /EXPIRED: .*invalid_grant/ })
    const { status, statusReason } = await statusOf(id)
    assert.deepEqual([status, /invalid_grant/.test(statusReason ?? '')], ['EXPIRED', true])
    const [event, ...others] = await events()
    assert.deepEqual([others, event?.subject_id], [[], id])
    assert.match(event?.data ?? '', /"to":"EXPIRED".*invalid_grant/)
    assert.doesNotMatch(event?.data ?? '', /refresh-1|access-1/)
    await assert.rejects(call(id), { code: 'account_not_active' })
    assert.equal(asked(), 1)

    const rotated = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 0 })
    const { token } = world
    let patching: Promise<unknown> = Promise.resolve()
    const slow = { refresh_token: 'refresh-9', access_token: 'access-9', expires_in: 3600 }
    world.token = (params) => {
      patching = patchAccount(deps, projectId, rotated, { credential: { scheme: 'OAUTH2', val: slow } })
      return token(params)
    }
    await patching
    await call(rotated).catch(() => undefined)
    await patching
    assert.equal((await call(rotated)).successful, true)
    assert.equal((await statusOf(rotated)).status, 'ACTIVE')
  })
}

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('a 401 refreshes once and repeats the call once; a fresh token that is refused too is not refreshed again', async (t) => {
  const { world, give, call, asked, sent } = await setUpGrants(t, sqlite)
  world.token = rotating({ value: 1 })
  world.good = 'access-2'
  const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1' })
  assert.equal((await call(id)).successful, true)
  assert.deepEqual([asked(), sent()], [1, ['Bearer access-1', 'Bearer access-2']])
  world.good = 'none'
  for (let n = 0; n < 3; n++) assert.equal((await call(id)).successful, false)
  assert.deepEqual([asked(), sent().length], [2, 6])
})

test('a grant without refresh token or client is used until it dies, and then says what to bring', async (t) => {
  const { world, give, call, statusOf, asked } = await setUpGrants(t, sqlite, {}, {})
  const withoutRefresh = await give({ access_token: 'access-1', expires_in: 60 })
  const withoutClient = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 60 })
  const withOwnClient = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 60, ...CLIENT })
  world.token = rotating({ value: 1 })
  world.now += 55_000
  for (const id of [withoutRefresh, withoutClient]) assert.equal((await call(id)).successful, true)
  assert.equal(asked(), 0)
  world.now += 10_000
  await assert.rejects(call(withoutRefresh), { code: 'credential_expired', message: /no refresh token/ })
  await assert.rejects(call(withoutClient), { code: 'credential_expired', fix: /client_id and client_secret/ })
  assert.equal((await statusOf(withoutClient)).status, 'EXPIRED')
  assert.equal((await call(withOwnClient)).successful, true)
  assert.equal(asked(), 1)
})

test('the refresh token that the provider does not replace stays, and a client is never mixed from two', async (t) => {
  const { world, give, call, stored } = await setUpGrants(t, sqlite, {}, { client_secret: CLIENT.client_secret })
  const seen: (string | null)[] = []
  world.token = (params) => {
    seen.push(params.get('client_id'), params.get('client_secret'))
    return { body: { access_token: 'access-2', expires_in: 3600 } }
  }
  const id = await give({
    access_token: 'access-1',
    refresh_token: 'refresh-1',
    expires_at: '2020-01-01T00:00:00Z',
    client_id: 'own',
  })
  await call(id)
  assert.deepEqual(seen, ['own', null])
  const val = await stored(id)
  assert.deepEqual([val['refresh_token'], val['access_token']], ['refresh-1', 'access-2'])
})

test('an import refreshes nothing; a patch with new tokens does not keep the old expiry', async (t) => {
  const { world, give, call, asked, deps, projectId } = await setUpGrants(t, sqlite)
  const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_at: Math.floor(world.now / 1000) - 5 })
  assert.equal(asked(), 0)
  const patch = (val: Record<string, unknown>) => patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val } })
  await patch({ access_token: 'access-2' })
  assert.equal((await call(id)).successful, true)
  assert.equal(asked(), 0, 'its expiry is unknown now')
  await patch({ access_token: 'access-3', expires_in: 60 })
  world.now += 61_000
  world.token = rotating({ value: 3 })
  await call(id)
  assert.equal(asked(), 1)
})

test('what nobody uses is refreshed in the background; what is dead or disabled is left alone', async (t) => {
  const { world, give, stored, deps, asked, statusOf } = await setUpGrants(t, sqlite)
  world.token = rotating({ value: 1 })
  const due = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 })
  await give({ access_token: 'access-1', expires_in: 3600 })
  await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600, status: 'INACTIVE' })
  await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 9 * 3600 })
  const schedule = startRefreshSchedule(deps, { everyMs: 3_600_000 })
  t.after(() => schedule.close())
  assert.equal(await schedule.runOnce(), 0)
  world.now += 57 * MINUTE
  assert.equal(await schedule.runOnce(), 2)
  assert.deepEqual([asked(), (await stored(due))['access_token'], (await statusOf(due)).status], [1, 'access-2', 'ACTIVE'])
  assert.equal(await schedule.runOnce(), 0)
})

test('a refresh has its own address, headers and answer where the toolkit says so, and a client that signs', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const { world, give, call, stored, sent } = await setUpGrants(
    t,
    sqlite,
    {
      client_auth: 'private_key_jwt',
      client_assertion_audience: 'https://issuer.example',
      refresh_params: { audience: '{{ team }}' },
      response: {
        access_token: 'authed_user.access_token',
        refresh_token: 'authed_user.refresh_token',
        capture: { team: 'team.id' },
      },
      response_on_refresh: { expires_in: 'ttl', expires_unit: 'milliseconds' },
    },
    { client_id: 'client-1', private_key, private_key_id: 'key-1' },
  )
  let params = new URLSearchParams()
  world.token = (given) => {
    params = given
    const bot = { authed_user: { access_token: 'of-another', refresh_token: 'of-another' }, team: { id: 'T2' } }
    return { body: { ok: true, access_token: 'access-2', refresh_token: 'refresh-2', ttl: 3_600_000, ...bot } }
  }
  const id = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 0, team: 'T1' })
  assert.equal((await call(id)).successful, true)
  assert.deepEqual(sent(), ['Bearer access-2'])
  const val = await stored(id)
  assert.deepEqual([val['refresh_token'], val['expires_in'], val['team']], ['refresh-2', 3600, 'T1'])
  assert.deepEqual([params.get('client_secret'), params.get('audience')], [null, 'T1'])
  const options = { audience: 'https://issuer.example', issuer: 'client-1' }
  const { protectedHeader } = await jwtVerify(params.get('client_assertion') ?? '', publicKey, options)
  assert.deepEqual([protectedHeader.alg, protectedHeader.kid], ['ES256', 'key-1'])
})
