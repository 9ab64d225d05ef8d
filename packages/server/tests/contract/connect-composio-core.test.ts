import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AuthScheme, Composio } from '@composio/core'
import { testConnectFlows } from './connect-flows.ts'
import { startConnectWorld } from './connect-world.ts'

const world = await startConnectWorld()
after(world.stop)
const composio = new Composio({
  apiKey: world.server.apiKey,
  baseURL: world.server.url,
  allowTracking: false,
  disableVersionCheck: true,
})
const { connectedAccounts } = composio

testConnectFlows(world, {
  link: (userId, authConfigId, options) => connectedAccounts.link(userId, authConfigId, options),
  initiate: (userId, authConfigId, options) =>
    connectedAccounts.initiate(userId, authConfigId, { ...options, config: AuthScheme.OAuth2({}) }),
  authorizeToolkit: (userId, toolkit) => composio.toolkits.authorize(userId, toolkit),
  authorizeInSession: async (userId, toolkit, options) =>
    (await composio.create(userId, { toolkits: [toolkit] })).authorize(toolkit, options),
  refresh: async (id) => {
    const { status, redirect_url: redirectUrl } = await connectedAccounts.refresh(id, { redirectUrl: 'https://app.example/done' })
    return { status, redirectUrl }
  },
  get: (id) => connectedAccounts.get(id),
})

test('a connection that waits has the state that the SDK declares', async () => {
  const request = await connectedAccounts.link('user_state', world.authConfig)
  const { state } = await connectedAccounts.get(request.id)
  assert.deepEqual([state?.authScheme, state?.val.status], ['OAUTH2', 'INITIATED'])
})

test('a shared connection is linked as one, with its list', async () => {
  const request = await connectedAccounts.link('user_shares', world.authConfig, {
    experimental: { accountType: 'SHARED', aclConfigForShared: { allowedUserIds: ['user_b'] } },
  })
  const { experimental } = await connectedAccounts.get(request.id)
  assert.deepEqual([experimental?.accountType, experimental?.aclConfigForShared?.allowedUserIds], ['SHARED', ['user_b']])
  const onPrivate = { experimental: { aclConfigForShared: { allowAllUsers: true } } }
  await assert.rejects(connectedAccounts.link('user_shares', world.authConfig, onPrivate))
})
