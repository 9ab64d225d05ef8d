import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { loadCatalogue, requireAuth } from '../toolkits/catalogue.ts'
import type { AuthDefinition } from '../toolkits/definition.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { BUILTIN_TOOLKITS } from '../toolkits/toolkit-files.ts'
import type { CredentialValues } from './credential.ts'
import { planMint } from './mint-request.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const NOW = Date.UTC(2026, 5, 1)
const catalogue = loadCatalogue([BUILTIN_TOOLKITS])

const plan = (toolkit: Toolkit, scheme: AuthDefinition['scheme'], val: CredentialValues, authConfig: CredentialValues = {}) =>
  planMint({ toolkit, auth: requireAuth(toolkit, scheme), val, shared: {}, authConfig, operatorAllows: () => false }, NOW)
const planOwn = (auth: AuthDefinition, val: CredentialValues, authConfig?: CredentialValues) =>
  plan(exampleToolkit({ auth: [auth] }), auth.scheme, val, authConfig)
const asked = async (planned: ReturnType<typeof plan>) => {
  const made = await planned
  assert.equal(made.kind, 'ready')
  return made.kind === 'ready' ? made.ask : assert.fail()
}

test('a GitHub App asks as one of its installations, with what it signed for ten minutes at most', async () => {
  const val = { application_id: 'Iv1.abc', installation_id: '7', private_key }
  const ask = await asked(plan(catalogue.requireToolkit('github'), 'SERVICE_ACCOUNT', val))
  assert.ok(ask.kind === 'exchange')
  const { method, url, headers, body, mayReceiveCredentials } = ask.request
  assert.deepEqual([method, url.href, body], ['POST', 'https://api.github.com/app/installations/7/access_tokens', null])
  const { authorization = '', ...others } = headers
  assert.deepEqual(others, {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': 'holdfast',
  })
  const { payload } = await jwtVerify(authorization.replace('Bearer ', ''), publicKey, {
    issuer: 'Iv1.abc',
    currentDate: new Date(NOW),
  })
  assert.ok((payload.exp ?? 0) - NOW / 1000 <= 600)
  assert.equal(mayReceiveCredentials?.(url), true)
})

test("a Google service account signs for Google, with the scopes of the toolkit's OAuth", async () => {
  const credentials_json = JSON.stringify({ client_email: 'robot@x.example', private_key, private_key_id: 'k1' })
  const ask = await asked(plan(catalogue.requireToolkit('googledocs'), 'GOOGLE_SERVICE_ACCOUNT', { credentials_json }))
  assert.ok(ask.kind === 'grant')
  const { url, params, client, mayReceiveCredentials } = ask.request
  assert.deepEqual(
    [url.href, client, Object.keys(params)],
    ['https://oauth2.googleapis.com/token', undefined, ['grant_type', 'assertion']],
  )
  const { payload, protectedHeader } = await jwtVerify(params['assertion'] ?? '', publicKey, {
    audience: url.href,
    currentDate: new Date(NOW),
  })
  assert.deepEqual([protectedHeader.kid, payload.iss, payload.sub], ['k1', 'robot@x.example', undefined])
  assert.match(String(payload['scope']), /auth\/documents/)
  assert.equal(mayReceiveCredentials?.(url), true)
})

test('an assertion alone is the token, and dies when it says', async () => {
  const secret = '6162636465666768696a6b6c6d6e6f70'
  const auth: AuthDefinition = {
    scheme: 'API_KEY',
    placements: [{ in: 'header', name: 'authorization', template: 'Ghost {{ access_token }}' }],
    credential_fields: [
      { name: 'id', required: true },
      { name: 'secret', secret: true, required: true },
    ],
    assertion: {
      key: '{{ secret }}',
      key_id: '{{ id }}',
      alg: 'HS256',
      key_encoding: 'hex',
      audience: '/admin/',
      claims: { kind: '{{ none }}' },
    },
  }
  const ask = await asked(planOwn(auth, { id: 'key-1', secret }))
  assert.ok(ask.kind === 'made')
  const { accessToken, expiresAt } = ask.tokens
  const key = Buffer.from(secret, 'hex')
  const { payload, protectedHeader } = await jwtVerify(accessToken, key, { audience: '/admin/', currentDate: new Date(NOW) })
  assert.deepEqual([protectedHeader.kid, 'kind' in payload, expiresAt], ['key-1', false, NOW + 300_000])
  await assert.rejects(planOwn(auth, { id: 'key-1', secret: 'zz' }), { code: 'invalid_request' })
})

test('a password grant, and what is said of a scope, a client and parameters, travel as the toolkit says', async () => {
  const auth: AuthDefinition = {
    scheme: 'BASIC',
    oauth2: {
      token_url: 'https://{{ subdomain }}.example.com/token',
      grant: 'password',
      token_params: { security: '{{ security }}', audience: 'api' },
      token_headers: { 'x-app': '{{ client_id }}' },
      default_scopes: ['a', 'b'],
      scope_separator: ',',
      client_auth: 'client_secret_basic',
    },
    connection_fields: [{ name: 'subdomain', required: true }],
  }
  const config = { client_id: 'app', client_secret: 's' }
  const ask = await asked(planOwn(auth, { username: 'u', password: 'p', subdomain: 'acme' }, config))
  assert.ok(ask.kind === 'grant')
  const { url, params, headers, client } = ask.request
  assert.equal(url.href, 'https://acme.example.com/token')
  assert.deepEqual(params, { grant_type: 'password', username: 'u', password: 'p', scope: 'a,b', audience: 'api' })
  assert.deepEqual([headers, client?.id, client?.secret], [{ 'x-app': 'app' }, 'app', 's'])
  const without = await planOwn(auth, { username: 'u', subdomain: 'acme' }, config)
  assert.deepEqual(
    [without.kind, without.kind === 'impossible' && without.why],
    ['impossible', 'it has no username and password'],
  )
})

test('a client is never put together from two', async () => {
  const auth: AuthDefinition = { scheme: 'S2S_OAUTH2', oauth2: { token_url: 'https://example.com/token' } }
  const toolkit = exampleToolkit({ auth: [auth] })
  const source = { toolkit, auth: requireAuth(toolkit, 'S2S_OAUTH2'), operatorAllows: () => false }
  const config = { client_id: 'config', client_secret: 'config-secret' }
  for (const [val, shared, authConfig, expected] of [
    [{ client_id: 'own' }, {}, config, ['own', undefined]],
    [{ client_id: 'own', client_secret: 's' }, { client_id: 'shared', client_secret: 't' }, config, ['own', 's']],
    [{}, { client_id: 'shared' }, config, ['shared', undefined]],
    [{ client_secret: 's' }, {}, config, ['config', 'config-secret']],
    [{ client_id: 'config' }, {}, config, ['config', 'config-secret']],
  ] as const) {
    const ask = await asked(planMint({ ...source, val, shared, authConfig }, NOW))
    assert.ok(ask.kind === 'grant')
    assert.deepEqual([ask.request.client?.id, ask.request.client?.secret], expected)
  }
})
