import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headlessBrowser, sendLinkForm, type Visited } from '../../testing/headless-browser.ts'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { type Answer, assertNoMarks, newSecret } from '../../testing/marks.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, type WireReply, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyUpstream
let server: TestServer
let wire: WireClient

before(async () => {
  upstream = await startKeyUpstream()
  const env = {
    HOLDFAST_ALLOW_HOSTS: upstream.host,
    HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir,
    HOLDFAST_LOG_LEVEL: 'trace',
    HOLDFAST_OAUTH_GITHUB_CLIENT_ID: 'the-operators-client',
    HOLDFAST_OAUTH_GITHUB_CLIENT_SECRET: newSecret(),
  }
  server = await startTestServer({ env })
  wire = wireClient(server)
})
after(async () => {
  await server?.stop()
  await upstream?.stop()
})

/** What the server answered, for the search at the end. Left out is only what an upstream sent along with a success. */
const answers: Answer[] = []
async function call(method: string, path: string, body?: unknown): Promise<WireReply> {
  const reply = await wire.call(method, path, body)
  answers.push({ request: `${method} ${path}`, text: reply.text })
  return reply
}

const SCHEMES = [
  ['keyed', 'API_KEY', (secret: string) => ({ generic_api_key: secret })],
  ['keyed_query', 'API_KEY', (secret: string) => ({ generic_api_key: secret })],
  ['keyed', 'BEARER_TOKEN', (secret: string) => ({ token: secret })],
  ['keyed', 'BASIC', (secret: string) => ({ username: 'somebody', password: secret })],
] as const

for (const [toolkit, authScheme, valOf] of SCHEMES)
  test(`no answer holds a ${authScheme} secret of ${toolkit}, though the upstream quotes it in its refusals`, async () => {
    const authConfig = await wire.authConfig(toolkit, authScheme)
    const secret = newSecret()
    const state = (value: string) => ({ authScheme, val: { ...valOf(value), base_url: upstream.url } })
    const created = await call('POST', '/connected_accounts', {
      auth_config: { id: authConfig },
      connection: { user_id: 'user_1', state: state(secret) },
    })
    assert.equal(created.status, 201, created.text)
    const id = String(created.body['id'])
    const prefix = toolkit.toUpperCase()
    const execute = (tool: string, args: object = {}) =>
      call('POST', `/tools/execute/${prefix}_${tool}`, { connected_account_id: id, arguments: args })
    const proxy = (endpoint: string) =>
      call('POST', '/tools/execute/proxy', { connected_account_id: id, endpoint, method: 'GET' })

    const refused = await execute('ME')
    assert.match(String(refused.body['error']), /no such credential: .*\[secret\]/)
    assert.equal((await proxy('/me')).body['status'], 401)
    assert.equal((await call('POST', `/connected_accounts/${id}/refresh`, {})).body['status'], 'EXPIRED')
    const invalid = await call('POST', '/connected_accounts', {
      auth_config: { id: authConfig },
      connection: { user_id: 'user_1', state: state(newSecret()) },
      validate_credentials: true,
    })
    assert.equal(invalid.status, 400)

    const next = newSecret()
    upstream.accept(next, 'known')
    assert.equal((await call('PATCH', `/connected_accounts/${id}`, { connection: { state: state(next) } })).status, 200)
    assert.equal((await execute('ME')).body['successful'], true)
    for (const status of [400, 403, 404, 429, 500]) {
      assert.match(String((await execute('FAIL', { status })).body['error']), new RegExp(`${status}.*\\[secret\\]`))
      assert.equal((await proxy(`/fail?status=${status}`)).body['status'], status)
    }
    assert.equal((await execute('HANG_UP')).body['successful'], false)
    assert.ok((await proxy('/hang-up')).status >= 500)
    const made = await call('POST', '/tool_router/session', { user_id: 'user_1', connected_accounts: { [toolkit]: [id] } })
    assert.equal(made.status, 201, made.text)
    const session = `/tool_router/session/${String(made.body['session_id'])}`
    const run = { tool_slug: `${prefix}_FAIL`, arguments: { status: 422 } }
    assert.match((await call('POST', `${session}/execute`, run)).text, /422.*\[secret\]/)
    const several = {
      tool_slug: 'COMPOSIO_MULTI_EXECUTE_TOOL',
      arguments: { tools: [run, { ...run, arguments: { status: newSecret() } }] },
    }
    assert.match((await call('POST', `${session}/execute`, several)).text, /422.*\[secret\]/)
    const byProxy = { toolkit_slug: toolkit, endpoint: '/fail?status=422', method: 'GET' }
    assert.match((await call('POST', `${session}/proxy_execute`, byProxy)).text, /\[secret\]/)
    await call('GET', `/connected_accounts/${id}`)
    await call('GET', '/connected_accounts?limit=1000')
    await call('DELETE', `/connected_accounts/${id}`)
  })

test('no answer holds a credential that was brought along for one call', async () => {
  const secret = newSecret()
  const custom_auth_params = { base_url: upstream.url, parameters: [{ in: 'header', name: 'x-api-key', value: secret }] }
  const byParameters = await call('POST', '/tools/execute/KEYED_ME', { custom_auth_params, arguments: {} })
  assert.match(String(byParameters.body['error']), /no such credential/, byParameters.text)
  const custom_connection_data = { authScheme: 'API_KEY', val: { api_key: newSecret(), base_url: upstream.url } }
  const byData = await call('POST', '/tools/execute/KEYED_ME', { custom_connection_data, arguments: {} })
  assert.match(String(byData.body['error']), /no such credential/, byData.text)
})

test('no answer holds the client secret of an auth config or a token of an OAuth grant', async () => {
  const made = await call('POST', '/auth_configs', {
    toolkit: { slug: 'gmail' },
    auth_config: {
      type: 'use_custom_auth',
      authScheme: 'OAUTH2',
      credentials: { client_id: 'public-client-id', client_secret: newSecret() },
    },
  })
  assert.equal(made.status, 201, made.text)
  const { id } = made.body['auth_config'] as { id: string }
  await call('PATCH', `/auth_configs/${id}`, { type: 'custom', credentials: { client_secret: newSecret() } })
  await call('GET', `/auth_configs/${id}`)
  await call('GET', '/auth_configs')
  const val = { access_token: newSecret(), refresh_token: newSecret(), expires_in: 3600 }
  const imported = await call('POST', '/connected_accounts', {
    auth_config: { id },
    connection: { user_id: 'user_1', state: { authScheme: 'OAUTH2', val } },
  })
  assert.equal(imported.status, 201, imported.text)
})

test('no page, redirect or answer holds what was typed at a link, what came back from a provider, or the operator’s client', async () => {
  const browser = headlessBrowser()
  const keep = (request: string, { body, url, headers }: Visited) =>
    answers.push({ request, text: `${body}\n${request.includes('callback') ? '' : url}\n${[...headers].join('\n')}` })
  const link = async (auth_config_id: string, connection_data: object) => {
    const made = await call('POST', '/connected_accounts/link', { auth_config_id, user_id: 'user_link', connection_data })
    assert.equal(made.status, 201, made.text)
    return String(made.body['redirect_url'])
  }
  const keyed = await wire.authConfig('keyed', 'API_KEY')
  const url = await link(keyed, { base_url: upstream.url })
  const refused = await sendLinkForm(browser, url, { api_key: newSecret() })
  assert.equal(refused.page.status, 400)
  keep('a refused key', refused.page)
  const good = newSecret()
  upstream.accept(good, 'known')
  const accepted = await sendLinkForm(browser, url, { api_key: good })
  assert.equal(accepted.page.status, 200)
  keep('an accepted key', accepted.page)
  keep(
    'a page whose fields the app has set',
    await browser.get(await link(keyed, { base_url: upstream.url, api_key: newSecret() })),
  )

  const made = await call('POST', '/auth_configs', {
    toolkit: { slug: 'github' },
    auth_config: { type: 'use_composio_managed_auth' },
  })
  assert.equal(made.status, 201, made.text)
  const { id } = made.body['auth_config'] as { id: string }
  await call('GET', `/auth_configs/${id}`)
  const trip = await sendLinkForm(browser, await link(id, {}))
  assert.match(trip.goesTo ?? '', /^https:\/\/github\.com\/login\/oauth\/authorize\?/)
  keep('the way to the provider', trip.page)
  for (const query of [
    { state: newSecret(), code: newSecret() },
    { error: newSecret(), error_description: newSecret() },
  ])
    keep('a callback', await browser.get(`${server.url}/api/v3/toolkits/auth/callback?${new URLSearchParams(query)}`))
  const state = new URL(trip.goesTo ?? '').searchParams.get('state') ?? ''
  const denied = new URLSearchParams({ state, error: newSecret(), error_description: newSecret() })
  const end = await browser.get(`${server.url}/api/v3/toolkits/auth/callback?${denied}`)
  assert.equal(end.status, 400)
  keep('a callback that says no', end)
})

test('no route answers a malformed request with the secrets in it', async () => {
  const secret = newSecret()
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const values = { generic_api_key: secret, api_key: secret, token: secret, password: secret, client_secret: secret, x: secret }
  const state = { authScheme: 'API_KEY', val: values }
  const custom_auth_params = { parameters: [{ in: 'header', name: 'x-api-key', value: secret }] }
  const bodies = [
    { auth_config: { id: 'ac_unknown', credentials: values }, connection: { state, data: values }, custom_auth_params },
    { auth_config: secret, connection: secret, arguments: secret, connected_account_id: [secret], custom_auth_params: secret },
    { connection: { state: { authScheme: secret, val: secret } }, auth_config: { authScheme: secret, credentials: secret } },
    { connection: { state: { authScheme: 'API_KEY', val: { [secret]: 1 } } }, credentials: [secret] },
    [secret],
    `{"connection":{"state":{"val":{"token":"${secret}`,
    JSON.stringify(secret),
  ]
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'unknown')] as const),
  )
  assert.ok(routes.length > 20, `only ${routes.length} routes are documented`)
  const query = new URLSearchParams({ cursor: secret, limit: secret, statuses: secret }).toString()
  for (const [method, path] of routes) {
    if (method === 'GET') await call(method, `${path}?${query}`)
    else for (const body of bodies) await call(method, path, body)
  }
  for (const [method, path] of routes.filter(([, route]) => route.includes('/org/')))
    for (const body of method === 'GET' || method === 'DELETE' ? [undefined] : bodies) {
      const reply = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'x-org-api-key': server.orgApiKey, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      answers.push({ request: `${method} ${path} with the organisation key`, text: await reply.text() })
    }
  const wrongKey = wireClient({ url: server.url, apiKey: encodeURIComponent(newSecret()) })
  for (const [method, path] of routes) {
    const { status, text } = await wrongKey.call(method, path)
    answers.push({ request: `${method} ${path} with a wrong key`, text })
    assert.ok(status >= 400 || path.startsWith('/api/') === false, `${method} ${path} answered ${status} to a wrong key`)
  }
})

// The tests above are what this one searches; it stands last and runs last.
test('after all of that, no answer, log line, metric, document or file of the server holds a mark', () =>
  assertNoMarks(server, answers))
