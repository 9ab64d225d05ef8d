import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Composio } from '@composio/core'
import { Composio as EarlyComposio } from 'composio-core-early'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAccount } from '../../domain/accounts/accounts.service.ts'
import { testCatalogue } from '../../domain/sessions/fixture.testing.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { requireProject } from '../http/authenticate.ts'
import { API_PREFIXES, registerApi } from '../http/both-versions.ts'
import { buildHttpServer } from '../http/server.ts'
import type { WireError } from '../http/wire-errors.ts'
import { toolRouterRoutes } from './tool-router.routes.ts'

const KEY = 'hf_key-of-the-project'
const OTHER_KEY = 'hf_key-of-another-project'
const SESSION = '/api/v3.1/tool_router/session'
const [sqlite] = testDatabases()

async function setUp(t: TestContext) {
  assert.ok(sqlite)
  const upstream = await startUpstream(t, ({ headers, url, method }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ key: headers['x-secret-key'], method, url }))
  })
  const catalogue = testCatalogue(upstream.origin)
  const deps = await testDeps(t, sqlite, { catalogue, allowHosts: [`127.0.0.1:${upstream.port}`] })
  const [projectId, otherId] = [await testProject(deps), await testProject(deps, 'other')]
  const app = buildHttpServer({ checkReplies: true })
  registerApi(app, API_PREFIXES, (api) => {
    api.addHook(
      'onRequest',
      requireProject((key) => (key === KEY ? projectId : key === OTHER_KEY ? otherId : undefined)),
    )
    toolRouterRoutes(api, { ...deps, publicUrl: () => 'https://holdfast.example' })
  })
  const baseURL = await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const mailer = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
  const connect = async (userId = 'ann', apiKey = 'good') =>
    (await createAccount(deps, projectId, { authConfigId: mailer, userId, credential: { val: { api_key: apiKey } } })).account.id
  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, key = KEY) => {
    const reply = await app.inject({ method, url, headers: { 'x-api-key': key }, ...(payload && { payload }) })
    return { status: reply.statusCode, headers: reply.headers, body: reply.json() as Record<string, unknown> & WireError }
  }
  const create = async (body: object = {}) =>
    (await call('POST', SESSION, { user_id: 'ann', ...body })).body['session_id'] as string
  return { app, baseURL, connect, mailer, call, create, upstream }
}

test('a session answers with its settings as the wire has them, alike under both versions', async (t) => {
  const { call, connect, mailer } = await setUp(t)
  const account = await connect()
  const body = {
    user_id: 'ann',
    toolkits: { enable: ['Mailer', 'notes'] },
    tools: { mailer: { enable: ['mailer_send'] }, notes: { tags: ['readOnlyHint'] } },
    tags: { enable: [], disable: ['destructiveHint'] },
    auth_configs: { mailer },
    connected_accounts: { mailer: [account] },
    manage_connections: { enable: true, callback_url: 'https://app.example/back', enable_wait_for_connections: null },
    preload: { tools: ['MAILER_SEND_MESSAGE'] },
    multi_account: { enable: true, max_accounts_per_toolkit: 3 },
    workbench: { enable: false, enable_proxy_execution: false },
    search: { enable: false },
  }
  const { status, body: created } = await call('POST', SESSION, body)
  assert.equal(status, 201)
  const { experimental: onlyAtFirst, ...session } = created
  assert.match((onlyAtFirst as { assistive_prompt: string }).assistive_prompt, /one user/)
  const id = session['session_id'] as string
  assert.match(id, /^trs_/)
  assert.deepEqual(session['mcp'], { type: 'http', url: `https://holdfast.example/mcp/${id}` })
  assert.deepEqual(session['tool_router_tools'], ['COMPOSIO_MULTI_EXECUTE_TOOL', 'COMPOSIO_MANAGE_CONNECTIONS'])
  assert.deepEqual(session['config'], {
    user_id: 'ann',
    toolkits: { enabled: ['mailer', 'notes'] },
    tools: { mailer: { enabled: ['MAILER_SEND_MESSAGE'] }, notes: { tags: { enabled: ['readOnlyHint'] } } },
    tags: { disabled: ['destructiveHint'] },
    auth_configs: { mailer },
    connected_accounts: { mailer: [account] },
    preload: { tools: ['MAILER_SEND_MESSAGE'] },
    search: { enable: false },
    execute: { enable_multi_execute: true },
    manage_connections: { enabled: true, callback_url: 'https://app.example/back' },
    multi_account: { enable: true, max_accounts_per_toolkit: 3 },
    workbench: { enable: false, proxy_execution_enabled: false },
  })
  for (const version of ['v3', 'v3.1']) {
    const path = `/api/${version}/tool_router/session/${id}`
    assert.deepEqual((await call('GET', path)).body, session)
    assert.deepEqual((await call('POST', `${path}/attach`, {})).body, session)
  }
  assert.deepEqual((await call('DELETE', `${SESSION}/${id}`)).body, { session_id: id, deleted: true })
  assert.equal((await call('GET', `${SESSION}/${id}`)).status, 404)
})

test('bad settings are refused with the path of each', async (t) => {
  const { call } = await setUp(t)
  const cases: [object, RegExp][] = [
    [{ user_id: '' }, /user_id/],
    [{ user_id: 7 }, /user_id/],
    [{ toolkits: ['mailer'] }, /toolkits/],
    [{ toolkits: {} }, /toolkits needs exactly one of enable, disable|toolkits: needs/],
    [{ toolkits: { enable: ['mailer'], disable: ['notes'] } }, /toolkits: needs exactly one/],
    [{ toolkits: { enabled: ['mailer'] } }, /toolkits: needs exactly one/],
    [{ toolkits: { enable: ['mialer'] } }, /toolkits\.enable: there is no toolkit "mialer"; did you mean mailer/],
    [{ tools: { mailer: {} } }, /tools\.mailer: needs exactly one/],
    [{ tools: { mailer: { enable: ['MAILER_SEND_MESAGE'] } } }, /tools\.mailer\.enable: .*MAILER_SEND_MESSAGE/],
    [{ tools: { mailer: { tags: ['important'] } } }, /tools\.mailer\.tags/],
    [{ tools: { mailer: { enable: [] }, Mailer: { disable: [] } } }, /tools\.mailer: is given twice/],
    [{ tags: ['readonlyhint'] }, /tags/],
    [{ auth_configs: { mailer: 'ac_none' } }, /auth_configs\.mailer/],
    [{ auth_configs: { mailer: 1 } }, /auth_configs\.mailer/],
    [{ connected_accounts: { mailer: 'ca_none' } }, /connected_accounts\.mailer/],
    [{ connected_accounts: { mailer: [] } }, /connected_accounts\.mailer/],
    [{ preload: { tools: 'everything' } }, /preload\.tools/],
    [{ preload: { tools: 'all' } }, /preload\.tools/],
    [{ multi_account: { max_accounts_per_toolkit: 11 } }, /multi_account\.max_accounts_per_toolkit/],
    [{ manage_connections: true }, /manage_connections/],
  ]
  for (const [change, expected] of cases) {
    const { status, body } = await call('POST', SESSION, { user_id: 'ann', ...change })
    assert.equal(status, 400, JSON.stringify(change))
    assert.match(body.error.errors.join('\n'), expected, JSON.stringify(change))
  }
  assert.equal((await call('POST', SESSION)).status, 400)
})

test('what would loosen a session if it were passed over is refused: custom tools', async (t) => {
  const { call } = await setUp(t)
  for (const experimental of [{ custom_tools: [{ slug: 'X' }] }, { custom_toolkits: [{ slug: 'x' }] }]) {
    const { status, headers } = await call('POST', SESSION, { user_id: 'ann', experimental })
    assert.deepEqual([status, headers['x-should-retry']], [501, 'false'])
  }
})

test('experimental settings: time zone, link address and permissions, and a confirmation in the call of the app', async (t) => {
  const { call, connect } = await setUp(t)
  const account = await connect()
  const permissions = { default: 'ask_every_call', overrides: { [`MAILER_LIST_MESSAGES:${account}`]: 'always_allow' } }
  const experimental = {
    assistive_prompt_config: { user_timezone: 'Europe/London' },
    link_url_overwrite: 'https://connect.app.example/',
    permissions,
  }
  const { body: created } = await call('POST', SESSION, { user_id: 'ann', experimental })
  assert.match((created['experimental'] as { assistive_prompt: string }).assistive_prompt, /Europe\/London/)
  const url = `${SESSION}/${created['session_id']}`
  const kept = { link_url_overwrite: 'https://connect.app.example', permissions }
  const experimentalNow = async () => ((await call('GET', url)).body['config'] as { experimental?: object }).experimental
  assert.deepEqual(await experimentalNow(), kept)
  const { body: link } = await call('POST', `${url}/link`, { toolkit: 'mailer' })
  assert.equal(link['redirect_url'], `https://connect.app.example/link/${link['link_token']}`)

  const send = { tool_slug: 'MAILER_SEND_MESSAGE', arguments: { to: 'x' } }
  const asked = await call('POST', `${url}/execute`, send)
  assert.deepEqual([asked.status, asked.body.error.slug], [403, 'confirmation_required'])
  assert.equal((await call('POST', `${url}/execute`, { ...send, experimental: { confirmed: true } })).status, 200)
  assert.equal((await call('POST', `${url}/execute`, { tool_slug: 'MAILER_LIST_MESSAGES' })).status, 200)
  await call('PATCH', url, { experimental: { permissions: { default: 'allow_all' } } })
  assert.equal((await call('POST', `${url}/execute`, send)).status, 200)
  assert.deepEqual(await experimentalNow(), { ...kept, permissions: { default: 'allow_all', overrides: {} } })
  await call('PATCH', url, { experimental: null })
  assert.equal(await experimentalNow(), undefined)

  for (const [wrong, path] of [
    [{ assistive_prompt_config: { user_timezone: 'Mars/Base' } }, /user_timezone/],
    [{ link_url_overwrite: 'javascript:alert(1)' }, /link_url_overwrite/],
    [{ link_url_overwrite: 'https://x.example/?a=b' }, /link_url_overwrite/],
    [{ permissions: { default: 'never' } }, /permissions/],
    [
      { permissions: { default: 'allow_all', overrides: { 'MAILER_SEND_MESAGE:__none__': 'ask_once' } } },
      /did you mean MAILER_SEND_MESSAGE/,
    ],
  ] as const) {
    const refused = await call('POST', SESSION, { user_id: 'ann', experimental: wrong })
    assert.equal(refused.status, 400, JSON.stringify(wrong))
    assert.match(refused.body.error.errors.join(), path)
  }
})

test("no route of another project's session answers anything but 404, and none answers without a key", async (t) => {
  const { app, call, create } = await setUp(t)
  const id = await create()
  const routes: ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?][] = [
    ['GET', ''],
    ['PATCH', '', {}],
    ['GET', '/config_history'],
    ['POST', '/attach', {}],
    ['GET', '/toolkits'],
    ['GET', '/tools'],
    ['POST', '/execute', { tool_slug: 'WEATHER_FORECAST' }],
    ['POST', '/execute_meta', { slug: 'COMPOSIO_SEARCH_TOOLS' }],
    ['POST', '/search', { queries: [{ use_case: 'x' }] }],
    ['POST', '/proxy_execute', { toolkit_slug: 'weather', endpoint: '/', method: 'GET' }],
    ['POST', '/link', { toolkit: 'mailer' }],
    ['DELETE', ''],
  ]
  for (const [method, path, body] of routes) {
    const url = `${SESSION}/${id}${path}`
    const other = await call(method, url, body, OTHER_KEY)
    assert.deepEqual([other.status, other.body.error.slug], [404, 'session_not_found'], url)
    assert.equal((await app.inject({ method, url, ...(body && { payload: body }) })).statusCode, 401, url)
  }
  assert.equal((await call('GET', `${SESSION}/${id}`)).status, 200)
})

test('bad calls name what is wrong', async (t) => {
  const { call, create } = await setUp(t)
  const id = await create({ toolkits: { disable: ['notes'] } })
  const cases: [string, object, number, RegExp][] = [
    ['/execute', {}, 400, /tool_slug/],
    ['/execute', { tool_slug: 'MAILER_SEND_MESSAGE', arguments: 'x' }, 400, /arguments/],
    ['/execute', { tool_slug: 'NOTES_PLAIN' }, 403, /not in this session/],
    ['/execute', { tool_slug: 'NOTES_PLAN' }, 404, /no tool/],
    ['/execute', { tool_slug: 'MAILER_LIST_MESSAGES' }, 404, /no active connection/],
    ['/execute_meta', { slug: 'MAILER_LIST_MESSAGES' }, 404, /no helper tool/],
    ['/execute_meta', { slug: 'COMPOSIO_REMOTE_WORKBENCH' }, 501, /not available/],
    ['/search', { queries: [] }, 400, /queries/],
    ['/search', { queries: [{ use_case: 'x'.repeat(1025) }] }, 400, /queries\.0\.use_case/],
    ['/proxy_execute', { endpoint: '/', method: 'GET' }, 400, /toolkit_slug/],
    ['/proxy_execute', { toolkit_slug: 'notes', endpoint: '/', method: 'GET' }, 403, /not in this session/],
    ['/proxy_execute', { toolkit_slug: 'mailer', endpoint: '/', method: 'TRACE' }, 400, /method/],
    ['/link', {}, 400, /toolkit/],
    ['/link', { toolkit: 'notes' }, 403, /not in this session/],
    ['/link', { toolkit: 'nowhere' }, 404, /no toolkit/],
    ['/link', { toolkit: 'weather' }, 400, /needs no connection/],
    ['/link', { toolkit: 'mailer', callback_url: 'javascript:alert(1)' }, 400, /callback_url/],
  ]
  for (const [path, body, status, expected] of cases) {
    const reply = await call('POST', `${SESSION}/${id}${path}`, body)
    assert.equal(reply.status, status, JSON.stringify(body))
    assert.match(`${reply.body.error.message}\n${reply.body.error.errors}`, expected, JSON.stringify(body))
    if (status === 501) assert.equal(reply.headers['x-should-retry'], 'false')
  }
  for (const query of ['limit=0', 'cursor=nonsense', 'is_connected=maybe'])
    assert.equal((await call('GET', `${SESSION}/${id}/toolkits?${query}`)).status, 400, query)
})

test('toolkits are paged and filtered, each with the connection that a call would use', async (t) => {
  const { call, create, connect } = await setUp(t)
  await connect('bob')
  const account = await connect('ann')
  const id = await create({ toolkits: { disable: ['notes'] } })
  const toolkits = async (query: string) => {
    const { body } = await call('GET', `${SESSION}/${id}/toolkits?${query}`)
    const { items, next_cursor } = body as unknown as {
      items: { slug: string; enabled: boolean; is_no_auth: boolean; connected_account: { id: string } | null }[]
      next_cursor: string | null
    }
    return { shown: items.map((one) => [one.slug, one.enabled, one.connected_account?.id ?? null]), next_cursor }
  }
  assert.deepEqual((await toolkits('')).shown, [
    ['mailer', true, account],
    ['weather', true, null],
  ])
  const first = await toolkits('limit=1')
  assert.deepEqual(first.shown, [['mailer', true, account]])
  assert.deepEqual((await toolkits(`limit=1&cursor=${first.next_cursor}`)).shown, [['weather', true, null]])
  assert.deepEqual((await toolkits('is_connected=true')).shown, [['mailer', true, account]])
  assert.deepEqual((await toolkits('search=WEAther')).shown, [['weather', true, null]])
  assert.deepEqual((await toolkits('toolkits=notes,mailer')).shown, [
    ['mailer', true, account],
    ['notes', false, null],
  ])
})

test('a patch replaces lists, merges switches, takes null for the default, and leaves the rest alone', async (t) => {
  const { call, create, connect } = await setUp(t)
  const account = await connect()
  const id = await create({
    toolkits: { enable: ['mailer', 'notes'] },
    tools: { notes: { tags: ['readOnlyHint'] } },
    connected_accounts: { mailer: [account] },
    manage_connections: { enable: true, callback_url: 'https://app.example/back', enable_connection_removal: false },
    preload: { tools: ['NOTES_READ_NOTE'] },
    multi_account: { enable: true },
  })
  const url = `${SESSION}/${id}`
  const before = (await call('GET', url)).body['config'] as Record<string, unknown>
  const unchanged = await call('PATCH', url, {})
  assert.deepEqual([unchanged.status, unchanged.body['config'], unchanged.body['config_version']], [200, before, 2])
  const { body: patched } = await call('PATCH', url, {
    toolkits: { disable: ['weather'] },
    manage_connections: { callback_url: 'https://app.example/elsewhere' },
    multi_account: null,
    connected_accounts: null,
    search: { enable: false },
    config_version: 2,
  })
  const { multi_account: _gone, ...kept } = before
  assert.deepEqual(patched['config'], {
    ...kept,
    toolkits: { disabled: ['weather'] },
    connected_accounts: {},
    manage_connections: { enabled: true, callback_url: 'https://app.example/elsewhere', enable_connection_removal: false },
    search: { enable: false },
  })
  assert.deepEqual((await call('GET', url)).body, patched)
  assert.deepEqual(patched['tool_router_tools'], ['COMPOSIO_MULTI_EXECUTE_TOOL', 'COMPOSIO_MANAGE_CONNECTIONS'])

  const stale = await call('PATCH', url, { search: { enable: true }, config_version: 2 })
  assert.deepEqual([stale.status, stale.body.error.slug, stale.headers['x-should-retry']], [409, 'session_conflict', 'false'])
  for (const [body, expected] of [
    [{ toolkits: { enable: ['mialer'] } }, /toolkits\.enable.*mailer/],
    [{ toolkits: { enable: ['mailer'], disable: ['notes'] } }, /toolkits/],
    [{ config_version: 0 }, /config_version/],
    [{ tools: null }, /tools/],
    [{ user_id: 'bob', tags: 'x' }, /tags/],
  ] as const) {
    const refused = await call('PATCH', url, body)
    assert.equal(refused.status, 400, JSON.stringify(body))
    assert.match(refused.body.error.errors.join('\n'), expected)
  }

  const { body: first } = await call('GET', `${url}/config_history?limit=2`)
  const { body: second } = await call('GET', `${url}/config_history?limit=2&cursor=${first['next_cursor']}`)
  const items = [first, second].flatMap(({ items }) => items as { version: number; is_current: boolean; config: object }[])
  assert.deepEqual(
    items.map(({ version, is_current, config }) => [version, is_current, config]),
    [
      [3, true, patched['config']],
      [2, false, before],
      [1, false, before],
    ],
  )
  assert.deepEqual([first['total_items'], second['next_cursor']], [3, null])
  for (const query of ['limit=0', 'cursor=nonsense'])
    assert.equal((await call('GET', `${url}/config_history?${query}`)).status, 400, query)
})

test('the current SDK changes a session, and what it changed holds at once', async (t) => {
  const { baseURL, connect } = await setUp(t)
  await connect()
  const composio = new Composio({ apiKey: KEY, baseURL, allowTracking: false, disableVersionCheck: true })
  const session = await composio.create('ann', { toolkits: ['mailer', 'weather'] })
  assert.equal(session.configVersion, 1)
  await session.update({ toolkits: { enable: ['mailer'] }, preload: { tools: ['MAILER_LIST_MESSAGES'] } })
  assert.deepEqual([session.configVersion, session.config.toolkits], [2, { enabled: ['mailer'] }])
  await assert.rejects(session.execute('WEATHER_FORECAST', {}), /not in this session/)
  const names = ((await session.tools()) as { function: { name: string } }[]).map((tool) => tool.function.name)
  assert.ok(names.includes('MAILER_LIST_MESSAGES'))
  const found = await session.search({ query: 'forecast the weather' })
  assert.deepEqual(found.results[0]?.primaryToolSlugs, [])
})

test('the current SDK creates, reads and uses a session, unmodified', async (t) => {
  const { baseURL, connect, mailer, upstream } = await setUp(t)
  const account = await connect()
  const composio = new Composio({ apiKey: KEY, baseURL, allowTracking: false, disableVersionCheck: true })
  const session = await composio.create('ann', { authConfigs: { mailer }, toolkits: ['mailer', 'weather'], mcp: true })
  assert.deepEqual(session.mcp, {
    type: 'http',
    url: `https://holdfast.example/mcp/${session.sessionId}`,
    headers: { 'x-api-key': KEY },
  })
  const { items } = await session.toolkits()
  assert.deepEqual(
    items.map(({ slug, isNoAuth, connection }) => [slug, isNoAuth, connection?.isActive, connection?.connectedAccount?.id]),
    [
      ['mailer', false, true, account],
      ['weather', true, undefined, undefined],
    ],
  )
  const tools = (await session.tools()) as { function: { name: string } }[]
  assert.deepEqual(
    tools.map((tool) => tool.function.name),
    ['COMPOSIO_SEARCH_TOOLS', 'COMPOSIO_GET_TOOL_SCHEMAS', 'COMPOSIO_MULTI_EXECUTE_TOOL', 'COMPOSIO_MANAGE_CONNECTIONS'],
  )
  const found = await session.search({ query: 'list messages' })
  assert.equal(found.results[0]?.primaryToolSlugs[0], 'MAILER_LIST_MESSAGES')
  const listed = await session.execute('MAILER_LIST_MESSAGES', { q: 'new' })
  assert.deepEqual([listed.data['key'], listed.error], ['good', null])
  const multi = await session.execute('COMPOSIO_MULTI_EXECUTE_TOOL', {
    tools: [{ tool_slug: 'MAILER_SEND_MESSAGE', arguments: { to: 'bob' } }],
  })
  assert.equal(multi.data['success_count'], 1)
  const proxied = await session.proxyExecute({ toolkit: 'mailer', endpoint: '/raw', method: 'POST', body: { a: 1 } })
  assert.deepEqual(proxied.data, { key: 'good', method: 'POST', url: '/raw' })
  assert.equal(upstream.seen.length, 3)

  const again = await composio.sessions.use(session.sessionId)
  assert.equal(again.sessionId, session.sessionId)
  const request = await again.authorize('mailer', { alias: 'second' })
  assert.match(request.redirectUrl ?? '', /^https:\/\/holdfast\.example\/link\/lk_[\w-]{32}$/)
  assert.equal(request.status, 'INITIATED')
  await again.delete()
  await assert.rejects(composio.sessions.use(session.sessionId), /no session/)
})

test('the direct preset of the current SDK shows every allowed tool and no helper', async (t) => {
  const { baseURL, connect } = await setUp(t)
  await connect()
  const composio = new Composio({ apiKey: KEY, baseURL, allowTracking: false, disableVersionCheck: true })
  const session = await composio.create('ann', {
    sessionPreset: 'direct_tools',
    toolkits: ['mailer'],
    tools: { mailer: { tags: { disable: ['destructiveHint'] } } },
    connectedAccounts: {},
  })
  const tools = (await session.tools()) as { function: { name: string } }[]
  assert.deepEqual(
    tools.map((tool) => tool.function.name),
    ['MAILER_LIST_MESSAGES', 'MAILER_SEND_MESSAGE'],
  )
})

test('the SDK of 2025 creates a session with its own route, unmodified', async (t) => {
  const { baseURL, call, mailer } = await setUp(t)
  const composio = new EarlyComposio({ apiKey: KEY, baseURL, allowTracking: false, disableVersionCheck: true })
  const session = await composio.experimental.toolRouter.createSession('ann', {
    toolkits: ['weather', { toolkit: 'mailer', authConfigId: mailer }],
    manuallyManageConnections: true,
  })
  assert.equal(session.url, `https://holdfast.example/mcp/${session.sessionId}`)
  const { body } = await call('GET', `${SESSION}/${session.sessionId}`)
  const config = body['config'] as { toolkits: object; auth_configs: object; manage_connections: object }
  assert.deepEqual(config.toolkits, { enabled: ['weather', 'mailer'] })
  assert.deepEqual([config.auth_configs, config.manage_connections], [{ mailer }, { enabled: false }])
})
