import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Holdfast } from '../src/index.ts'
import { page, routes, startFakeServer } from './support/fake-server.ts'

const authConfigWire = {
  id: 'ac_1',
  uuid: 'x',
  type: 'custom',
  name: 'mine',
  toolkit: { slug: 'gmail', logo: 'https://logo' },
  auth_scheme: 'OAUTH2',
  is_composio_managed: false,
  status: 'ENABLED',
  no_of_connections: 2,
  credentials: { client_id: 'id', client_secret: 'sec...' },
  tool_access_config: { tools_available_for_execution: ['A'] },
  created_at: '2026-01-01T00:00:00.000Z',
}

test('auth configs are made, changed, switched and removed with the wire shapes of the contract', async (t) => {
  const server = await startFakeServer(
    t,
    routes({
      'POST /auth_configs': {
        status: 201,
        body: { auth_config: { id: 'ac_1', auth_scheme: 'OAUTH2', is_composio_managed: false }, toolkit: { slug: 'gmail' } },
      },
      'GET /auth_configs': { body: page([authConfigWire]) },
      'GET /auth_configs/ac_1': { body: authConfigWire },
      'PATCH /auth_configs/ac_1': { body: { success: true } },
      'PATCH /auth_configs/ac_1/ENABLED': { body: {} },
      'PATCH /auth_configs/ac_1/DISABLED': { body: {} },
      'DELETE /auth_configs/ac_1': { status: 204, body: '' },
    }),
  )
  const { authConfigs } = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const created = await authConfigs.create('gmail', {
    type: 'use_custom_auth',
    authScheme: 'OAUTH2',
    name: 'mine',
    credentials: { client_id: 'id', client_secret: 'secret' },
    toolAccessConfig: { toolsForConnectedAccountCreation: ['A'] },
  })
  assert.deepEqual(created, { id: 'ac_1', authScheme: 'OAUTH2', isComposioManaged: false, toolkit: 'gmail' })
  await authConfigs.create('sendgrid')
  const config = await authConfigs.get('ac_1')
  assert.equal(config.noOfConnections, 2)
  assert.deepEqual(config.toolAccessConfig, { toolsAvailableForExecution: ['A'], toolsForConnectedAccountCreation: undefined })
  const listed = await authConfigs.list({ toolkit: 'gmail', isComposioManaged: false, showDisabled: true, limit: 5 })
  assert.deepEqual(listed.items, [config])
  await authConfigs.update('ac_1', { type: 'custom', credentials: { client_secret: 'new' }, restrictToFollowingTools: ['B'] })
  await authConfigs.enable('ac_1')
  await authConfigs.disable('ac_1')
  await authConfigs.delete('ac_1')

  const sent = server.requests.map(({ method, path, query, body }) => [
    method,
    path.slice('/api/v3.1/auth_configs'.length),
    body ?? query,
  ])
  assert.deepEqual(sent, [
    [
      'POST',
      '',
      {
        toolkit: { slug: 'gmail' },
        auth_config: {
          type: 'use_custom_auth',
          authScheme: 'OAUTH2',
          name: 'mine',
          credentials: { client_id: 'id', client_secret: 'secret' },
          tool_access_config: { tools_for_connected_account_creation: ['A'] },
        },
      },
    ],
    ['POST', '', { toolkit: { slug: 'sendgrid' }, auth_config: { type: 'use_composio_managed_auth' } }],
    ['GET', '/ac_1', {}],
    ['GET', '', { toolkit_slug: 'gmail', is_composio_managed: 'false', show_disabled: 'true', limit: '5' }],
    [
      'PATCH',
      '/ac_1',
      { type: 'custom', credentials: { client_secret: 'new' }, tool_access_config: { tools_available_for_execution: ['B'] } },
    ],
    ['PATCH', '/ac_1/ENABLED', {}],
    ['PATCH', '/ac_1/DISABLED', {}],
    ['DELETE', '/ac_1', {}],
  ])
})
