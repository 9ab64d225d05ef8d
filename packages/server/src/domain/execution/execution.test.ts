import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { type Seen, startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { createAccount, patchAccount, setAccountEnabled } from '../accounts/accounts.service.ts'
import { patchAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import type { ToolDefinition, ToolkitDefinition } from '../toolkits/definition.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import { executeTool } from './execute-tool.ts'
import { proxy } from './proxy.ts'

const tool = (slug: string, more: Partial<ToolDefinition> = {}): ToolDefinition => ({
  slug: `EXAMPLE_${slug}`,
  name: slug,
  description: slug,
  request: { method: 'GET', path: '/items/{id}' },
  input: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  ...more,
})
const TOOLS = [
  tool('GET_ITEM'),
  tool('OK_OR_NOT', { success_when: { path: 'ok', equals: true, error_path: 'error' } }),
  tool('OPEN', { no_auth: true }),
  tool('DONE', { success_when: { path: 'data.made.id', error_path: ['data.made.problems.0.message', 'errors.0.message'] } }),
  tool('NO_ERRORS', { success_when: { path: 'errors', exists: false, error_path: 'errors.0.message' } }),
  tool('READ_ONE', { tags: ['readOnlyHint'] }),
  tool('LIST', {
    request: { method: 'GET', path: '/items' },
    input: { type: 'object', properties: { ids_only: { type: 'boolean', in: 'none' }, kind: { type: 'string', default: 'k' } } },
    expand: {
      items: 'found.items',
      tool: 'EXAMPLE_READ_ONE',
      from_item: { id: 'key' },
      max: 4,
      concurrency: 2,
      unless: 'ids_only',
    },
  }),
]

type Answer = (seen: Seen) => { status?: number; type?: string; body?: string | Buffer }

async function setUp(t: TestContext, testDatabase: TestDatabase, answer: Answer, more: Partial<ToolkitDefinition> = {}) {
  const upstream = await startUpstream(t, (seen, response) => {
    const { status = 200, type = 'application/json', body = '{}' } = answer(seen)
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  const { host } = new URL(upstream.origin)
  const toolkit = exampleToolkit({ base_url: `${upstream.origin}/v1`, hosts: [host], ...more }, TOOLS)
  const deps = await testDeps(t, testDatabase, { catalogue: createCatalogue([toolkit]), allowHosts: [host] })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'API_KEY')
  const importKey = async (api_key: string, userId = 'u') =>
    (await createAccount(deps, projectId, { authConfigId, userId, credential: { val: { api_key } } })).account
  const run = (slug: string, call: Partial<Parameters<typeof executeTool>[2]> = {}) =>
    executeTool(deps, projectId, { toolSlug: `EXAMPLE_${slug}`, arguments: { id: 'one' }, userId: 'u', ...call })
  return { deps, projectId, authConfigId, importKey, run, upstream }
}

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`a tool runs with the user's most recent ACTIVE connection, never another user's (${name})`, async (t) => {
    const { importKey, run, upstream, deps, projectId } = await setUp(t, testDatabase, () => ({ body: '{"id":"one"}' }))
    await assert.rejects(run('GET_ITEM'), { code: 'no_account_for_toolkit' })
    await importKey('key-of-another-user', 'v')
    await assert.rejects(run('GET_ITEM'), { code: 'no_account_for_toolkit' })
    await importKey('key-first')
    await new Promise((resolve) => setTimeout(resolve, 2))
    const latest = await importKey('key-latest')
    const result = await run('GET_ITEM')
    assert.deepEqual([result.successful, result.error, result.data], [true, null, { id: 'one' }])
    assert.deepEqual([upstream.seen[0]?.url, upstream.seen[0]?.headers['x-api-key']], ['/v1/items/one', 'key-latest'])
    await setAccountEnabled(deps, projectId, latest.id, false)
    await run('GET_ITEM')
    assert.equal(upstream.seen[1]?.headers['x-api-key'], 'key-first')
    await assert.rejects(run('GET_ITEM', { accountId: latest.id }), { code: 'account_not_active' })
    await assert.rejects(run('GET_ITEM', { accountId: latest.id, userId: 'v' }), { code: 'invalid_request' })
  })

  test(`a rotated credential is the one that the next call sends (${name})`, async (t) => {
    const { deps, projectId, importKey, run, upstream } = await setUp(t, testDatabase, () => ({}))
    const { id } = await importKey('key-0')
    for (let turn = 1; turn <= 10; turn++) {
      await run('GET_ITEM')
      await patchAccount(deps, projectId, id, { credential: { scheme: 'API_KEY', val: { api_key: `key-${turn}` } } })
    }
    await run('GET_ITEM')
    assert.deepEqual(
      upstream.seen.map(({ headers }) => headers['x-api-key']),
      Array.from({ length: 11 }, (_, turn) => `key-${turn}`),
    )
  })

  test(`what was called is recorded, with its outcome and without its secret (${name})`, async (t) => {
    const { deps, importKey, run } = await setUp(t, testDatabase, ({ headers }) => ({
      status: 403,
      body: JSON.stringify({ message: `no: ${headers['x-api-key']}` }),
    }))
    await importKey('marked-secret-key')
    const result = await run('GET_ITEM')
    assert.deepEqual([result.successful, result.error], [false, 'Example answered 403: no: [secret]'])
    await deps.log.flush()
    const [record] = await deps.db.selectFrom('execution_log').selectAll().execute()
    assert.deepEqual(
      [record?.id, record?.tool_slug, record?.upstream_status, record?.successful],
      [result.logId, 'EXAMPLE_GET_ITEM', 403, 0],
    )
    assert.equal(JSON.stringify(record).includes('marked-secret'), false)
  })
}

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('an upstream that hides a failure behind a 200 is a failure with its reason', async (t) => {
  const { importKey, run } = await setUp(t, sqlite, ({ url }) => ({
    body: url.endsWith('bad') ? '{"ok":false,"error":"invalid_auth"}' : '{"ok":true}',
  }))
  await importKey('key-0001')
  assert.equal((await run('OK_OR_NOT', { arguments: { id: 'bad' } })).error, 'Example refused: invalid_auth')
  assert.equal((await run('OK_OR_NOT')).successful, true)
})

test('a failure is known by a list of errors that should not be there', async (t) => {
  const answers: Record<string, string> = {
    bad: '{"data":null,"errors":[{"message":"no such issue"}]}',
    good: '{"data":{"issue":{}}}',
    none: '{"data":{},"errors":null}',
  }
  const { importKey, run } = await setUp(t, sqlite, ({ url }) => ({ body: answers[url.split('/').at(-1) ?? ''] ?? '{}' }))
  await importKey('key-0001')
  const errorOf = async (id: string) => (await run('NO_ERRORS', { arguments: { id } })).error
  assert.deepEqual(
    [await errorOf('bad'), await errorOf('good'), await errorOf('none')],
    ['Example refused: no such issue', null, null],
  )
})

test('a failure is known by what is missing, and its reason is read from wherever it stands', async (t) => {
  const answers: Record<string, string> = {
    made: '{"data":{"made":{"id":"7","problems":[]}}}',
    refused: '{"data":{"made":{"id":null,"problems":[{"message":"name is taken"}]}}}',
    broken: '{"errors":[{"message":"no such field"}]}',
    silent: '{}',
  }
  const { importKey, run } = await setUp(t, sqlite, ({ url }) => ({ body: answers[url.split('/').at(-1) ?? ''] ?? '{}' }))
  await importKey('key-0001')
  const errorOf = async (id: string) => (await run('DONE', { arguments: { id } })).error
  assert.deepEqual(
    [await errorOf('made'), await errorOf('refused'), await errorOf('broken'), await errorOf('silent')],
    [null, 'Example refused: name is taken', 'Example refused: no such field', 'Example refused: no reason given'],
  )
})

test('each item of a list is fetched in its place; what cannot be had, or is too far down, stays as it was listed', async (t) => {
  const { importKey, run, upstream, deps } = await setUp(t, sqlite, ({ url, headers }) => {
    const id = url.split('/').at(-1) ?? ''
    if (url === '/v1/items' || url.includes('?'))
      return { body: JSON.stringify({ found: { items: ['a', 'b', 'c', 'd', 'e'].map((key) => ({ key })), total: 5 } }) }
    return id === 'b'
      ? { status: 404, body: `{"message":"gone, ${headers['x-api-key']}"}` }
      : { body: JSON.stringify({ id, whole: true }) }
  })
  await importKey('key-0001-marked')
  const { data, successful } = await run('LIST', { arguments: {} })
  assert.equal(successful, true)
  assert.deepEqual(data, {
    found: {
      items: [
        { id: 'a', whole: true },
        { key: 'b', expand_error: 'Example answered 404: gone, [secret]' },
        { id: 'c', whole: true },
        { id: 'd', whole: true },
        { key: 'e' },
      ],
      total: 5,
    },
  })
  assert.equal(upstream.seen.length, 5)
  assert.ok(upstream.seen.every(({ headers }) => headers['x-api-key'] === 'key-0001-marked'))
  await deps.log.flush()
  assert.equal((await deps.db.selectFrom('execution_log').selectAll().execute()).length, 1, 'one call is one record')

  const quick = await run('LIST', { arguments: { ids_only: true } })
  assert.equal(upstream.seen.length, 6)
  assert.deepEqual(Object.keys((quick.data['found'] as { items: object[] }).items[0] ?? {}), ['key'])
})

test('lists, texts, nothing and bytes come as objects', async (t) => {
  const answers: Record<string, ReturnType<Answer>> = {
    list: { body: '[1,2]' },
    text: { body: 'hello', type: 'text/plain' },
    none: { status: 204, body: '' },
    bytes: { body: Buffer.of(0, 255), type: 'image/png' },
    broken: { body: '{"a":' },
    untyped: { body: 'grüß dich', type: 'application/octet-stream' },
    unreadable: { body: Buffer.of(0, 65), type: 'application/octet-stream' },
  }
  const { importKey, run } = await setUp(t, sqlite, ({ url }) => answers[url.split('/').at(-1) ?? ''] ?? {})
  await importKey('key-0001')
  const dataOf = async (id: string) => (await run('GET_ITEM', { arguments: { id } })).data
  assert.deepEqual(await dataOf('list'), { items: [1, 2] })
  assert.deepEqual(await dataOf('text'), { text: 'hello' })
  assert.deepEqual(await dataOf('none'), {})
  assert.deepEqual(await dataOf('bytes'), { content_type: 'image/png', size: 2, base64: 'AP8=' })
  assert.deepEqual(await dataOf('broken'), { text: '{"a":' })
  assert.deepEqual(await dataOf('untyped'), { text: 'grüß dich' })
  assert.deepEqual(await dataOf('unreadable'), { content_type: 'application/octet-stream', size: 2, base64: 'AEE=' })
})

test('an upstream that cannot be reached is a result for a tool and an error for the proxy', async (t) => {
  const { deps, projectId, importKey, run, upstream } = await setUp(t, sqlite, () => ({}))
  const { id } = await importKey('key-0001')
  upstream.server.closeAllConnections()
  await new Promise((resolve) => upstream.server.close(resolve))
  const result = await run('GET_ITEM')
  assert.deepEqual([result.successful, /127\.0\.0\.1/.test(result.error ?? '')], [false, true])
  await assert.rejects(proxy(deps, projectId, { accountId: id, endpoint: '/x', method: 'GET' }), { code: 'upstream_unreachable' })
})

test('wrong arguments are refused by path before anything is sent', async (t) => {
  const { importKey, run, upstream } = await setUp(t, sqlite, () => ({}))
  await importKey('key-0001')
  await assert.rejects(run('GET_ITEM', { arguments: { id: 7 } }), { code: 'invalid_tool_arguments', message: /arguments\.id/ })
  await assert.rejects(run('NO_SUCH_TOOL'), { code: 'tool_not_found' })
  assert.equal(upstream.seen.length, 0)
})

test('a disabled auth config, or one that does not allow the tool, stops its connections', async (t) => {
  const { deps, projectId, authConfigId, importKey, run, upstream } = await setUp(t, sqlite, () => ({}))
  await importKey('key-0001')
  await patchAuthConfig(deps, projectId, authConfigId, { settings: { toolsForExecution: ['EXAMPLE_OK_OR_NOT'] } })
  await assert.rejects(run('GET_ITEM'), { code: 'tool_not_allowed' })
  await patchAuthConfig(deps, projectId, authConfigId, { enabled: false })
  await assert.rejects(run('OK_OR_NOT'), { code: 'auth_config_disabled' })
  assert.equal(upstream.seen.length, 0)
})

test('connections inherit what their auth config shares, and their own values win', async (t) => {
  const { deps, projectId, authConfigId, importKey, run, upstream } = await setUp(t, sqlite, () => ({}), {
    headers: { 'x-tenant': '{{ tenant }}' },
    auth: [
      {
        scheme: 'API_KEY',
        connection_fields: [{ name: 'tenant' }],
        placements: [{ in: 'header', name: 'x-api-key', template: '{{ api_key }}' }],
      },
    ],
  })
  await importKey('key-0001')
  await patchAuthConfig(deps, projectId, authConfigId, { sharedCredentials: { tenant: 'shared' } })
  await run('GET_ITEM')
  await createAccount(deps, projectId, { authConfigId, userId: 'w', credential: { val: { api_key: 'key-0002', tenant: 'own' } } })
  await run('GET_ITEM', { userId: 'w' })
  assert.deepEqual(
    upstream.seen.map(({ headers }) => headers['x-tenant']),
    ['shared', 'own'],
  )
})

test('a credential given for one call is used for that call and stored nowhere', async (t) => {
  const { deps, run, upstream } = await setUp(t, sqlite, () => ({}))
  await run('GET_ITEM', { customConnection: { scheme: 'API_KEY', toolkitSlug: 'example', val: { api_key: 'once-only' } } })
  await run('GET_ITEM', {
    customAuth: {
      parameters: [
        { name: 'X-Api-Key', in: 'header', value: 'mine' },
        { name: 'q', in: 'query', value: 'a b' },
      ],
    },
  })
  await run('OPEN')
  assert.deepEqual(
    upstream.seen.map(({ headers }) => headers['x-api-key']),
    ['once-only', 'mine', undefined],
  )
  assert.equal(upstream.seen[1]?.url, '/v1/items/one?q=a+b')
  assert.deepEqual(await deps.db.selectFrom('connected_account').selectAll().execute(), [])
})

test('a proxy path stays under the base URL whatever it begins with', async (t) => {
  const { deps, projectId, importKey, upstream } = await setUp(t, sqlite, () => ({}))
  const { id } = await importKey('key-0001')
  const endpoints = [
    '/a',
    'a',
    '//evil.example/a',
    '@evil.example/a',
    '\\\\evil.example\\a',
    '/v1/a',
    '/v1?a=1',
    'http:evil.example',
  ]
  for (const endpoint of endpoints) await proxy(deps, projectId, { accountId: id, endpoint, method: 'GET' })
  assert.deepEqual(
    upstream.seen.map(({ url }) => url),
    [
      '/v1/a',
      '/v1/a',
      '/v1//evil.example/a',
      '/v1/@evil.example/a',
      '/v1///evil.example/a',
      '/v1/a',
      '/v1?a=1',
      '/v1/http:evil.example',
    ],
  )
})

test('an absolute URL is called only on the hosts of the toolkit', async (t) => {
  const { deps, projectId, importKey, upstream } = await setUp(t, sqlite, () => ({}))
  const other = await startUpstream(t, (_seen, response) => response.end())
  const { id } = await importKey('key-0001')
  const call = (endpoint: string) => proxy(deps, projectId, { accountId: id, endpoint, method: 'GET' })
  assert.equal((await call(`${upstream.origin}/elsewhere`)).status, 200)
  await assert.rejects(call(`${other.origin}/a`), { code: 'destination_not_allowed' })
  await assert.rejects(call('https://evil.example/a'), { code: 'destination_not_allowed' })
  await assert.rejects(call(`http://user:pass@${new URL(upstream.origin).host}/a`), { code: /destination_/ })
  assert.deepEqual([upstream.seen.length, other.seen.length], [1, 0])
})

test('the proxy carries every method, JSON, text and bytes both ways, and parameters where they belong', async (t) => {
  const { deps, projectId, importKey, upstream } = await setUp(t, sqlite, ({ url }) =>
    url.startsWith('/v1/bytes')
      ? { type: 'application/pdf', body: Buffer.of(1, 2, 255) }
      : { status: 418, type: 'text/plain', body: 'short and stout' },
  )
  const { id } = await importKey('key-0001')
  const call = (more: Partial<Parameters<typeof proxy>[2]>) =>
    proxy(deps, projectId, { accountId: id, endpoint: '/x', method: 'POST', ...more })
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const) {
    const reply = await call({ method })
    assert.equal(reply.status, 418)
  }
  await call({
    body: { a: [1] },
    parameters: [
      { name: 'q', in: 'query', value: 'a&b' },
      { name: 'X-Extra', in: 'header', value: 'yes' },
    ],
  })
  await call({ body: 'plain' })
  await call({ binaryBody: { base64: 'AP8=', contentType: 'image/png' } })
  const [json, text, bytes] = upstream.seen.slice(-3)
  assert.deepEqual(
    [json?.body, json?.headers['content-type'], json?.url, json?.headers['x-extra']],
    ['{"a":[1]}', 'application/json', '/v1/x?q=a%26b', 'yes'],
  )
  assert.deepEqual([text?.body, text?.headers['content-type']], ['plain', 'text/plain; charset=utf-8'])
  assert.deepEqual([bytes?.headers['content-length'], bytes?.headers['content-type']], ['2', 'image/png'])
  const reply = await call({ endpoint: '/bytes' })
  assert.deepEqual(reply.content, { kind: 'binary', bytes: Buffer.of(1, 2, 255), contentType: 'application/pdf' })
  await assert.rejects(call({ binaryBody: { base64: 'not base64!' } }), { code: 'invalid_request' })
})

test("a caller's own header never replaces the credential", async (t) => {
  const { deps, projectId, importKey, upstream } = await setUp(t, sqlite, () => ({}))
  const { id } = await importKey('key-0001')
  const parameters = [{ name: 'X-API-KEY', in: 'header' as const, value: 'mine' }]
  await proxy(deps, projectId, { accountId: id, endpoint: '/x', method: 'GET', parameters })
  assert.equal(upstream.seen[0]?.headers['x-api-key'], 'key-0001')
})
