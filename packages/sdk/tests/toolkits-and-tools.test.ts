import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Holdfast, HoldfastValidationError } from '../src/index.ts'
import { page, routes, startFakeServer } from './support/fake-server.ts'

const field = (name: string) => ({ name, displayName: name, description: '', type: 'string', required: true, is_secret: true })
const toolkitWire = {
  slug: 'sendgrid',
  name: 'SendGrid',
  is_local_toolkit: false,
  meta: { description: 'Mail', logo: 'l', categories: [{ slug: 'email', name: 'Email' }], tools_count: 5, created_at: 'c' },
  auth_config_details: [
    {
      name: 'key',
      mode: 'API_KEY',
      fields: {
        auth_config_creation: { required: [], optional: [] },
        connected_account_initiation: { required: [field('api_key')], optional: [field('region')] },
      },
      proxy: { base_url: 'https://api.sendgrid.com' },
    },
  ],
}

const toolWire = (slug: string) => ({
  slug,
  name: slug,
  description: 'Does it',
  input_parameters: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
  output_parameters: {},
  tags: ['readOnlyHint'],
  toolkit: { slug: 'sendgrid', name: 'SendGrid', logo: 'l' },
  version: '1',
  available_versions: ['1'],
  is_deprecated: false,
  no_auth: false,
})

test('toolkits come one by one, in pages, and with the fields that a connection needs', async (t) => {
  const summary = {
    ...toolkitWire,
    meta: { ...toolkitWire.meta, categories: [{ id: 'email', name: 'Email' }] },
    auth_schemes: ['API_KEY'],
  }
  const server = await startFakeServer(
    t,
    routes({
      'GET /toolkits': { body: page([summary], 'next') },
      'GET /toolkits/categories': { body: page([{ id: 'email', name: 'Email' }]) },
      'GET /toolkits/sendgrid': { body: toolkitWire },
    }),
  )
  const { toolkits } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const toolkit = await toolkits.get('sendgrid')
  assert.equal(toolkit.meta.toolsCount, 5)
  assert.equal(toolkit.authConfigDetails?.[0]?.proxy.baseUrl, 'https://api.sendgrid.com')
  const [first] = await toolkits.get({ category: 'email', sortBy: 'alphabetically' })
  assert.deepEqual(first?.meta, toolkit.meta)
  assert.deepEqual(server.requests[1]?.query, { category: 'email', sort_by: 'alphabetically' })
  assert.equal((await toolkits.list({ search: 'mail', managedBy: 'all' })).nextCursor, 'next')
  assert.deepEqual((await toolkits.listCategories()).items, [{ id: 'email', name: 'Email' }])
  const names = async (requiredOnly: boolean) =>
    (await toolkits.getConnectedAccountInitiationFields('sendgrid', 'API_KEY', { requiredOnly })).map(({ name }) => name)
  assert.deepEqual([await names(true), await names(false)], [['api_key'], ['api_key', 'region']])
  assert.deepEqual(await toolkits.getAuthConfigCreationFields('sendgrid'), [])
  await assert.rejects(toolkits.getAuthConfigCreationFields('sendgrid', 'OAUTH2'), /It offers: API_KEY/)
})

test('tools.get gives function tools: all pages of a toolkit, or one by its slug', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'GET /tools': [{ body: page([toolWire('A')], 'more') }, { body: page([toolWire('B')]) }],
      'GET /tools/A': { body: toolWire('A') },
      'GET /tools/enum': { body: ['A', 'B'] },
    }),
  )
  const { tools } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const parameters = toolWire('A').input_parameters
  const functionTool = { type: 'function', function: { name: 'A', description: 'Does it', parameters } }
  const all = await tools.get('user_123', { toolkits: ['sendgrid', 'gmail'] })
  assert.deepEqual(
    all.map(({ function: { name } }) => name),
    ['A', 'B'],
  )
  assert.deepEqual(all[0], functionTool)
  assert.deepEqual(
    server.requests.map(({ query }) => query),
    [
      { toolkit_slug: 'sendgrid,gmail', limit: '500' },
      { toolkit_slug: 'sendgrid,gmail', limit: '500', cursor: 'more' },
    ],
  )
  assert.deepEqual(await tools.get('user_123', 'A'), [functionTool])
  assert.deepEqual(await tools.getToolsEnum(), ['A', 'B'])
  const { items } = await tools.list({ tools: ['B'], important: true })
  assert.equal(items[0]?.outputParameters, undefined)
  assert.equal(items[0]?.isDeprecated, false)
  await assert.rejects(tools.get('u', {}), HoldfastValidationError)
  await assert.rejects(tools.get('u', { tools: ['A'], toolkits: ['b'] }), HoldfastValidationError)
})

test('execute and proxy send what the contract has, and hand back refusals of the upstream as results', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'POST /tools/execute/A': { body: { data: { status: 401 }, error: 'Unauthorized', successful: false, log_id: 'log_1' } },
      'POST /tools/execute/proxy': {
        body: {
          status: 200,
          headers: { 'content-type': 'image/png' },
          binary_data: { content_type: 'image/png', size: 3, url: 'data:,' },
        },
      },
    }),
  )
  const { tools } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const result = await tools.execute('A', {
    userId: 'u',
    connectedAccountId: 'ca_1',
    arguments: { to: 'x' },
    dangerouslySkipVersionCheck: true,
    customAuthParams: { baseURL: 'https://x', parameters: [{ in: 'header', name: 'h', value: 'v' }] },
  })
  assert.deepEqual(result, {
    data: { status: 401 },
    error: 'Unauthorized',
    successful: false,
    logId: 'log_1',
    sessionInfo: undefined,
  })
  assert.deepEqual(server.requests[0]?.body, {
    user_id: 'u',
    connected_account_id: 'ca_1',
    arguments: { to: 'x' },
    custom_auth_params: { base_url: 'https://x', parameters: [{ in: 'header', name: 'h', value: 'v' }] },
  })
  const params = {
    endpoint: '/v3/x',
    method: 'GET',
    connectedAccountId: 'ca_1',
    parameters: [{ in: 'query', name: 'n', value: 1 }],
  } as const
  const proxied = await tools.proxy(params)
  assert.deepEqual(proxied.binaryData, { contentType: 'image/png', size: 3, url: 'data:,', expiresAt: undefined })
  assert.deepEqual(await tools.proxyExecute(params), proxied)
  await tools.proxy({
    endpoint: '/up',
    method: 'POST',
    binaryBody: { base64: 'AA==', contentType: 'image/png' },
    connectedAccountId: 'ca_1',
  })
  assert.deepEqual(
    server.requests.slice(2).map(({ body }) => body),
    [
      { endpoint: '/v3/x', method: 'GET', connected_account_id: 'ca_1', parameters: [{ name: 'n', type: 'query', value: '1' }] },
      {
        endpoint: '/up',
        method: 'POST',
        connected_account_id: 'ca_1',
        binary_body: { base64: 'AA==', content_type: 'image/png' },
      },
    ],
  )
})
