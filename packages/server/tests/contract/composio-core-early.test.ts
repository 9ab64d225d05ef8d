import { after } from 'node:test'
import { AuthScheme, Composio, ComposioMultipleConnectedAccountsError } from 'composio-core-early'
import { testFlows } from './flows.ts'
import { startWorld } from './world.ts'

const world = await startWorld()
after(world.stop)
const composio = new Composio({
  apiKey: world.server.apiKey,
  baseURL: world.server.url,
  allowTracking: false,
  disableVersionCheck: true,
})

await testFlows(world, {
  client: composio,
  importKey: (userId, authConfigId, key, options) =>
    composio.connectedAccounts.initiate(userId, authConfigId, {
      ...options,
      config: AuthScheme.APIKey({ api_key: key, base_url: world.upstream.url }),
    }),
  functionNames: async (userId, toolkit) => {
    const tools = await composio.tools.get(userId, { toolkits: [toolkit] })
    return tools.map((tool) => (tool.type === 'function' ? tool.function.name : tool.type))
  },
  handleToolCalls: (userId, completion) => composio.provider.handleToolCalls(userId, completion),
  isMultipleAccountsError: (error) => error instanceof ComposioMultipleConnectedAccountsError,
})
