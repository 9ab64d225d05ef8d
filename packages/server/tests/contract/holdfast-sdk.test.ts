import { after } from 'node:test'
import { AuthScheme, Holdfast, HoldfastMultipleConnectionsError } from '@holdfast/sdk'
import { testFlows } from './flows.ts'
import { testSessionFlows } from './session-flows.ts'
import { startWorld } from './world.ts'

const world = await startWorld()
after(world.stop)
const holdfast = new Holdfast({ apiKey: world.server.apiKey, baseURL: world.server.url })

await testFlows(world, {
  client: holdfast,
  importKey: (userId, authConfigId, key, options) =>
    holdfast.connectedAccounts.initiate(userId, authConfigId, {
      ...options,
      config: AuthScheme.APIKey({ api_key: key, base_url: world.upstream.url }),
    }),
  functionNames: async (userId, toolkit) =>
    (await holdfast.tools.get(userId, { toolkits: [toolkit] })).map((tool) => tool.function.name),
  handleToolCalls: (userId, completion) => holdfast.provider.handleToolCalls(userId, completion),
  isMultipleAccountsError: (error) => error instanceof HoldfastMultipleConnectionsError,
})

await testSessionFlows(
  world,
  (userId, config) => holdfast.create(userId, config),
  (id) => holdfast.use(id),
)
