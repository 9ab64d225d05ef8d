import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Static } from 'typebox'
import { testDatabases } from '../../../testing/databases.ts'
import { openRouteApp, refusalOf } from '../../../testing/route-app.ts'
import type { AuthConfigPage, CreateAuthConfigReply, WireAuthConfig } from './auth-configs.schema.ts'

type Created = Static<typeof CreateAuthConfigReply>
type AuthConfig = Static<typeof WireAuthConfig>

const SECRET = 'GOCSPX-marked-client-secret'
const OAUTH = { client_id: 'client-1.apps.example', client_secret: SECRET, scopes: 'a,b' }

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`an auth config is made from every form of body that clients send, under both versions (${name})`, async (t) => {
    const { call } = await openRouteApp(t, testDatabase)
    const toolkit = { slug: 'sendgrid' }
    const forms = [
      { toolkit, auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' } },
      { toolkit, auth_config: { type: 'use_custom_auth', auth_scheme: 'API_KEY', credentials: {}, name: 'Mine' } },
      { toolkit: { slug: 'SENDGRID' }, auth_config: { authScheme: 'API_KEY', restrict_to_following_tools: ['SENDGRID_X'] } },
      { toolkit, auth_config: { type: 'use_composio_managed_auth' } },
      { toolkit },
    ]
    const made: AuthConfig[] = []
    for (const [index, form] of forms.entries()) {
      const { status, body } = await call<Created>('POST', `/api/${index % 2 ? 'v3' : 'v3.1'}/auth_configs`, form)
      assert.deepEqual([status, body.toolkit.slug, body.auth_config.auth_scheme], [201, 'sendgrid', 'API_KEY'])
      made.push((await call<AuthConfig>('GET', `/api/${index % 2 ? 'v3.1' : 'v3'}/auth_configs/${body.auth_config.id}`)).body)
    }
    assert.deepEqual(
      made.map(({ type, is_composio_managed, restrict_to_following_tools: tools }) => [type, is_composio_managed, tools.length]),
      [
        ['custom', false, 0],
        ['custom', false, 0],
        ['custom', false, 1],
        ['default', true, 0],
        ['default', true, 0],
      ],
    )
    assert.equal(made[1]?.name, 'Mine')
    const fields = made[0]?.expected_input_fields.map((field) => [field['name'], field['is_secret'], field['required']])
    assert.deepEqual(fields?.at(-1), ['api_key', true, true])
  })

  test(`a client secret is whole in no answer, however connections are shown (${name})`, async (t) => {
    const { call, authConfig } = await openRouteApp(t, testDatabase)
    await call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false })
    const shared = { api_token: 'marked-shared-token', domain: 'acme' }
    const id = await authConfig('gmail', 'OAUTH2', { credentials: OAUTH, shared_credentials: shared })
    const texts = async () => {
      const replies = [await call<AuthConfig>('GET', `/auth_configs/${id}`), await call('GET', '/auth_configs')]
      for (const { status, text } of replies) assert.deepEqual([status, /marked/.test(text)], [200, false], text)
      return replies[0]?.body as AuthConfig
    }
    const first = await texts()
    assert.deepEqual(first.credentials, { client_id: 'client-1.apps.example', client_secret: 'GOCS...', scopes: 'a,b' })
    assert.equal(first.shared_credentials['api_token'], 'mark...')

    const patch = { type: 'custom', credentials: { client_secret: 'new-marked-client-secret' }, scopes: ['c'] }
    assert.deepEqual((await call('PATCH', `/auth_configs/${id}`, patch)).body, { success: true })
    const patched = await texts()
    assert.deepEqual(patched.credentials, { client_id: 'client-1.apps.example', client_secret: 'new-...', scopes: ['c'] })
    await call('PATCH', `/auth_configs/${id}`, { credentials: { client_secret: null }, shared_credentials: { api_token: null } })
    const removed = await texts()
    assert.deepEqual(Object.keys(removed.credentials).toSorted(), ['client_id', 'scopes'])
    assert.deepEqual(Object.keys(removed.shared_credentials), ['domain'])
  })

  test(`a list is filtered by every form of parameter, and its pages hold each auth config once (${name})`, async (t) => {
    const { call, authConfig, walk } = await openRouteApp(t, testDatabase)
    const ids = {
      sendgrid: await authConfig('sendgrid', 'API_KEY', { name: 'Mail 100%' }),
      tavily: await authConfig('tavily', 'API_KEY', { name: 'Search' }),
      gmail: await authConfig('gmail', 'BEARER_TOKEN', { name: 'Post' }),
      managed: (await call<Created>('POST', '/auth_configs', { toolkit: { slug: 'tavily' } })).body.auth_config.id,
    }
    const disabled = await authConfig('sendgrid', 'API_KEY')
    await call('PATCH', `/auth_configs/${disabled}/disabled`)
    const { sendgrid, tavily, gmail, managed } = ids
    const lists: readonly (readonly [string, readonly string[]])[] = [
      ['', [sendgrid, tavily, gmail, managed]],
      ['toolkit_slug=gmail', [gmail]],
      ['toolkit_slug=gmail&toolkit_slug=TAVILY', [gmail, tavily, managed]],
      ['toolkit_slug=gmail,sendgrid', [gmail, sendgrid]],
      [`toolkit_slug=${encodeURIComponent('["gmail","sendgrid"]')}`, [gmail, sendgrid]],
      ['toolkit_slug=unknown', []],
      ['is_composio_managed=true', [managed]],
      ['is_composio_managed=false', [sendgrid, tavily, gmail]],
      ['search=mail%20100%25', [sendgrid]],
      ['search=_', []],
      [`search=${gmail}`, [gmail]],
      ['show_disabled=true', [sendgrid, tavily, gmail, managed, disabled]],
    ]
    for (const [query, expected] of lists) {
      const { status, body } = await call<Static<typeof AuthConfigPage>>('GET', `/auth_configs?${query}`)
      assert.equal(status, 200, query)
      assert.deepEqual(body.items.map(({ id }) => id).toSorted(), [...expected].toSorted(), query)
      assert.equal(body.total_items, expected.length)
    }
    const paged = await walk<AuthConfig>('/auth_configs?limit=2')
    assert.deepEqual(paged.map(({ id }) => id).toSorted(), Object.values(ids).toSorted())
    for (const wrong of ['limit=0', 'limit=x', 'cursor=zz', 'is_composio_managed=maybe', 'show_disabled=1']) {
      const { status, body } = await call('GET', `/auth_configs?${wrong}`)
      assert.deepEqual([status, body.error.errors[0]?.split(':')[0]], [400, wrong.split('=')[0]])
    }
  })

  test(`a patch changes what it names, a disabled or deleted auth config takes no connections (${name})`, async (t) => {
    const { call, authConfig, connect, newProject } = await openRouteApp(t, testDatabase)
    const id = await authConfig('tavily', 'API_KEY', { name: 'Before' })
    const get = async () => (await call<AuthConfig>('GET', `/auth_configs/${id}`)).body
    const patch = async (body: object) => assert.equal((await call('PATCH', `/auth_configs/${id}`, body)).status, 200)
    const before = await get()
    await patch({})
    assert.deepEqual({ ...(await get()), last_updated_at: '' }, { ...before, last_updated_at: '' })
    await patch({ name: 'After' })
    await patch({ type: 'custom', tool_access_config: { tools_available_for_execution: ['TAVILY_SEARCH'] } })
    await patch({ type: 'default', is_enabled_for_tool_router: false })
    const after = await get()
    assert.deepEqual(
      [after.name, after.tool_access_config.tools_available_for_execution, after.is_enabled_for_tool_router, after.type],
      ['After', ['TAVILY_SEARCH'], false, 'custom'],
    )
    await patch({ restrict_to_following_tools: [] })
    assert.deepEqual((await get()).restrict_to_following_tools, [])

    const key = { api_key: 'tvly-an-imported-key' }
    await connect(id, key)
    assert.equal((await get()).no_of_connections, 1)
    const again = { auth_config: { id }, connection: { state: { val: key } } }
    assert.equal((await call('PATCH', `/auth_configs/${id}/DISABLED`)).status, 200)
    assert.deepEqual(
      [(await get()).status, refusalOf(await call('POST', '/connected_accounts', again))],
      ['DISABLED', [400, 'auth_config_disabled']],
    )
    assert.equal((await call('PATCH', `/auth_configs/${id}/enabled`)).status, 200)
    assert.equal((await call('POST', '/connected_accounts', again)).status, 201)
    const wrong = await call('PATCH', `/auth_configs/${id}/SOMETIMES`)
    assert.deepEqual([wrong.status, wrong.body.error.errors], [400, ['status: must be ENABLED or DISABLED']])

    const stranger = (await newProject('stranger')).apiKey
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { name: 'Theirs' }],
      ['PATCH', '/DISABLED'],
      ['DELETE', ''],
    ] as const)
      assert.deepEqual(refusalOf(await call(method, `/auth_configs/${id}${path}`, body, stranger)), [
        404,
        'auth_config_not_found',
      ])
    assert.deepEqual([(await get()).name, (await get()).status], ['After', 'ENABLED'])

    assert.deepEqual((await call('DELETE', `/auth_configs/${id}`)).body, { success: true })
    for (const [method, body] of [['GET'], ['PATCH', {}], ['DELETE']] as const)
      assert.deepEqual(refusalOf(await call(method, `/auth_configs/${id}`, body)), [404, 'auth_config_not_found'], method)
    assert.deepEqual(refusalOf(await call('POST', '/connected_accounts', again)), [404, 'auth_config_not_found'])
  })
}

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('where only OAuth is on offer, "managed" is refused with the client credentials to bring', async (t) => {
  const { call } = await openRouteApp(t, sqlite)
  for (const slug of ['gmail', 'github', 'slack', 'googledocs']) {
    const reply = await call('POST', '/auth_configs', { toolkit: { slug }, auth_config: { type: 'use_composio_managed_auth' } })
    assert.deepEqual(refusalOf(reply), [400, 'managed_auth_unavailable'], slug)
    assert.match(reply.body.error.suggested_fix, /client_id.*client_secret.*BEARER_TOKEN/)
  }
})

test('a scheme that the toolkit does not offer, or none at all, is refused by name', async (t) => {
  const { call } = await openRouteApp(t, sqlite)
  const refusals: readonly (readonly [object, number, string, RegExp])[] = [
    [
      { toolkit: { slug: 'sendgrid' }, auth_config: { authScheme: 'BASIC' } },
      400,
      'auth_scheme_not_offered',
      /auth_config\.authScheme/,
    ],
    [{ toolkit: { slug: 'sendgrid' }, auth_config: { authScheme: 'MAGIC' } }, 400, 'invalid_request', /auth_config\.authScheme/],
    [
      { toolkit: { slug: 'sendgrid' }, auth_config: { type: 'use_custom_auth' } },
      400,
      'invalid_request',
      /auth_config\.authScheme: is required/,
    ],
    [{ toolkit: { slug: 'no_such' }, auth_config: { authScheme: 'BASIC' } }, 404, 'toolkit_not_found', /^$/],
    [{ auth_config: { authScheme: 'BASIC' } }, 400, 'invalid_request', /toolkit: is required/],
  ]
  for (const [body, status, slug, errors] of refusals) {
    const reply = await call('POST', '/auth_configs', body)
    assert.deepEqual(refusalOf(reply), [status, slug], reply.text)
    assert.match(reply.body.error.errors.join(), errors)
  }
})
