import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyUpstream
let server: TestServer
let owner: WireClient
let stranger: WireClient
let authConfig: string
let account: string
let session: string
let bulk: string

before(async () => {
  upstream = await startKeyUpstream()
  upstream.accept('key-of-the-owner', 'owner')
  server = await startTestServer({ env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir } })
  owner = wireClient(server)
  stranger = wireClient({ url: server.url, apiKey: await newProjectKey() })
  authConfig = await owner.authConfig('keyed', 'API_KEY')
  const val = { api_key: 'key-of-the-owner', base_url: upstream.url }
  account = await owner.importCredential('user_1', authConfig, 'API_KEY', val)
  const made = await owner.call('POST', '/tool_router/session', { user_id: 'user_1', toolkits: { enable: ['keyed'] } })
  session = String(made.body['session_id'])
  bulk = String((await owner.call('POST', '/imports')).body['id'])
})
after(async () => {
  await server?.stop()
  await upstream?.stop()
})

async function newProjectKey(): Promise<string> {
  const made = await fetch(`${server.url}/api/v3/org/owner/project/new`, {
    method: 'POST',
    headers: { 'x-org-api-key': server.orgApiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'another_project', should_create_api_key: true }),
  })
  const text = await made.text()
  assert.equal(made.status, 200, text)
  return (JSON.parse(text) as { api_key: string }).api_key
}

/** A request that the owner's own project would be answered, for each documented route that has an id in its path. */
const requests = (): Record<string, { path: string; body?: object }> => {
  const state = { authScheme: 'API_KEY', val: { api_key: 'key-of-the-stranger' } }
  const config = `/auth_configs/${authConfig}`
  const ca = `/connected_accounts/${account}`
  const trs = `/tool_router/session/${session}`
  const imp = `/imports/${bulk}`
  return {
    'GET /auth_configs/{id}': { path: config },
    'PATCH /auth_configs/{id}': { path: config, body: { type: 'custom', name: 'taken over' } },
    'PATCH /auth_configs/{id}/{status}': { path: `${config}/DISABLED` },
    'DELETE /auth_configs/{id}': { path: config },
    'GET /connected_accounts/{id}': { path: ca },
    'PATCH /connected_accounts/{id}': { path: ca, body: { connection: { state } } },
    'PATCH /connected_accounts/{id}/status': { path: `${ca}/status`, body: { enabled: false } },
    'POST /connected_accounts/{id}/refresh': { path: `${ca}/refresh`, body: {} },
    'POST /connected_accounts/{id}/handover': { path: `${ca}/handover`, body: { to: 'app' } },
    // A real one would have to call a provider first: surfaces/api-v3/revocations.routes.test.ts tries it.
    'GET /connected_accounts/revocations/{id}': { path: '/connected_accounts/revocations/rev_unknown' },
    'POST /connected_accounts/{id}/revoke': { path: `${ca}/revoke` },
    'DELETE /connected_accounts/{id}': { path: ca },
    'GET /imports/{id}': { path: imp },
    'GET /imports/{id}/rows': { path: `${imp}/rows` },
    'GET /imports/{id}/report.csv': { path: `${imp}/report.csv` },
    'POST /imports/{id}/parts': { path: `${imp}/parts` },
    'POST /imports/{id}/start': { path: `${imp}/start` },
    'POST /imports/{id}/pause': { path: `${imp}/pause` },
    'POST /imports/{id}/resume': { path: `${imp}/resume` },
    'POST /imports/{id}/cancel': { path: `${imp}/cancel` },
    'POST /imports/{id}/undo': { path: `${imp}/undo` },
    'GET /tool_router/session/{id}': { path: trs },
    'POST /tool_router/session/{id}/attach': { path: `${trs}/attach`, body: {} },
    'GET /tool_router/session/{id}/toolkits': { path: `${trs}/toolkits` },
    'GET /tool_router/session/{id}/tools': { path: `${trs}/tools` },
    'POST /tool_router/session/{id}/execute': { path: `${trs}/execute`, body: { tool_slug: 'KEYED_ME', arguments: {} } },
    'POST /tool_router/session/{id}/execute_meta': {
      path: `${trs}/execute_meta`,
      body: { slug: 'COMPOSIO_GET_TOOL_SCHEMAS', arguments: { tool_slugs: ['KEYED_ME'] } },
    },
    'POST /tool_router/session/{id}/search': { path: `${trs}/search`, body: { queries: [{ use_case: 'who am I' }] } },
    'POST /tool_router/session/{id}/proxy_execute': {
      path: `${trs}/proxy_execute`,
      body: { toolkit_slug: 'keyed', endpoint: '/me', method: 'GET' },
    },
    'POST /tool_router/session/{id}/link': { path: `${trs}/link`, body: { toolkit: 'keyed' } },
    'PATCH /tool_router/session/{id}': { path: trs, body: { toolkits: { enable: ['keyed'] } } },
    'GET /tool_router/session/{id}/config_history': { path: `${trs}/config_history` },
    'DELETE /tool_router/session/{id}': { path: trs },
  }
}

/** With the organisation key these are above projects; a project's key alone opens none of them. */
const ABOVE_PROJECTS = '/org/owner/'

test('each route with an id answers 404 to another project, and changes nothing', async () => {
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const documented = Object.entries(paths)
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/^\/api\/v3(\.1)?/, '')}`),
    )
    .filter((route) => route.includes('{id}') && !route.includes(ABOVE_PROJECTS))
  const known = requests()
  assert.deepEqual([...new Set(documented)].sort(), Object.keys(known).sort(), 'a route with an id is not tried here')

  for (const prefix of ['/api/v3', '/api/v3.1'])
    for (const [route, { path, body }] of Object.entries(known)) {
      const reply = await stranger.call(route.split(' ')[0] ?? '', prefix + path, body)
      assert.equal(reply.status, 404, `${prefix} ${route} answered ${reply.status}: ${reply.text}`)
      assert.doesNotMatch(reply.text, /key-of-the-owner|"owner"/)
    }
  await assertUntouched()
})

test('an id in a body belongs to its own project only', async () => {
  const seenBefore = upstream.seen.length
  const state = { authScheme: 'API_KEY', val: { api_key: 'key-of-the-stranger', base_url: upstream.url } }
  for (const [path, body] of [
    ['/connected_accounts', { auth_config: { id: authConfig }, connection: { user_id: 'user_1', state } }],
    ['/tools/execute/KEYED_ME', { connected_account_id: account, arguments: {} }],
    ['/tools/execute/KEYED_ME', { connected_account_id: account, user_id: 'user_1', arguments: {} }],
    ['/tools/execute/KEYED_ME', { user_id: 'user_1', arguments: {} }],
    ['/tools/execute/proxy', { connected_account_id: account, endpoint: '/me', method: 'GET' }],
    ['/tool_router/session', { user_id: 'user_1', auth_configs: { keyed: authConfig } }],
    ['/tool_router/session', { user_id: 'user_1', connected_accounts: { keyed: [account] } }],
  ] as const) {
    const reply = await stranger.call('POST', path, body)
    assert.ok([400, 404].includes(reply.status), `${path} answered ${reply.status}: ${reply.text}`)
  }
  const made = await stranger.call('POST', '/tool_router/session', { user_id: 'user_1', toolkits: { enable: ['keyed'] } })
  const own = `/tool_router/session/${String(made.body['session_id'])}`
  const call = { tool_slug: 'KEYED_ME', arguments: {}, account }
  for (const body of [call, { ...call, account: undefined }]) {
    const run = await stranger.call('POST', `${own}/execute`, body)
    assert.ok(run.status >= 400 || run.body['error'] !== null, run.text)
  }
  assert.doesNotMatch((await stranger.call('GET', `${own}/toolkits`)).text, new RegExp(account))
  assert.equal(upstream.seen.length, seenBefore, 'a credential left for the stranger')
  await assertUntouched()
})

test('lists hold nothing of another project, whatever they are filtered by', async () => {
  for (const path of [
    '/connected_accounts?limit=1000&account_type=ALL',
    '/connected_accounts?user_ids=user_1',
    `/connected_accounts?auth_config_ids=${authConfig}`,
    `/connected_accounts?connected_account_ids=${account}`,
    '/auth_configs?limit=1000&show_disabled=true',
  ]) {
    const { status, body } = await stranger.call('GET', path)
    assert.deepEqual([status, body['items'], body['total_items']], [200, [], 0], path)
  }
  const tools = await stranger.call('GET', `/tools?auth_config_ids=${authConfig}`)
  assert.ok(tools.status === 404 || (tools.body['items'] as unknown[]).length === 0, tools.text)
})

test("a session's MCP URL answers its own project only", async () => {
  const { mcp } = (await owner.call('GET', `/tool_router/session/${session}`)).body as { mcp: { url: string } }
  const initialize = (headers: Record<string, string>) =>
    fetch(mcp.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      }),
    }).then(({ status }) => status)
  assert.equal(await initialize({ 'x-api-key': server.apiKey }), 200)
  assert.equal(await initialize({ 'x-api-key': await newProjectKey() }), 404)
  assert.equal(await initialize({}), 401)
})

test("a project's key opens nothing above projects", async () => {
  const { status } = await owner.call('GET', '/org/owner/project/list')
  assert.equal(status, 401)
})

async function assertUntouched(): Promise<void> {
  const config = await owner.call('GET', `/auth_configs/${authConfig}`)
  assert.equal(config.body['status'], 'ENABLED')
  assert.notEqual(config.body['name'], 'taken over')
  assert.equal((await owner.call('GET', `/connected_accounts/${account}`)).body['status'], 'ACTIVE')
  const before = upstream.seen.length
  assert.deepEqual((await owner.execute('KEYED_ME', account)).data, { user: 'owner' })
  assert.deepEqual(upstream.seen.slice(before), ['key-of-the-owner'])
  assert.equal((await owner.call('GET', `/tool_router/session/${session}`)).status, 200)
}
