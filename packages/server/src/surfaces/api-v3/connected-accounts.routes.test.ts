import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Static } from 'typebox'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { openRouteApp, refusalOf } from '../../../testing/route-app.ts'
import { createCatalogue, loadCatalogue } from '../../domain/toolkits/catalogue.ts'
import { exampleToolkit } from '../../domain/toolkits/fixture.testing.ts'
import { BUILTIN_TOOLKITS } from '../../domain/toolkits/toolkit-files.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import type { ConnectedAccountPage, CreateConnectedAccountReply, WireConnectedAccount } from './connected-accounts.schema.ts'

type Account = Static<typeof WireConnectedAccount>
type Created = Static<typeof CreateConnectedAccountReply>

const builtin = loadCatalogue([BUILTIN_TOOLKITS]).toolkits
const GOOD = 'sk-good-key-of-the-provider'

/** The real toolkits, and one whose provider knows one key. */
async function setUp(t: TestContext, testDatabase: TestDatabase) {
  let isGood = (key: unknown): boolean => key === GOOD
  const upstream = await startUpstream(t, ({ headers }, response) =>
    response.writeHead(isGood(headers['x-api-key']) ? 200 : 401, { 'content-type': 'application/json' }).end('{}'),
  )
  const { host } = new URL(upstream.origin)
  const example = exampleToolkit({ base_url: upstream.origin, hosts: [host], verification: { path: '/me' } })
  const app = await openRouteApp(t, testDatabase, { catalogue: createCatalogue([...builtin, example]), allowHosts: [host] })
  const get = async (id: string) => (await app.call<Account>('GET', `/connected_accounts/${id}`)).body
  const revoke = () => {
    isGood = () => false
  }
  return { ...app, get, revoke, upstream }
}

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`an imported credential is an ACTIVE connection at once, in the old and the new body, and masked (${name})`, async (t) => {
    const { call, authConfig, get } = await setUp(t, testDatabase)
    const sendgrid = { id: await authConfig('sendgrid', 'API_KEY') }
    const jira = { id: await authConfig('jira', 'BASIC') }
    const val = { api_key: 'SG.marked-key', base_url: 'https://api.eu.sendgrid.com' }
    const basic = { username: 'me@example.com', password: 'marked-password', subdomain: 'acme' }
    const forms = [
      {
        auth_config: sendgrid,
        connection: { user_id: 'u', state: { authScheme: 'API_KEY', val: { ...val, status: 'ACTIVE' } } },
      },
      { auth_config: sendgrid, connection: { user_id: 'u', state: { val } } },
      { auth_config: sendgrid, connection: { user_id: 'u', data: val } },
      {
        auth_config: sendgrid,
        connection: { user_id: 'u', state: { authScheme: 'API_KEY', val: { generic_api_key: val.api_key } } },
      },
    ]
    for (const form of forms) {
      const { status, body, text } = await call<Created>('POST', '/connected_accounts', form)
      assert.deepEqual(
        [status, body.status, body.connectionData.authScheme, body.redirect_url],
        [201, 'ACTIVE', 'API_KEY', null],
        text,
      )
      assert.deepEqual([body.connectionData.val['api_key'], /marked/.test(text)], ['SG.m...', false])
      const account = await get(body.id)
      assert.deepEqual(
        [account.status, account.user_id, account.toolkit.slug, account.auth_config.id, account.is_disabled],
        ['ACTIVE', 'u', 'sendgrid', sendgrid.id, false],
      )
      assert.deepEqual([account.state.val, account.data], [body.connectionData.val, body.connectionData.val])
    }
    const { body } = await call<Created>('POST', '/api/v3/connected_accounts', { auth_config: jira, connection: { data: basic } })
    assert.deepEqual((await get(body.id)).state, {
      authScheme: 'BASIC',
      val: { username: 'me@example.com', password: 'mark...', subdomain: 'https://acme.atlassian.net', status: 'ACTIVE' },
    })
    assert.equal((await get(body.id)).user_id, 'default')
  })

  test(`secrets are shown whole only after the project asked for it (${name})`, async (t) => {
    const { call, authConfig, connect, get, newProject } = await setUp(t, testDatabase)
    const id = await connect(await authConfig('github', 'BEARER_TOKEN'), { token: 'ghp_marked-token-1234' })
    const config = (value: boolean) => call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: value })
    assert.equal((await get(id)).state.val['token'], 'ghp_...')
    const other = await newProject('other')
    await call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false }, other.apiKey)
    assert.equal((await get(id)).state.val['token'], 'ghp_...', 'the setting of one project is of no weight for another')
    await config(false)
    assert.equal((await get(id)).state.val['token'], 'ghp_marked-token-1234')
    const { body } = await call<Static<typeof ConnectedAccountPage>>('GET', '/connected_accounts')
    assert.equal(body.items[0]?.data['token'], 'ghp_marked-token-1234')
    await config(true)
    assert.equal((await get(id)).state.val['token'], 'ghp_...')
  })

  test(`the documented calls update a credential as they stand (${name})`, async (t) => {
    const { call, authConfig, connect, get } = await setUp(t, testDatabase)
    await call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false })
    const curls = [
      [
        'gmail',
        'BEARER_TOKEN',
        { token: 'old-token' },
        '{"connection":{"state":{"authScheme":"BEARER_TOKEN","val":{"token":"new-access-token"}}}}',
        { token: 'new-access-token' },
      ],
      [
        'sendgrid',
        'API_KEY',
        { api_key: 'old-key', base_url: 'https://api.eu.sendgrid.com' },
        '{"connection":{"state":{"authScheme":"API_KEY","val":{"generic_api_key":"new-api-key"}}}}',
        { api_key: 'new-api-key', base_url: 'https://api.eu.sendgrid.com' },
      ],
      [
        'jira',
        'BASIC',
        { username: 'old', password: 'old', subdomain: 'acme' },
        '{"connection":{"state":{"authScheme":"BASIC","val":{"username":"user@example.com","password":"new-password"}}}}',
        { username: 'user@example.com', password: 'new-password', subdomain: 'https://acme.atlassian.net' },
      ],
    ] as const
    for (const [toolkit, scheme, before, body, after] of curls) {
      const id = await connect(await authConfig(toolkit, scheme), before)
      const reply = await call('PATCH', `/api/v3/connected_accounts/${id}`, body)
      assert.deepEqual([reply.status, reply.body], [200, { id, status: 'ACTIVE', success: true }], reply.text)
      assert.deepEqual((await get(id)).state, { authScheme: scheme, val: { ...after, status: 'ACTIVE' } })
    }
  })

  test(`a patch keeps what it leaves out, null removes, and a refused one changes nothing (${name})`, async (t) => {
    const { call, authConfig, connect, get, newProject } = await setUp(t, testDatabase)
    await call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false })
    const id = await connect(await authConfig('example', 'API_KEY'), { api_key: 'key-1', region: 'eu', note: 'x' })
    const patch = (val: unknown, authScheme: unknown = 'API_KEY') =>
      call('PATCH', `/connected_accounts/${id}`, { connection: { state: { authScheme, val } } })
    assert.equal((await patch({ region: null, extra: 'more' })).status, 200)
    const kept = { api_key: 'key-1', note: 'x', extra: 'more', status: 'ACTIVE' }
    assert.deepEqual((await get(id)).state.val, kept)

    assert.deepEqual(refusalOf(await patch({ api_key: null })), [400, 'missing_credential_field'])
    assert.deepEqual(refusalOf(await patch({ api_key: '' })), [400, 'missing_credential_field'])
    assert.deepEqual(refusalOf(await patch({ token: 't' }, 'BEARER_TOKEN')), [400, 'auth_scheme_mismatch'])
    assert.deepEqual(refusalOf(await patch({ api_key: 'x' }, null)), [400, 'invalid_request'])
    assert.deepEqual(refusalOf(await patch(null)), [400, 'invalid_request'])
    const unknown = await call('PATCH', '/connected_accounts/ca_unknown', '{"alias":"x"}')
    assert.deepEqual(refusalOf(unknown), [404, 'account_not_found'])
    const { apiKey } = await newProject('stranger')
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { connection: { state: { authScheme: 'API_KEY', val: { api_key: 'theirs' } } } }],
      ['PATCH', '/status', { enabled: false }],
      ['POST', '/refresh'],
      ['DELETE', ''],
    ] as const) {
      const reply = await call(method, `/connected_accounts/${id}${path}`, body, apiKey)
      assert.deepEqual(refusalOf(reply), [404, 'account_not_found'], `${method} ${path}`)
    }
    assert.deepEqual((await get(id)).state.val, kept)
  })

  test(`lists take every form of filter, both orders, and hold each connection once (${name})`, async (t) => {
    const { call, authConfig, connect, walk } = await setUp(t, testDatabase)
    const [one, two] = [await authConfig('example', 'API_KEY'), await authConfig('tavily', 'API_KEY')]
    const key = { api_key: 'an-imported-key' }
    const tick = () => new Promise((resolve) => setTimeout(resolve, 2))
    const a = await connect(one, key, { user_id: 'a,b' })
    await tick()
    const b = await connect(one, key, { user_id: 'b' })
    await tick()
    const c = await connect(two, key, { user_id: 'c' })
    const shared = await connect(two, key, { user_id: 'c', experimental: { account_type: 'SHARED' } })
    await tick()
    await call('PATCH', `/connected_accounts/${a}/status`, { enabled: false })
    const json = (list: readonly string[]) => encodeURIComponent(JSON.stringify(list))
    const lists: readonly (readonly [string, readonly string[]])[] = [
      ['', [c, b, a]],
      ['order_direction=asc', [a, b, c]],
      ['order_by=updated_at', [a, c, b]],
      ['order_by=updated_at&order_direction=asc', [b, c, a]],
      ['user_ids=b&user_ids=c', [c, b]],
      ['user_ids=b,c', [c, b]],
      ['user_ids[]=b&user_ids[]=c', [c, b]],
      [`user_ids=${json(['b', 'c'])}`, [c, b]],
      [`user_ids=${json(['a,b'])}`, [a]],
      ['toolkit_slugs=TAVILY', [c]],
      ['toolkit_slugs=tavily,example', [c, b, a]],
      [`auth_config_ids=${one}`, [b, a]],
      [`connected_account_ids=${a},${c}`, [c, a]],
      ['statuses=INACTIVE', [a]],
      ['statuses=ACTIVE&statuses=inactive', [c, b, a]],
      ['statuses=ACTIVE&user_ids=a,b&toolkit_slugs=example', [b]],
      ['user_ids=nobody', []],
      ['account_type=SHARED', [shared]],
      ['account_type=PRIVATE', [c, b, a]],
    ]
    for (const [query, expected] of lists) {
      const { status, body, text } = await call<Static<typeof ConnectedAccountPage>>('GET', `/connected_accounts?${query}`)
      assert.equal(status, 200, `${query}: ${text}`)
      assert.deepEqual([body.items.map(({ id }) => id), body.total_items], [expected, expected.length], query)
    }
    const all = [a, b, c, shared].toSorted()
    for (const order of ['order_by=created_at&order_direction=asc', 'order_by=updated_at', 'order_direction=desc'])
      assert.deepEqual(
        (await walk<Account>(`/connected_accounts?account_type=ALL&limit=1&${order}`)).map(({ id }) => id).toSorted(),
        all,
      )
    const wrong = ['statuses=ACTIVE,SLEEPING', 'account_type=OURS', 'order_by=id', 'order_direction=up', 'limit=0', 'cursor=zz']
    for (const query of wrong) {
      const { status, body } = await call('GET', `/connected_accounts?${query}`)
      assert.deepEqual([status, body.error.errors[0]?.split(':')[0]], [400, query.split('=')[0]])
    }
    const { body } = await call<{ next_cursor: string }>('GET', '/connected_accounts?limit=1')
    const otherOrder = await call('GET', `/connected_accounts?limit=1&order_by=updated_at&cursor=${body.next_cursor}`)
    assert.deepEqual(refusalOf(otherOrder), [400, 'invalid_cursor'])
  })

  test(`an alias is unique for its user and toolkit, and free again once it is cleared or its connection gone (${name})`, async (t) => {
    const { call, authConfig, connect, get } = await setUp(t, testDatabase)
    const config = await authConfig('example', 'API_KEY')
    const key = { api_key: 'an-imported-key' }
    const work = await connect(config, key, { alias: 'work' })
    const body = { auth_config: { id: config }, connection: { user_id: 'u', state: { val: key }, alias: 'work' } }
    assert.deepEqual(refusalOf(await call('POST', '/connected_accounts', body)), [400, 'alias_taken'])
    await connect(config, key, { alias: 'work', user_id: 'v' })
    await connect(await authConfig('tavily', 'API_KEY'), key, { alias: 'work' })
    const home = await connect(config, key, { alias: 'home' })
    const rename = (id: string, alias: unknown) => call('PATCH', `/connected_accounts/${id}`, { alias })
    assert.deepEqual(refusalOf(await rename(home, 'work')), [400, 'alias_taken'])
    assert.equal((await get(home)).alias, 'home')
    for (const empty of [null, '']) {
      assert.equal((await rename(work, empty)).status, 200)
      assert.equal((await get(work)).alias, null)
      assert.equal((await rename(work, 'work')).status, 200)
    }
    await call('DELETE', `/connected_accounts/${work}`)
    assert.equal((await rename(home, 'work')).status, 200)
    assert.deepEqual(refusalOf(await rename(home, 'x'.repeat(129))), [400, 'invalid_request'])
  })

  test(`the longest names that are taken are also stored (${name})`, async (t) => {
    const { authConfig, connect, get, call } = await setUp(t, testDatabase)
    // Four bytes each and no two alike, so that no index can compress them.
    const text = (length: number) => String.fromCodePoint(...Array.from({ length }, (_, at) => 0x1_0000 + ((at * 7919) % 90_000)))
    const [userId, alias] = [text(512), text(128)]
    const id = await connect(await authConfig('example', 'API_KEY'), { api_key: 'an-imported-key' }, { user_id: userId, alias })
    assert.deepEqual([(await get(id)).user_id, (await get(id)).alias], [userId, alias])
    const { body } = await call<Static<typeof ConnectedAccountPage>>(
      'GET',
      `/connected_accounts?user_ids=${encodeURIComponent(userId)}`,
    )
    assert.equal(body.total_items, 1)
  })

  test(`a connection is switched off and on, asked for, refused by its provider, mended and deleted (${name})`, async (t) => {
    const { call, authConfig, connect, get, revoke } = await setUp(t, testDatabase)
    const id = await connect(await authConfig('example', 'API_KEY'), { api_key: GOOD })
    const enable = (enabled: boolean) => call('PATCH', `/connected_accounts/${id}/status`, { enabled })
    for (const [enabled, status] of [
      [false, 'INACTIVE'],
      [false, 'INACTIVE'],
      [true, 'ACTIVE'],
    ] as const) {
      assert.deepEqual((await enable(enabled)).body, { success: true })
      assert.deepEqual([(await get(id)).status, (await get(id)).is_disabled], [status, !enabled])
    }
    const refresh = (body?: object) => call<{ status: string }>('POST', `/connected_accounts/${id}/refresh`, body)
    assert.deepEqual((await refresh()).body, { id, status: 'ACTIVE', redirect_url: null })
    revoke()
    assert.equal((await refresh({ validate_credentials: true })).body.status, 'EXPIRED')
    assert.match((await get(id)).status_reason ?? '', /Example refused the credential with status 401/)
    const patch = { connection: { state: { authScheme: 'API_KEY', val: { api_key: 'a-newer-key' } } } }
    assert.deepEqual((await call('PATCH', `/connected_accounts/${id}`, patch)).body, { id, status: 'ACTIVE', success: true })
    assert.deepEqual([(await get(id)).status, (await get(id)).status_reason], ['ACTIVE', null])

    assert.deepEqual((await call('DELETE', `/connected_accounts/${id}`)).body, { success: true })
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', patch],
      ['PATCH', '/status', { enabled: true }],
      ['POST', '/refresh'],
      ['DELETE', ''],
    ] as const)
      assert.deepEqual(refusalOf(await call(method, `/connected_accounts/${id}${path}`, body)), [404, 'account_not_found'])
    assert.equal(
      (await call<Static<typeof ConnectedAccountPage>>('GET', '/connected_accounts?account_type=ALL')).body.total_items,
      0,
    )
  })
}

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('with validate_credentials the provider is asked first, and a refused credential is stored nowhere', async (t) => {
  const { call, authConfig, upstream } = await setUp(t, sqlite)
  const id = await authConfig('example', 'API_KEY')
  const create = (api_key: string, connection: object = {}) =>
    call('POST', '/connected_accounts', {
      auth_config: { id },
      connection: { user_id: 'u', state: { val: { api_key } }, ...connection },
      validate_credentials: true,
    })
  const refused = await create('sk-marked-wrong-key')
  assert.deepEqual(
    [...refusalOf(refused), /401/.test(refused.text), /marked/.test(refused.text)],
    [400, 'credential_rejected', true, false],
  )
  assert.equal((await call<{ total_items: number }>('GET', '/connected_accounts')).body.total_items, 0)
  assert.equal((await create(GOOD)).status, 201)
  assert.equal(upstream.seen.length, 2)
})

test('an incomplete or foreign credential is refused with every field that is wrong', async (t) => {
  const { call, authConfig } = await setUp(t, sqlite)
  const jira = await authConfig('jira', 'BASIC')
  const create = (connection: object, id = jira) => call('POST', '/connected_accounts', { auth_config: { id }, connection })
  const empty = await create({ state: { val: {} } })
  assert.deepEqual(refusalOf(empty), [400, 'missing_credential_field'])
  for (const field of ['username', 'password'])
    assert.ok(empty.body.error.errors.includes(`connection.state.val.${field}: is required`), empty.text)
  const other = await create({ state: { authScheme: 'API_KEY', val: { api_key: 'x' } } })
  assert.deepEqual(refusalOf(other), [400, 'auth_scheme_mismatch'])
  assert.deepEqual(refusalOf(await create({}, 'ac_unknown')), [404, 'auth_config_not_found'])
  assert.deepEqual(refusalOf(await create({ user_id: '' })), [400, 'invalid_request'])
  const acl = { acl_config_for_shared: { allow_all_users: true } }
  const val = { username: 'u', password: 'p', subdomain: 'acme' }
  assert.deepEqual(refusalOf(await create({ state: { val }, experimental: acl })), [400, 'invalid_request'])
})

test('who may use a shared connection is said at its start and changed in place', async (t) => {
  const { call, authConfig, connect, get } = await setUp(t, sqlite)
  const start = { account_type: 'SHARED', acl_config_for_shared: { allowed_user_ids: ['v'] } }
  const id = await connect(await authConfig('example', 'API_KEY'), { api_key: 'an-imported-key' }, { experimental: start })
  const acl = { allow_all_users: false, allowed_user_ids: ['v'], not_allowed_user_ids: [] }
  assert.deepEqual((await get(id)).experimental, { account_type: 'SHARED', acl_config_for_shared: acl })
  const change = { allow_all_users: true, not_allowed_user_ids: ['w'] }
  await call('PATCH', `/connected_accounts/${id}`, { experimental: { acl_config_for_shared: change } })
  assert.deepEqual((await get(id)).experimental.acl_config_for_shared, { ...acl, ...change })
})
