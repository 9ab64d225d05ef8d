import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import ComposioClient, { AuthenticationError, BadRequestError, NotFoundError } from '@composio/client'
import { startWorld } from './world.ts'

const world = await startWorld()
after(world.stop)
const { server, upstream } = world
const client = new ComposioClient({ apiKey: server.apiKey, baseURL: server.url, maxRetries: 0 })
upstream.accept('client-key', 'clio')

const newAuthConfig = async (slug = 'keyed', authScheme: 'API_KEY' | 'BASIC' = 'API_KEY') => {
  const made = await client.authConfigs.create({
    toolkit: { slug },
    auth_config: { type: 'use_custom_auth', authScheme, credentials: {} },
  })
  return made.auth_config.id
}
const keyed = await newAuthConfig()

const importKey = (user_id: string, more: { alias?: string } = {}, key = 'client-key') =>
  client.connectedAccounts.create({
    auth_config: { id: keyed },
    connection: {
      user_id,
      ...more,
      state: { authScheme: 'API_KEY', val: { status: 'ACTIVE', generic_api_key: key, base_url: upstream.url } },
    },
  })

test('an import answers what the client declares: ACTIVE, no redirect, the secret masked', async () => {
  const made = await importKey('user_shape')
  assert.match(made.id, /^ca_/)
  assert.equal(made.connectionData.authScheme, 'API_KEY')
  assert.equal(made.connectionData.val.status, 'ACTIVE')
  assert.equal(made.redirect_url, null)
  assert.doesNotMatch(JSON.stringify(made), /client-key/)
  const read = await client.connectedAccounts.retrieve(made.id)
  assert.equal(read.user_id, 'user_shape')
  assert.equal(read.auth_config.id, keyed)
  assert.equal(read.auth_config.auth_scheme, 'API_KEY')
  assert.equal(read.auth_config.is_composio_managed, false)
  assert.equal(read.toolkit.slug, 'keyed')
  assert.doesNotMatch(JSON.stringify(read), /client-key/)
})

test('the older body, with the credential in connection.data, imports as well', async () => {
  const connection = { user_id: 'user_old_body', data: { generic_api_key: 'client-key', base_url: upstream.url } }
  const made = await client.connectedAccounts.create({ auth_config: { id: keyed }, connection })
  assert.equal((await client.connectedAccounts.retrieve(made.id)).status, 'ACTIVE')
  const run = await client.tools.execute('KEYED_ME', { connected_account_id: made.id, arguments: {} })
  assert.deepEqual(run.data, { user: 'clio' })
})

test('an alias is unique for a user and a toolkit, can be renamed, and cleared', async () => {
  const { id } = await importKey('user_alias', { alias: 'work' })
  await assert.rejects(importKey('user_alias', { alias: 'work' }), BadRequestError)
  await importKey('user_alias_other', { alias: 'work' })
  await client.connectedAccounts.patch(id, { alias: 'home' })
  assert.equal((await client.connectedAccounts.retrieve(id)).alias, 'home')
  const second = await importKey('user_alias', { alias: 'work' })
  await assert.rejects(client.connectedAccounts.patch(second.id, { alias: 'home' }), BadRequestError)
  await client.connectedAccounts.patch(id, { alias: '' })
  assert.equal((await client.connectedAccounts.retrieve(id)).alias, null)
})

test('lists take each filter as the client sends arrays, in both orders, and page to the end', async () => {
  const twilio = await newAuthConfig('twilio', 'BASIC')
  const ids: string[] = []
  for (const user of ['user_page_1', 'user_page_2', 'user_page_3']) ids.push((await importKey(user)).id)
  const user_ids = ['user_page_1', 'user_page_2', 'user_page_3']
  const list = async (query: Parameters<typeof client.connectedAccounts.list>[0]) =>
    (await client.connectedAccounts.list(query)).items.map(({ id }) => id)
  assert.deepEqual((await list({ user_ids })).sort(), [...ids].sort())
  assert.deepEqual(await list({ user_ids, auth_config_ids: [twilio] }), [])
  assert.deepEqual(await list({ user_ids, auth_config_ids: [twilio, keyed], toolkit_slugs: ['twilio'] }), [])
  assert.deepEqual(await list({ user_ids, statuses: ['INACTIVE', 'EXPIRED'] }), [])
  assert.deepEqual((await list({ connected_account_ids: ids.slice(0, 2) })).sort(), ids.slice(0, 2).sort())
  const ascending = await list({ user_ids, order_by: 'created_at', order_direction: 'asc' })
  assert.deepEqual(await list({ user_ids, order_by: 'created_at', order_direction: 'desc' }), ascending.toReversed())

  const paged: string[] = []
  let cursor: string | undefined
  do {
    const page = await client.connectedAccounts.list({ user_ids, limit: 1, ...(cursor && { cursor }) })
    assert.equal(page.total_pages, 3)
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  assert.deepEqual(paged.sort(), [...ids].sort())
})

test('the status route, the refresh and the deletion answer as declared', async () => {
  const { id } = await importKey('user_status')
  assert.equal((await client.connectedAccounts.updateStatus(id, { enabled: false })).success, true)
  assert.equal((await client.connectedAccounts.retrieve(id)).is_disabled, true)
  assert.equal((await client.connectedAccounts.updateStatus(id, { enabled: true })).success, true)
  const refreshed = await client.connectedAccounts.refresh(id)
  assert.deepEqual([refreshed.id, refreshed.status], [id, 'ACTIVE'])
  assert.equal((await client.connectedAccounts.delete(id)).success, true)
  await assert.rejects(client.connectedAccounts.retrieve(id), NotFoundError)
})

test('a deletion that revokes answers with its job', async () => {
  const { id } = await importKey('user_revoke')
  const deleted = await client.connectedAccounts.delete(id, { revoke_on_delete: true })
  assert.equal(deleted.success, true)
  assert.match(deleted.revoke_job_id ?? '', /^rev_/)
  await assert.rejects(client.connectedAccounts.retrieve(id), NotFoundError)
  const kept = await client.connectedAccounts.delete((await importKey('user_revoke')).id)
  assert.deepEqual(kept, { success: true })
})

test('refusals arrive as the classes of the client, with a text, a slug and a request id', async () => {
  const badKey = new ComposioClient({ apiKey: 'hf_not-a-key-of-anybody-here', baseURL: server.url, maxRetries: 0 })
  await assert.rejects(badKey.connectedAccounts.list(), AuthenticationError)
  await assert.rejects(client.authConfigs.retrieve('ac_unknown'), NotFoundError)
  await assert.rejects(client.toolkits.retrieve('no_such_toolkit'), NotFoundError)
  await assert.rejects(client.tools.execute('NO_SUCH_TOOL', { user_id: 'user_1', arguments: {} }), NotFoundError)
  await assert.rejects(client.tools.execute('KEYED_ME', { user_id: 'user_without_any', arguments: {} }), (error) => {
    assert.ok(error instanceof NotFoundError)
    const { error: body } = error.error as { error: Record<string, unknown> }
    assert.equal(body['slug'], 'ActionExecute_ConnectedAccountNotFound')
    assert.match(String(body['message']), /user_without_any.*keyed/)
    assert.match(String(body['request_id']), /^req_/)
    return true
  })
  const { id } = await importKey('user_arguments')
  await assert.rejects(
    client.tools.execute('KEYED_SLOW', { connected_account_id: id, arguments: { ms: 'not a number' } }),
    (error) => error instanceof BadRequestError && /ms/.test(error.message),
  )
})

test('toolkits and tools answer as declared, with filters, search and schemas', async () => {
  const page = await client.toolkits.list({ category: 'testing', sort_by: 'alphabetically', limit: 1 })
  assert.deepEqual(
    page.items.map(({ slug }) => slug),
    ['keyed'],
  )
  assert.ok(page.next_cursor)
  const gmail = await client.toolkits.retrieve('gmail')
  assert.equal(gmail.slug, 'gmail')
  assert.ok(gmail.auth_config_details?.some(({ mode }) => mode === 'OAUTH2'))
  assert.ok((await client.toolkits.retrieveCategories()).items.some(({ id }) => id === 'testing'))

  const tool = await client.tools.retrieve('GMAIL_SEND_EMAIL')
  assert.equal(tool.toolkit.slug, 'gmail')
  assert.equal(tool.input_parameters['type'], 'object')
  const slugs = async (query: Parameters<typeof client.tools.list>[0]) =>
    (await client.tools.list(query)).items.map(({ slug }) => slug)
  assert.deepEqual((await slugs({ tool_slugs: 'KEYED_ME,GMAIL_SEND_EMAIL' })).sort(), ['GMAIL_SEND_EMAIL', 'KEYED_ME'])
  assert.ok((await slugs({ toolkit_slug: 'gmail', limit: 100 })).every((slug) => slug.startsWith('GMAIL_')))
  assert.equal((await slugs({ query: 'send an email', toolkit_slug: 'gmail', limit: 3 }))[0], 'GMAIL_SEND_EMAIL')
  assert.deepEqual((await slugs({ auth_config_ids: [keyed], limit: 100 })).sort(), [
    'KEYED_ECHO',
    'KEYED_FAIL',
    'KEYED_HANG_UP',
    'KEYED_ME',
    'KEYED_SLOW',
  ])
})

test('a proxy call sends headers and query, and answers with the status and headers of the upstream', async () => {
  const { id } = await importKey('user_proxy')
  const reply = await client.tools.proxy({
    connected_account_id: id,
    endpoint: '/echo',
    method: 'GET',
    parameters: [
      { name: 'x-trace', type: 'header', value: 'traced' },
      { name: 'q', type: 'query', value: 'a b&c' },
    ],
  })
  assert.equal(reply.status, 200)
  const data = reply.data as { headers: Record<string, string>; query: Record<string, string> }
  assert.equal(data.headers['x-trace'], 'traced')
  assert.deepEqual(data.query, { q: 'a b&c' })
  assert.match(String(reply.headers?.['content-type']), /json/)
})

test('a session is made, read, attached to, searched, listed and used', async () => {
  await importKey('user_router')
  const { session } = client.toolRouter
  const made = await session.create({ user_id: 'user_router', toolkits: { enable: ['keyed'] }, auth_configs: { keyed } })
  const id = made.session_id
  assert.equal(made.mcp.type, 'http')
  assert.equal((await session.retrieve(id)).session_id, id)
  assert.equal((await session.attach(id)).session_id, id)
  const { items } = await session.toolkits(id)
  assert.deepEqual(
    items.map(({ slug, connected_account: account }) => [slug, account?.status]),
    [['keyed', 'ACTIVE']],
  )
  const tools = await session.tools(id)
  assert.ok(tools.items.some(({ slug }) => slug === 'COMPOSIO_SEARCH_TOOLS'))
  const found = await session.search(id, { queries: [{ use_case: 'call /me of the upstream' }] })
  assert.equal(found.success, true)
  const run = await session.execute(id, { tool_slug: 'KEYED_ME', arguments: {} })
  assert.deepEqual([run.error, run.data], [null, { user: 'clio' }])
  const schemas = await session.executeMeta(id, {
    slug: 'COMPOSIO_GET_TOOL_SCHEMAS',
    arguments: { tool_slugs: ['KEYED_ME', 'KEYED_NO_SUCH'] },
  })
  assert.match(JSON.stringify(schemas.data), /KEYED_ME/)
  const proxied = await session.proxyExecute(id, { toolkit_slug: 'keyed', endpoint: '/me', method: 'GET' })
  assert.deepEqual([proxied.status, proxied.data], [200, { user: 'clio' }])
})
