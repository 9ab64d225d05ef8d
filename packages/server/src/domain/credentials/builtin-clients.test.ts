import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalogue, requireAuth } from '../toolkits/catalogue.ts'
import { BUILTIN_TOOLKITS } from '../toolkits/toolkit-files.ts'
import { planMint } from './mint-request.ts'

const catalogue = loadCatalogue([BUILTIN_TOOLKITS])

/** Clients that get themselves a token: what they ask for it, and where. */
const CLIENTS: Readonly<
  Record<string, { fields: Readonly<Record<string, string>>; url: string; body: string; params: Record<string, string> }>
> = {
  shopify: {
    fields: { shop: 'acme.myshopify.com' },
    url: 'https://acme.myshopify.com/admin/oauth/access_token',
    body: 'form',
    params: { grant_type: 'client_credentials' },
  },
  zendesk: {
    fields: { subdomain: 'acme.zendesk.com' },
    url: 'https://acme.zendesk.com/oauth/tokens',
    body: 'json',
    params: { grant_type: 'client_credentials', scope: 'read write' },
  },
}

for (const [slug, { fields, url, body, params }] of Object.entries(CLIENTS))
  test(`${slug}: a client asks for its own token at the account it is for, and nowhere else`, async () => {
    const toolkit = catalogue.requireToolkit(slug)
    const auth = requireAuth(toolkit, 'S2S_OAUTH2')
    const val = { client_id: 'id', client_secret: 'secret', ...fields }
    const plan = await planMint({ toolkit, auth, val, shared: {}, authConfig: {}, operatorAllows: () => false }, 0)
    assert.ok(plan.kind === 'ready' && plan.ask.kind === 'grant')
    const { request } = plan.ask
    assert.deepEqual([request.url.href, request.body, request.clientAuth], [url, body, 'client_secret_post'])
    assert.deepEqual([request.client?.id, request.client?.secret], ['id', 'secret'])
    assert.deepEqual(request.params, params)
    assert.equal(request.mayReceiveCredentials?.(request.url), true)
    assert.equal(request.mayReceiveCredentials?.(new URL('https://evil.example/token')), false)
  })
