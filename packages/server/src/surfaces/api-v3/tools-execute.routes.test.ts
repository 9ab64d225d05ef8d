import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Static } from 'typebox'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { openRouteApp, refusalOf } from '../../../testing/route-app.ts'
import { createCatalogue } from '../../domain/toolkits/catalogue.ts'
import { exampleTool, exampleToolkit } from '../../domain/toolkits/fixture.testing.ts'
import { type Seen, startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import type { ExecuteToolReply, WireProxyReply } from './tools-execute.schema.ts'

type Executed = Static<typeof ExecuteToolReply>
type Proxied = Static<typeof WireProxyReply>
type Answer = (seen: Seen) => { status?: number; type?: string; body?: string | Buffer }

const ITEM = { type: 'string' } as const
const TOOLS = [
  exampleTool({ method: 'GET', path: '/items/{id}' }, { properties: { id: ITEM }, required: ['id'] }),
  {
    ...exampleTool({ method: 'POST', path: '/items' }, { properties: { id: ITEM, tags: { type: 'array', items: ITEM } } }),
    slug: 'EXAMPLE_SEND',
  },
]

async function setUp(t: TestContext, testDatabase: TestDatabase, answer: Answer = () => ({})) {
  const upstream = await startUpstream(t, (seen, response) => {
    const { status = 200, type = 'application/json', body = '{"ok":true}' } = answer(seen)
    response.writeHead(status, { 'content-type': type, 'set-cookie': 'session=marked', 'x-answer': 'yes' }).end(body)
  })
  const { host } = new URL(upstream.origin)
  const toolkit = exampleToolkit({ base_url: `${upstream.origin}/v1`, hosts: [host] }, TOOLS)
  const app = await openRouteApp(t, testDatabase, { catalogue: createCatalogue([toolkit]), allowHosts: [host] })
  const authConfigId = await app.authConfig('example', 'API_KEY')
  const account = await app.connect(authConfigId, { api_key: 'sk-marked-key' })
  const execute = (body: object, tool = 'EXAMPLE_CALL') => app.call<Executed>('POST', `/tools/execute/${tool}`, body)
  const proxy = (body: object) =>
    app.call<Proxied>('POST', '/tools/execute/proxy', { connected_account_id: account, endpoint: '/x', method: 'POST', ...body })
  return { ...app, upstream, host, authConfigId, account, execute, proxy, last: () => upstream.seen.at(-1) }
}

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`a tool runs for a user or with a connection, in every form of body, and never with another project's (${name})`, async (t) => {
    const { call, execute, account, last, newProject, upstream } = await setUp(t, testDatabase)
    const args = { arguments: { id: 'one' } }
    const nothing = { connected_account_id: null, custom_auth_params: null, custom_connection_data: null, text: null }
    for (const who of [
      { connected_account_id: account },
      { user_id: 'u' },
      { entity_id: 'u' },
      { ...nothing, user_id: 'u', version: '1' },
    ]) {
      const { status, body, text } = await execute({ ...args, ...who })
      const { log_id, ...rest } = body
      assert.deepEqual([status, rest], [200, { data: { ok: true }, error: null, successful: true, session_info: null }], text)
      assert.match(log_id, /^log_/)
      assert.deepEqual([last()?.url, last()?.headers['x-api-key']], ['/v1/items/one', 'sk-marked-key'])
    }
    const sent = upstream.seen.length
    assert.deepEqual(refusalOf(await execute(args)), [404, 'ActionExecute_ConnectedAccountNotFound'])
    assert.deepEqual(refusalOf(await execute({ ...args, user_id: 'v' })), [404, 'ActionExecute_ConnectedAccountNotFound'])
    assert.deepEqual(refusalOf(await execute({ ...args, user_id: 'v', connected_account_id: account })), [400, 'invalid_request'])
    assert.deepEqual(refusalOf(await execute({ ...args, user_id: 'u' }, 'EXAMPLE_UNKNOWN')), [404, 'tool_not_found'])
    const { apiKey } = await newProject('stranger')
    for (const [path, body] of [
      ['EXAMPLE_CALL', args],
      ['proxy', { endpoint: '/x', method: 'GET' }],
    ] as const) {
      const reply = await call('POST', `/tools/execute/${path}`, { ...body, connected_account_id: account }, apiKey)
      assert.deepEqual(refusalOf(reply), [404, 'account_not_found'])
    }
    assert.equal(upstream.seen.length, sent)
  })

  test(`what an upstream refuses is a result, and its words cannot hold up the record of other calls (${name})`, async (t) => {
    const message = 'no \u0000 and half \ud83d, says sk-marked-key'
    const { execute, deps, account } = await setUp(t, testDatabase, () => ({ status: 403, body: JSON.stringify({ message }) }))
    for (const id of ['one', 'two']) {
      const { status, body, text } = await execute({ user_id: 'u', arguments: { id } })
      assert.deepEqual([status, body.successful, /marked/.test(text)], [200, false, false], text)
      assert.match(body.error ?? '', /^Example answered 403: no .*says \[secret\]$/)
    }
    await deps.log.flush()
    const rows = await deps.db.selectFrom('execution_log').select(['error', 'upstream_status', 'account_id']).execute()
    assert.deepEqual(
      rows.map((row) => [row.upstream_status, row.account_id]),
      [
        [403, account],
        [403, account],
      ],
    )
    for (const row of rows) assert.match(row.error ?? '', /no \ufffd and half \ufffd/)
  })
}

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('wrong arguments are named by their path, and text alone needs a model that is not here', async (t) => {
  const { execute, call, upstream } = await setUp(t, sqlite)
  const wrong: readonly (readonly [object, string, string])[] = [
    [{ id: 7 }, 'EXAMPLE_CALL', 'arguments.id'],
    [{}, 'EXAMPLE_CALL', 'arguments.id'],
    [{ tags: ['a', 1] }, 'EXAMPLE_SEND', 'arguments.tags[1]'],
  ]
  for (const [args, tool, path] of wrong) {
    const reply = await execute({ user_id: 'u', arguments: args }, tool)
    assert.deepEqual(refusalOf(reply), [400, 'invalid_tool_arguments'])
    assert.ok(reply.body.error.errors[0]?.startsWith(`${path}: `), reply.text)
  }
  for (const reply of [
    await execute({ user_id: 'u', text: 'read item one' }),
    await call('POST', '/tools/execute/EXAMPLE_CALL/input', { text: 'read item one' }),
  ])
    assert.deepEqual([...refusalOf(reply), reply.headers['x-should-retry']], [501, 'not_implemented', 'false'])
  assert.equal(upstream.seen.length, 0)
})

test('authentication brought along for one call takes the place of a connection', async (t) => {
  const { execute, last, upstream, host } = await setUp(t, sqlite)
  const args = { arguments: { id: 'one' } }
  const parameters = [
    { name: 'X-Api-Key', in: 'header', value: 'mine-for-one-call' },
    { name: 'page', in: 'query', value: 2 },
  ]
  const { body } = await execute({ ...args, custom_auth_params: { parameters } })
  assert.deepEqual(
    [body.successful, last()?.headers['x-api-key'], last()?.url],
    [true, 'mine-for-one-call', '/v1/items/one?page=2'],
  )
  await execute({ arguments: { id: 'one' }, custom_auth_params: { body: { account: 'acme' } } }, 'EXAMPLE_SEND')
  assert.deepEqual([JSON.parse(last()?.body ?? ''), last()?.headers['x-api-key']], [{ id: 'one', account: 'acme' }, undefined])

  const data = (val: object, more: object = {}) => ({ custom_connection_data: { authScheme: 'API_KEY', val, ...more } })
  await execute({ ...args, ...data({ generic_api_key: 'another-one' }, { toolkitSlug: 'EXAMPLE' }) })
  assert.equal(last()?.headers['x-api-key'], 'another-one')
  const sent = upstream.seen.length
  const refused: readonly (readonly [object, number, string])[] = [
    [data({}), 400, 'missing_credential_field'],
    [data({ api_key: 'x' }, { toolkitSlug: 'other' }), 400, 'invalid_request'],
    [data({ token: 'x' }, { authScheme: 'BEARER_TOKEN' }), 400, 'auth_scheme_not_offered'],
    [data({ api_key: 'marked\r\nx-evil: 1' }), 400, 'invalid_request'],
    [{ custom_auth_params: { parameters: [{ name: 'x', in: 'body', value: '1' }] } }, 400, 'invalid_request'],
    [{ custom_auth_params: { parameters: [{ name: 'bad name', in: 'header', value: '1' }] } }, 400, 'invalid_request'],
    [{ custom_auth_params: { parameters: [{ name: 'x', in: 'header', value: 'marked\r\nx-evil: 1' }] } }, 400, 'invalid_request'],
  ]
  for (const [body, status, slug] of refused) {
    const reply = await execute({ ...args, ...body })
    assert.deepEqual([...refusalOf(reply), /marked/.test(reply.text)], [status, slug, false], reply.text)
  }
  assert.equal(upstream.seen.length, sent)
  await execute({ ...args, custom_auth_params: { base_url: 'https://evil.example', parameters: [] } })
  assert.equal(last()?.headers.host, host, 'only a toolkit that takes a base_url can be sent elsewhere')
})

test('the proxy carries every method and body, and parameters where they belong', async (t) => {
  const { proxy, last } = await setUp(t, sqlite)
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
    const { status, body, text } = await proxy({ method })
    assert.deepEqual([status, body.status, last()?.method, last()?.url], [200, 200, method, '/v1/x'], text)
    assert.deepEqual(body.data, method === 'HEAD' ? null : { ok: true })
  }
  await proxy({
    endpoint: '/items?a=1',
    body: { text: 'NUL \u0000 and half \ud83d pass through' },
    parameters: [
      { name: 'q', type: 'query', value: 'a&b' },
      { name: 'n', in: 'query', value: 7 },
      { name: 'X-Extra', type: 'header', value: true },
      { name: 'X-API-KEY', type: 'header', value: 'mine' },
    ],
  })
  const { url, headers, body } = last() ?? assert.fail()
  assert.deepEqual([url, headers['x-extra'], headers['x-api-key']], ['/v1/items?a=1&q=a%26b&n=7', 'true', 'sk-marked-key'])
  assert.deepEqual(JSON.parse(body), { text: 'NUL \u0000 and half \ud83d pass through' })
  await proxy({ body: 'plain', parameters: null, binary_body: null })
  assert.deepEqual([last()?.body, last()?.headers['content-type']], ['plain', 'text/plain; charset=utf-8'])
})

test('bytes go through the proxy both ways, also more than other routes take', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
  const { proxy, last, upstream } = await setUp(t, sqlite, ({ method }) =>
    method === 'GET' ? { body: bytes, type: 'application/pdf' } : {},
  )
  const { body } = await proxy({ method: 'GET' })
  assert.deepEqual(
    [body.binary_data, body.data],
    [{ url: `data:application/pdf;base64,${bytes.toString('base64')}`, content_type: 'application/pdf', size: 256 }, undefined],
  )
  await proxy({ binary_body: { base64: bytes.toString('base64'), content_type: 'image/png' } })
  assert.deepEqual([last()?.headers['content-length'], last()?.headers['content-type']], ['256', 'image/png'])
  const large = await proxy({ binary_body: { base64: Buffer.alloc(6_000_000).toString('base64') } })
  assert.deepEqual([large.status, last()?.headers['content-length']], [200, '6000000'])
  await proxy({ method: 'PUT', binary_body: { url: `${upstream.origin}/v1/file` } })
  assert.deepEqual(
    [last()?.method, last()?.headers['content-length'], last()?.headers['content-type']],
    ['PUT', '256', 'application/pdf'],
  )
  const sent = upstream.seen.length
  for (const binary_body of [{}, { base64: 'no base64!' }, { url: 'no url' }]) {
    const reply = await proxy({ binary_body })
    assert.deepEqual(refusalOf(reply), [400, 'invalid_request'])
    assert.match(reply.body.error.errors[0] ?? '', /^binary_body/)
  }
  assert.equal(upstream.seen.length, sent)
})

test('JSON goes through the proxy as the upstream wrote it: no digit of a large number is lost', async (t) => {
  const json = '{ "id": 12345678901234567890, "price": 1.10, "name": "ü \\u00fc", "list": [1, 2] }'
  const { proxy } = await setUp(t, sqlite, () => ({ body: json }))
  const { text, body } = await proxy({ method: 'GET' })
  assert.ok(text.includes(json), text)
  assert.deepEqual([body.status, (body.data as { list: unknown }).list], [200, [1, 2]])
})

test('an upstream that nests without end is passed on as text', async (t) => {
  const json = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  for (const status of [200, 400]) {
    const { proxy, execute } = await setUp(t, sqlite, () => ({ status, body: json }))
    const { body, text } = await proxy({ method: 'GET' })
    assert.deepEqual([body.status, body.data], [status, json], text.slice(0, 300))
    const executed = await execute({ user_id: 'u', arguments: { id: 'one' } })
    assert.deepEqual([executed.body.successful, executed.body.data], [status === 200, { text: json }])
  }
})

test('the proxy answers with what the upstream said, without its cookies, and goes nowhere else', async (t) => {
  const { proxy, call, account, upstream, host } = await setUp(t, sqlite, () => ({
    status: 418,
    type: 'text/plain',
    body: 'short',
  }))
  const { body } = await proxy({ endpoint: `${upstream.origin}/absolute` })
  assert.deepEqual(
    [body.status, body.data, body.headers['x-answer'], body.headers['set-cookie']],
    [418, 'short', 'yes', undefined],
  )
  const byUser = { user_id: 'u', toolkit_slug: 'EXAMPLE', endpoint: '/x', method: 'GET' }
  assert.equal((await call<Proxied>('POST', '/tools/execute/proxy', byUser)).body.status, 418)
  const sent = upstream.seen.length
  const refused: readonly (readonly [object, number, string])[] = [
    [{ endpoint: 'https://evil.example/' }, 403, 'destination_not_allowed'],
    [{ endpoint: 'http://169.254.169.254/latest' }, 403, 'destination_not_allowed'],
    [{ binary_body: { url: 'http://169.254.169.254/latest' } }, 403, 'destination_blocked'],
    [{ endpoint: `http://user:pass@${host}/` }, 403, 'destination_blocked'],
    [{ endpoint: 'http://' }, 400, 'invalid_request'],
    [{ endpoint: '' }, 400, 'invalid_request'],
    [{ method: 'TRACE' }, 400, 'invalid_request'],
    [{ method: 'get' }, 400, 'invalid_request'],
    [{ parameters: [{ name: 'x-a', type: 'header', value: 'a\r\nb' }] }, 400, 'invalid_request'],
    [{ parameters: [{ name: 'x a', type: 'header', value: 'a' }] }, 400, 'invalid_request'],
    [{ connected_account_id: undefined }, 400, 'invalid_request'],
    [{ connected_account_id: 'ca_unknown' }, 404, 'account_not_found'],
  ]
  for (const [more, status, slug] of refused) assert.deepEqual(refusalOf(await proxy(more)), [status, slug], JSON.stringify(more))
  await call('PATCH', `/connected_accounts/${account}/status`, { enabled: false })
  assert.deepEqual(refusalOf(await proxy({})), [400, 'account_not_active'])
  assert.equal(upstream.seen.length, sent)
})
