import { after } from 'node:test'
import { AuthScheme, Holdfast } from '@holdfast/sdk'
import { testConnectFlows } from './connect-flows.ts'
import { startConnectWorld } from './connect-world.ts'

const world = await startConnectWorld()
after(world.stop)
const holdfast = new Holdfast({ apiKey: world.server.apiKey, baseURL: world.server.url })
const { connectedAccounts } = holdfast

testConnectFlows(world, {
  link: (userId, authConfigId, options) => connectedAccounts.link(userId, authConfigId, options),
  initiate: (userId, authConfigId, options) =>
    connectedAccounts.initiate(userId, authConfigId, { ...options, config: AuthScheme.OAuth2({}) }),
  authorizeInSession: async (userId, toolkit, options) =>
    (await holdfast.create(userId, { toolkits: [toolkit] })).authorize(toolkit, options),
  refresh: async (id) => {
    const { status, redirectUrl } = await connectedAccounts.refresh(id, { redirectUrl: 'https://app.example/done' })
    return { status, redirectUrl }
  },
  get: (id) => connectedAccounts.get(id),
})
