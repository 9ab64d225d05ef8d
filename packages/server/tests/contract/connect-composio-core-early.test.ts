import { after } from 'node:test'
import { Composio } from 'composio-core-early'
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
  link: (userId, authConfigId, options) =>
    connectedAccounts.link(userId, authConfigId, options?.callbackUrl === undefined ? {} : { callbackUrl: options.callbackUrl }),
  initiate: (userId, authConfigId, options) => connectedAccounts.initiate(userId, authConfigId, options),
  authorizeToolkit: (userId, toolkit) => composio.toolkits.authorize(userId, toolkit),
  refresh: async (id) => {
    const { status, redirect_url: redirectUrl } = await connectedAccounts.refresh(id)
    return { status, redirectUrl }
  },
  get: (id) => connectedAccounts.get(id),
})
