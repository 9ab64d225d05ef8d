// What an agent gets: tools in the format of its model, a search over them, and results; never a credential.
// NPM_TOKEN=… npx node examples/agent-session.ts

import { AuthScheme, Holdfast } from '@holdfast/sdk'

const { NPM_TOKEN: token, NPM_REGISTRY_URL: base_url } = process.env
if (!token) throw new Error('Set NPM_TOKEN.')

const holdfast = new Holdfast()
const { id: authConfigId } = await holdfast.authConfigs.create('npm_registry', {
  type: 'use_custom_auth',
  authScheme: 'BEARER_TOKEN',
})
await holdfast.connectedAccounts.initiate('user_agent', authConfigId, {
  config: AuthScheme.BearerToken({ token, ...(base_url && { base_url }) }),
})

const session = await holdfast.create('user_agent', {
  authConfigs: { npm_registry: authConfigId },
  toolkits: ['npm_registry'],
})

// Give these to the model, and hand what it calls to `holdfast.provider.handleToolCalls(session, completion)`.
const tools = await session.tools()
console.log('tools:', tools.map((tool) => tool.function.name).join(', '))

const found = await session.search({ query: 'which account am I signed in with' })
console.log(
  'search:',
  JSON.stringify(found).includes('NPM_REGISTRY_WHO_AM_I') ? 'found NPM_REGISTRY_WHO_AM_I' : 'did not find it',
)

const { data, successful } = await session.execute('NPM_REGISTRY_WHO_AM_I')
console.log('executed:', successful, JSON.stringify(data))

console.log('for MCP clients:', new URL(session.mcp.url).pathname.replace(session.sessionId, '{session}'))
