import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { requireAuth } from '../toolkits/catalogue.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import type { CallbackParams } from './connect-link.ts'
import type { Connecting, ConnectingDeps } from './connecting.ts'
import { oauth2Flow } from './oauth2-flow.ts'

const toolkit = exampleToolkit({
  auth: [
    {
      scheme: 'OAUTH2',
      oauth2: {
        authorization_url: 'https://example.com/authorize',
        token_url: 'https://example.com/token',
        callback_hmac: 'hmac',
      },
    },
  ],
})

/** No code is in these callbacks, so that nothing is exchanged: which of the two refusals comes says how far they got. */
async function reasonFor(params: CallbackParams): Promise<string | undefined> {
  const client = { client_id: 'client-1', client_secret: 'hush' }
  const connecting = { toolkit, auth: requireAuth(toolkit, 'OAUTH2'), client, shared: {}, stored: {} } as unknown as Connecting
  const deps = { operatorAllows: () => false } as unknown as ConnectingDeps
  const result = await oauth2Flow.finish(deps, { connecting, fields: {}, redirectUri: 'https://x.example', kept: {}, params })
  return result.kind === 'refused' ? result.reason : undefined
}

test('of a provider that signs its callbacks, one without its signature connects nothing', async () => {
  const signed = createHmac('sha256', 'hush').update('shop=acme&state=s').digest('hex')
  const foreign = 'The answer did not come from Example. Nothing was connected.'
  assert.equal(await reasonFor({ state: 's', shop: 'acme', hmac: signed }), 'Example sent no code.')
  assert.equal(await reasonFor({ state: 's', shop: 'other', hmac: signed }), foreign)
  assert.equal(await reasonFor({ state: 's', shop: 'acme' }), foreign)
  assert.equal(
    await reasonFor({ state: 's', error: 'access_denied' }),
    'The access was not allowed at Example (access_denied).',
    'a no needs no signature: it connects nothing either',
  )
})
