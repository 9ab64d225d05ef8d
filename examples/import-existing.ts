// An app already stores its users' credentials: hand them over. Nobody authenticates again, and running this again updates.
// npx node examples/import-existing.ts   (HOLDFAST_BASE_URL, HOLDFAST_API_KEY)

import { AuthScheme, type ConnectionData, Holdfast, HoldfastMultipleConnectionsError } from '@holdfast/sdk'

const holdfast = new Holdfast()

/** What your own database holds; the values are made up. */
const users: readonly { userId: string; toolkit: string; credential: ConnectionData }[] = [
  { userId: 'user_1', toolkit: 'sendgrid', credential: AuthScheme.APIKey({ api_key: 'SG.example-key-of-user-1' }) },
  // A token from an OAuth flow of yours: no OAuth app has to be registered here.
  { userId: 'user_1', toolkit: 'gmail', credential: AuthScheme.BearerToken({ token: 'ya29.example-token-of-user-1' }) },
  {
    userId: 'user_2',
    toolkit: 'twilio',
    credential: AuthScheme.Basic({ username: 'AC-example-sid', password: 'example-token' }),
  },
]

/** One auth config for a toolkit and scheme serves all users. */
async function authConfigFor(toolkit: string, authScheme: ConnectionData['authScheme']): Promise<string> {
  const { items } = await holdfast.authConfigs.list({ toolkit })
  const existing = items.find((config) => config.authScheme === authScheme && config.status === 'ENABLED')
  return existing?.id ?? (await holdfast.authConfigs.create(toolkit, { type: 'use_custom_auth', authScheme })).id
}

for (const { userId, toolkit, credential } of users) {
  const authConfigId = await authConfigFor(toolkit, credential.authScheme)
  try {
    const { id, status } = await holdfast.connectedAccounts.initiate(userId, authConfigId, { config: credential })
    console.log(`${userId} ${toolkit}: imported as ${id}, ${status}`)
  } catch (error) {
    if (!(error instanceof HoldfastMultipleConnectionsError)) throw error
    const { val } = credential
    const id = error.connectedAccountId
    await holdfast.connectedAccounts.update(id, { connection: { state: { authScheme: credential.authScheme, val } } })
    console.log(`${userId} ${toolkit}: was there, updated ${id}`)
  }
}

// Secrets come back masked.
const { items } = await holdfast.connectedAccounts.list({ userIds: ['user_1', 'user_2'] })
for (const { id, userId, state } of items) console.log(id, userId, JSON.stringify(state?.val))
