// A credential changed on your side: replace it in place. The connection keeps its id, and the next call uses the new one.
// NPM_TOKEN=… NPM_TOKEN_NEW=… npx node examples/rotate.ts

import { AuthScheme, Holdfast } from '@holdfast/sdk'

const { NPM_TOKEN: before, NPM_TOKEN_NEW: after, NPM_REGISTRY_URL: base_url } = process.env
if (!before || !after) throw new Error('Set NPM_TOKEN and NPM_TOKEN_NEW.')

const holdfast = new Holdfast()
const { id: authConfigId } = await holdfast.authConfigs.create('npm_registry', {
  type: 'use_custom_auth',
  authScheme: 'BEARER_TOKEN',
})
const { id } = await holdfast.connectedAccounts.initiate('user_rotate', authConfigId, {
  config: AuthScheme.BearerToken({ token: before, ...(base_url && { base_url }) }),
})

const whoAmI = async () => {
  const { data, error, successful } = await holdfast.tools.execute('NPM_REGISTRY_WHO_AM_I', {
    connectedAccountId: id,
    arguments: {},
  })
  return successful ? String(data['username']) : `refused (${error})`
}

console.log(`before: ${await whoAmI()}`)
// Only the token: the registry's address was left out, so it is kept.
await holdfast.connectedAccounts.update(id, { connection: { state: { authScheme: 'BEARER_TOKEN', val: { token: after } } } })
console.log(`after: ${await whoAmI()}`)
