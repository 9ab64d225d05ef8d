import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Composio, Holdfast, HoldfastValidationError } from '../src/index.ts'
import { type Answer, page, routes, startFakeServer } from './support/fake-server.ts'

const sessionWire = {
  session_id: 'trs_1',
  mcp: { type: 'http', url: 'http://localhost:9900/mcp/trs_1' },
  config: { user_id: 'user_123' },
  config_version: 1,
  tool_router_tools: [],
}

const withSession = (table: Record<string, Answer | Answer[]> = {}) =>
  routes({
    'POST /tool_router/session': { status: 201, body: sessionWire },
    'GET /tool_router/session/trs_1': { body: sessionWire },
    ...Object.fromEntries(
      Object.entries(table).map(([key, answer]) => [key.replace(' ', ' /tool_router/session/trs_1'), answer]),
    ),
  })

test("the document's session snippet runs after changing only the import line", async (t) => {
  const server = await startFakeServer(t, withSession())
  const composio = new Composio({ apiKey: 'k', baseURL: server.url })
  const session = await composio.create('user_123', {
    authConfigs: { gmail: 'ac_your_auth_config' },
    toolkits: ['gmail'],
  })
  assert.equal(session.sessionId, 'trs_1')
  assert.deepEqual({ ...session.mcp }, { ...sessionWire.mcp, headers: { 'x-api-key': 'k' } })
  assert.deepEqual(server.requests[0]?.body, {
    user_id: 'user_123',
    auth_configs: { gmail: 'ac_your_auth_config' },
    toolkits: { enable: ['gmail'] },
    manage_connections: { enable: true },
  })
  assert.equal((await composio.use('trs_1')).sessionId, 'trs_1')
})

test('every setting of a session reaches the wire', async (t) => {
  const server = await startFakeServer(t, withSession())
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url })
  await holdfast.create('u', {
    toolkits: { disable: ['slack'] },
    connectedAccounts: { gmail: 'ca_1', github: ['ca_2', 'ca_3'] },
    tools: { gmail: ['A'], github: { disable: ['B'] }, jira: { tags: ['readOnlyHint'] } },
    tags: { disable: ['destructiveHint'] },
    manageConnections: { callbackUrl: 'https://app', waitForConnections: true },
    multiAccount: { enable: true, maxAccountsPerToolkit: 3 },
    preload: { tools: ['A'] },
  })
  await holdfast.create('u', { manageConnections: false, sessionPreset: 'direct_tools' })
  assert.deepEqual(
    server.requests.map(({ body }) => body),
    [
      {
        user_id: 'u',
        toolkits: { disable: ['slack'] },
        connected_accounts: { gmail: ['ca_1'], github: ['ca_2', 'ca_3'] },
        tools: { gmail: { enable: ['A'] }, github: { disable: ['B'] }, jira: { tags: { enable: ['readOnlyHint'] } } },
        tags: { disable: ['destructiveHint'] },
        manage_connections: { enable: true, callback_url: 'https://app', enable_wait_for_connections: true },
        multi_account: { enable: true, max_accounts_per_toolkit: 3, require_explicit_selection: true },
        preload: { tools: ['A'] },
      },
      {
        user_id: 'u',
        manage_connections: { enable: false },
        preload: { tools: 'all' },
        search: { enable: false },
        execute: { enable_multi_execute: false },
        workbench: { enable: false },
      },
    ],
  )
})

test('a session lists its toolkits with their connections', async (t) => {
  const connected = {
    id: 'ca_1',
    status: 'ACTIVE',
    auth_config: { id: 'ac_1', auth_scheme: 'OAUTH2', is_composio_managed: false },
  }
  const toolkit = (slug: string, is_no_auth: boolean, connected_account: unknown) => ({
    slug,
    name: slug,
    meta: { logo: 'l' },
    is_no_auth,
    connected_account,
  })
  const items = [toolkit('gmail', false, connected), toolkit('slack', false, null), toolkit('weather', true, null)]
  const server = await startFakeServer(t, withSession({ 'GET /toolkits': { body: page(items, 'more') } }))
  const session = await new Holdfast({ apiKey: 'k', baseURL: server.url }).create('u')
  const listed = await session.toolkits({ toolkits: ['gmail', 'slack'], isConnected: true })
  assert.equal(listed.cursor, 'more')
  assert.deepEqual(
    listed.items.map(({ slug, isNoAuth, connection }) => [slug, isNoAuth, connection?.isActive, connection?.connectedAccount]),
    [
      ['gmail', false, true, { id: 'ca_1', status: 'ACTIVE' }],
      ['slack', false, false, undefined],
      ['weather', true, undefined, undefined],
    ],
  )
  assert.deepEqual(listed.items[0]?.connection?.authConfig, { id: 'ac_1', mode: 'OAUTH2', isComposioManaged: false })
  assert.deepEqual(server.requests[1]?.query, { toolkits: 'gmail,slack', is_connected: 'true' })
})

test('a session gives its tools, runs them, searches them, links and proxies', async (t) => {
  const tool = (slug: string) => ({ slug, name: slug, description: 'd', input_parameters: {} })
  const server = await startFakeServer(
    t,
    withSession({
      'GET /tools': [{ body: page([tool('A')], 'more') }, { body: page([tool('B')]) }],
      'POST /execute': { body: { data: { ok: 1 }, error: null, log_id: 'log_1' } },
      'POST /execute_meta': { body: { data: {}, error: 'no', log_id: 'log_2' } },
      'POST /link': { status: 201, body: { connected_account_id: 'ca_9', redirect_url: 'https://h/l', link_token: 'lk' } },
      'POST /proxy_execute': { body: { status: 404, data: 'nope', headers: {} } },
      'POST /search': [
        { status: 500, headers: { 'retry-after-ms': '1' }, body: {} },
        {
          body: {
            success: true,
            error: null,
            results: [{ index: 0, use_case: 'mail', primary_tool_slugs: ['A'], related_tool_slugs: [], toolkits: ['gmail'] }],
            tool_schemas: { A: { tool_slug: 'A', toolkit: 'gmail', input_schema: { type: 'object' } } },
            toolkit_connection_statuses: [
              { toolkit: 'gmail', description: 'd', has_active_connection: true, status_message: 'ok' },
            ],
            next_steps_guidance: ['go'],
            session: { id: 'x', generate_id: false, instructions: '' },
            time_info: { current_time_utc: 'now', current_time_utc_epoch_seconds: 1, message: '' },
          },
        },
      ],
    }),
  )
  const session = await new Holdfast({ apiKey: 'k', baseURL: server.url }).create('u')
  assert.deepEqual(await session.tools(), [
    { type: 'function', function: { name: 'A', description: 'd' } },
    { type: 'function', function: { name: 'B', description: 'd' } },
  ])
  assert.deepEqual(await session.execute('A', { x: 1 }, { account: 'work' }), {
    data: { ok: 1 },
    error: null,
    successful: true,
    logId: 'log_1',
  })
  assert.equal((await session.executeMeta('COMPOSIO_SEARCH_TOOLS')).successful, false)
  assert.equal((await session.link('gmail', { callbackUrl: 'https://app' })).redirectUrl, 'https://h/l')
  assert.equal((await session.authorize('gmail')).id, 'ca_9')
  assert.deepEqual(await session.proxyExecute({ toolkit: 'gmail', endpoint: '/x', method: 'POST', body: { a: 1 } }), {
    status: 404,
    data: 'nope',
    headers: {},
  })
  const found = await session.search({ query: 'mail', toolkits: ['gmail'] })
  assert.deepEqual([found.results[0]?.primaryToolSlugs, found.toolSchemas['A']?.inputSchema], [['A'], { type: 'object' }])
  assert.equal(found.toolkitConnectionStatuses[0]?.hasActiveConnection, true)
  assert.deepEqual(
    server.requests.slice(3).map(({ body }) => body),
    [
      { tool_slug: 'A', arguments: { x: 1 }, account: 'work' },
      { slug: 'COMPOSIO_SEARCH_TOOLS', arguments: {} },
      { toolkit: 'gmail', callback_url: 'https://app' },
      { toolkit: 'gmail' },
      { toolkit_slug: 'gmail', endpoint: '/x', method: 'POST', body: { a: 1 } },
      ...[1, 2].map(() => ({ queries: [{ use_case: 'mail' }], toolkits: ['gmail'] })),
    ],
  )
})

test("a model's tool calls run for a user, and in a session", async (t) => {
  const server = await startFakeServer(t, ({ path }) => {
    if (path.endsWith('/session')) return { status: 201, body: sessionWire }
    return { body: { data: { from: path }, error: null, successful: true, log_id: 'log_1' } }
  })
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const completion = (args: unknown) => ({
    choices: [
      {
        message: {
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'A', arguments: args } },
            { id: 'x', type: 'custom' },
          ],
        },
      },
    ],
  })
  const [message, ...rest] = await holdfast.provider.handleToolCalls('user_123', completion('{"to":"x"}'))
  assert.deepEqual(rest, [])
  assert.equal(message?.tool_call_id, 'call_1')
  assert.match(message?.content ?? '', /"successful":true/)
  assert.deepEqual(server.requests[0]?.body, { user_id: 'user_123', arguments: { to: 'x' } })
  const session = await holdfast.create('user_123')
  await holdfast.provider.handleToolCalls(session, completion(''))
  assert.deepEqual(server.requests[2]?.body, { tool_slug: 'A', arguments: {} })
  for (const bad of ['{', '[]', 3])
    await assert.rejects(holdfast.provider.handleToolCalls('u', completion(bad)), HoldfastValidationError)
})
