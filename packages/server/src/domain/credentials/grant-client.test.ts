import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveAuth } from '../toolkits/auth-definitions.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import type { CredentialValues } from './credential.ts'
import { assertOwnClient, grantClientOf } from './grant-client.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.c2ln`
const CONFIG = { client_id: 'ours', client_secret: 'our-secret' }
const GRANT = { access_token: 'opaque', refresh_token: 'refresh' }

const auth = (clientAuth?: OAuth2Definition['client_auth']) =>
  resolveAuth({
    scheme: 'OAUTH2',
    oauth2: { token_url: 'https://example.com/token', ...(clientAuth && { client_auth: clientAuth }) },
  })
const check = (given: CredentialValues, config: CredentialValues = CONFIG, clientAuth?: OAuth2Definition['client_auth']) =>
  assertOwnClient(auth(clientAuth), { ...GRANT, ...given }, config)

test('the client of a connection is its own, whole, or that of the auth config, whole', () => {
  for (const [values, config, client] of [
    [{}, CONFIG, { id: 'ours', secret: 'our-secret' }],
    [{ client_id: 'own', client_secret: 'own-secret' }, CONFIG, { id: 'own', secret: 'own-secret' }],
    [{ client_id: 'own' }, CONFIG, { id: 'own', secret: undefined }],
    [{ client_id: 'ours' }, CONFIG, { id: 'ours', secret: 'our-secret' }],
    [{ client_id: 'ours', client_secret: 'newer' }, CONFIG, { id: 'ours', secret: 'newer' }],
    [{ client_secret: 'own-secret' }, CONFIG, { id: 'ours', secret: 'our-secret' }],
    [{}, {}, undefined],
  ] as const)
    assert.deepEqual(grantClientOf(values, config), client)
})

test('a grant that is known to be of another client is refused, with both named and what to do', () => {
  for (const given of [
    { client_id: 'theirs' },
    { id_token: jwt({ aud: 'theirs' }) },
    { id_token: jwt({ aud: ['theirs', 'api'], azp: 'theirs' }) },
    { access_token: jwt({ client_id: 'theirs', aud: 'ours' }) },
    { access_token: jwt({ azp: 'theirs' }) },
    { client_id: 'third', client_secret: 's', id_token: jwt({ aud: 'theirs' }) },
  ])
    assert.throws(() => check(given), {
      code: 'grant_client_mismatch',
      message: /"theirs".*"(?:ours|third)"/,
      fix: /client_secret/,
    })
})

test('what says nothing sure about its client is taken', () => {
  for (const given of [
    {},
    { client_id: 'ours' },
    { client_id: 'theirs', client_secret: 'their-secret' },
    { client_id: 'theirs', client_secret: 'their-secret', id_token: jwt({ aud: 'theirs' }) },
    { id_token: jwt({ aud: 'ours' }) },
    { id_token: jwt({ aud: 'ours', azp: 'android-app' }) },
    { id_token: jwt({ aud: ['api', 'ours'] }) },
    { id_token: jwt({ sub: 'user' }) },
    { id_token: 'not.a.jwt' },
    { id_token: 'opaque' },
    { access_token: jwt({ aud: 'https://api.example.com' }) },
    { access_token: jwt({ client_id: 5, azp: null }) },
    { refresh_token: '', id_token: jwt({ aud: 'theirs' }) },
  ])
    check(given)
  check({ client_id: 'theirs', id_token: jwt({ aud: 'theirs' }) }, {})
  check({ id_token: jwt({ aud: 'theirs' }) }, {})
  check({ client_id: 'public' }, CONFIG, 'none')
})

test('a token that names megabytes in the place of a client does not fill the answer with them', () => {
  assert.throws(
    () => check({ id_token: jwt({ aud: 'x'.repeat(100_000) }) }),
    ({ message }: Error) => message.length < 1_000,
  )
})
