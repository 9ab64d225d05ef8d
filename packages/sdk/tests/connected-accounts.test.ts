import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthScheme,
  Composio,
  Holdfast,
  HoldfastConnectionFailedError,
  HoldfastConnectionPendingError,
  HoldfastMultipleConnectionsError,
  HoldfastValidationError,
} from '../src/index.ts'
import { accountWire, createdWire, page, routes, startFakeServer } from './support/fake-server.ts'

test("the document's import snippets run after changing only the import line", async (t) => {
  const server = await startFakeServer(
    t,
    routes({ 'GET /connected_accounts': { body: page([]) }, 'POST /connected_accounts': { status: 201, body: createdWire() } }),
  )
  process.env['HOLDFAST_BASE_URL'] = server.url
  t.after(() => delete process.env['HOLDFAST_BASE_URL'])
  const composio = new Composio({ apiKey: 'your-api-key' })
  const configs = [
    AuthScheme.APIKey({ api_key: 'sg-existing-sendgrid-key' }),
    AuthScheme.BearerToken({ token: 'existing-bearer-token' }),
    AuthScheme.Basic({ username: 'user@example.com', password: 'existing-password' }),
  ]
  for (const config of configs) {
    const connection = await composio.connectedAccounts.initiate('user_123', 'ac_your_auth_config', { config })
    assert.equal(connection.id, 'ca_1')
    assert.equal(connection.status, 'ACTIVE')
    assert.equal(connection.redirectUrl, null)
  }
  const posts = server.requests.filter(({ method }) => method === 'POST')
  assert.deepEqual(
    posts.map(({ body }) => body),
    [
      { authScheme: 'API_KEY', val: { status: 'ACTIVE', api_key: 'sg-existing-sendgrid-key' } },
      { authScheme: 'BEARER_TOKEN', val: { status: 'ACTIVE', token: 'existing-bearer-token' } },
      { authScheme: 'BASIC', val: { status: 'ACTIVE', username: 'user@example.com', password: 'existing-password' } },
    ].map((state) => ({ auth_config: { id: 'ac_your_auth_config' }, connection: { user_id: 'user_123', state } })),
  )
  assert.equal(posts[0]?.headers['x-api-key'], 'your-api-key')
  assert.equal(posts[0]?.path, '/api/v3.1/connected_accounts')
})

test('a second connection is refused before anything is created, unless it is allowed', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'GET /connected_accounts': { body: page([accountWire({ id: 'ca_there' })]) },
      'POST /connected_accounts': { status: 201, body: createdWire() },
    }),
  )
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url })
  await assert.rejects(holdfast.connectedAccounts.initiate('user, 1', 'ac_1'), (error) => {
    assert.ok(error instanceof HoldfastMultipleConnectionsError)
    return error.connectedAccountId === 'ca_there'
  })
  assert.deepEqual(
    server.requests.map(({ method, query }) => [method, query]),
    [['GET', { user_ids: '["user, 1"]', auth_config_ids: 'ac_1', statuses: 'ACTIVE', limit: '1' }]],
  )
  const options = { allowMultiple: true, alias: 'work', callbackUrl: 'https://app/back', validateCredentials: true }
  await holdfast.connectedAccounts.initiate('user, 1', 'ac_1', options)
  assert.equal(server.requests.length, 2)
  assert.deepEqual(server.requests[1]?.body, {
    auth_config: { id: 'ac_1' },
    connection: { user_id: 'user, 1', alias: 'work', callback_url: 'https://app/back' },
    validate_credentials: true,
  })
})

test('update takes the credential, the alias and the switch, alone and together', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'PATCH /connected_accounts/ca_1': { body: { success: true, id: 'ca_1', status: 'ACTIVE' } },
      'PATCH /connected_accounts/ca_1/status': { body: { success: true } },
    }),
  )
  const { connectedAccounts } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const connection = { state: { authScheme: 'BEARER_TOKEN', val: { token: 'new-access-token', subdomain: null } } } as const
  assert.deepEqual(await connectedAccounts.update('ca_1', { connection }), { success: true, id: 'ca_1', status: 'ACTIVE' })
  await connectedAccounts.update('ca_1', { enabled: false })
  await connectedAccounts.update('ca_1', { alias: 'work', enabled: true })
  await connectedAccounts.enable('ca_1')
  await connectedAccounts.disable('ca_1')
  const sent = server.requests.map(({ path, body }) => [path.replace('/api/v3.1/connected_accounts/ca_1', ''), body])
  assert.deepEqual(sent, [
    ['', { connection }],
    ['/status', { enabled: false }],
    ['', { alias: 'work' }],
    ['/status', { enabled: true }],
    ['/status', { enabled: true }],
    ['/status', { enabled: false }],
  ])
  await assert.rejects(connectedAccounts.update('ca_1', {}), HoldfastValidationError)
})

test('an account comes back in camelCase, from get and from list', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'GET /connected_accounts/ca_1': { body: accountWire() },
      'GET /connected_accounts': { body: page([accountWire()], 'next') },
      'DELETE /connected_accounts/ca_1': { body: { success: true } },
      'POST /connected_accounts/ca_1/refresh': { body: { id: 'ca_1', status: 'ACTIVE', redirect_url: null } },
      'POST /connected_accounts/link': {
        status: 201,
        body: { connected_account_id: 'ca_2', redirect_url: 'https://h/link', link_token: 'lk_1', expires_at: '' },
      },
    }),
  )
  const { connectedAccounts } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const account = await connectedAccounts.get('ca_1')
  assert.deepEqual(account.authConfig, { id: 'ac_1', authScheme: 'API_KEY', isComposioManaged: false, isDisabled: false })
  assert.equal(account.userId, 'user_123')
  assert.equal(account.createdAt, '2026-01-01T00:00:00.000Z')
  assert.ok(!Object.keys(account).some((key) => key.includes('_')))
  const listed = await connectedAccounts.list({
    userIds: ['a', 'b'],
    toolkitSlugs: ['gmail'],
    orderBy: 'created_at',
    cursor: 'c',
  })
  assert.deepEqual(listed, { items: [account], nextCursor: 'next', totalPages: 1, totalItems: 1 })
  assert.deepEqual(server.requests[1]?.query, { user_ids: 'a,b', toolkit_slugs: 'gmail', order_by: 'created_at', cursor: 'c' })
  assert.deepEqual(await connectedAccounts.delete('ca_1'), { success: true })
  const refreshed = await connectedAccounts.refresh('ca_1', { validateCredentials: true, redirectUrl: 'https://app' })
  assert.deepEqual(refreshed, { id: 'ca_1', status: 'ACTIVE', redirectUrl: null })
  assert.deepEqual(
    [server.requests[3]?.query, server.requests[3]?.body],
    [{ redirect_url: 'https://app' }, { validate_credentials: true }],
  )
  const link = await connectedAccounts.link('u', 'ac_1', { allowMultiple: true, callbackUrl: 'https://app' })
  assert.deepEqual(link.toJSON(), { id: 'ca_2', status: 'INITIATED', redirectUrl: 'https://h/link' })
  assert.deepEqual(server.requests[4]?.body, { user_id: 'u', auth_config_id: 'ac_1', callback_url: 'https://app' })
})

test('an id cannot climb to another route', async (t) => {
  const server = await startFakeServer(t, routes({}))
  const { connectedAccounts } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  await assert.rejects(connectedAccounts.get('../auth_configs'), { status: 404 })
  assert.equal(server.requests[0]?.path, '/api/v3.1/connected_accounts/..%2Fauth_configs')
  await assert.rejects(connectedAccounts.get('..'), HoldfastValidationError)
  await assert.rejects(connectedAccounts.delete(''), HoldfastValidationError)
  assert.equal(server.requests.length, 1)
})

test('waiting ends when the connection is ACTIVE, when it is dead, or when the time is over', async (t) => {
  const waiting = (...statuses: string[]) =>
    startFakeServer(
      t,
      routes({
        'POST /connected_accounts': { status: 201, body: createdWire('INITIATED', 'https://consent') },
        'GET /connected_accounts/ca_1': statuses.map((status) => ({
          body: accountWire({ status, status_reason: 'no consent' }),
        })),
      }),
    )
  const initiate = async (...statuses: string[]) => {
    const server = await waiting(...statuses)
    return new Holdfast({ apiKey: 'k', baseURL: server.url }).connectedAccounts.initiate('u', 'ac_1', { allowMultiple: true })
  }
  const active = await initiate('INITIATED', 'ACTIVE')
  assert.equal(active.redirectUrl, 'https://consent')
  assert.equal((await active.waitForConnection({ intervalMs: 5 })).status, 'ACTIVE')
  const failed = (await initiate('INITIATED', 'FAILED')).waitForConnection({ intervalMs: 5 })
  await assert.rejects(failed, (error) => error instanceof HoldfastConnectionFailedError && error.statusReason === 'no consent')
  const pending = (await initiate('INITIATED')).waitForConnection(30)
  await assert.rejects(pending, (error) => error instanceof HoldfastConnectionPendingError && error.status === 'INITIATED')
  const aborted = (await initiate('INITIATED')).waitForConnection({ signal: AbortSignal.timeout(20) })
  await assert.rejects(aborted, { name: 'AbortError' })
})
