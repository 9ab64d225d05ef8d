import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HoldfastError } from '../../errors.ts'
import { type ResolvedAuth, resolveAuth, templateVarsOf } from './auth-definitions.ts'
import type { Placement } from './definition.ts'
import { applyPlacements } from './placement.ts'
import type { BuiltRequest } from './request.ts'

const request = (change: Partial<BuiltRequest> = {}): BuiltRequest => ({
  method: 'GET',
  url: new URL('https://api.example.com/x?a=1'),
  headers: {},
  body: null,
  ...change,
})
const apply = (auth: ResolvedAuth, values: Record<string, unknown>, change: Partial<BuiltRequest> = {}) =>
  applyPlacements(auth, templateVarsOf(auth, values), request(change))
const keyIn = (...placements: Placement[]) => resolveAuth({ scheme: 'API_KEY', placements })
const basicOf = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('a key goes where the toolkit puts it, and the given request stays as it was', () => {
  const given = request()
  const auth = keyIn({ in: 'header', name: 'X-Api-Key', template: 'Key {{ api_key }}' })
  const { request: placed, credentialHeaders } = applyPlacements(auth, templateVarsOf(auth, { generic_api_key: 'k' }), given)
  assert.deepEqual(placed.headers, { 'x-api-key': 'Key k' })
  assert.deepEqual(credentialHeaders, ['x-api-key'])
  assert.deepEqual(given.headers, {})
  assert.equal(
    apply(keyIn({ in: 'query', name: 'key', template: '{{ api_key }}' }), { api_key: 'a&b' }).request.url.href,
    'https://api.example.com/x?a=1&key=a%26b',
  )
  assert.equal(
    apply(keyIn({ in: 'cookie', name: 'sid', template: '{{ api_key }}' }), { api_key: 'k' }, { headers: { cookie: 'a=b' } })
      .request.headers['cookie'],
    'a=b; sid=k',
  )
})

test('a key goes into JSON and form bodies, and into a body that is not there yet', () => {
  const auth = keyIn({ in: 'body', name: 'key', template: '{{ api_key }}' })
  const body = (text: string | null, type?: string) =>
    apply(auth, { api_key: 'k' }, { method: 'POST', body: text, headers: type ? { 'content-type': type } : {} }).request.body
  assert.equal(body('{"a":1}', 'application/json; charset=utf-8'), '{"a":1,"key":"k"}')
  assert.equal(body('a=1', 'application/x-www-form-urlencoded'), 'a=1&key=k')
  assert.equal(body(null), '{"key":"k"}')
  for (const text of ['[1]', 'text', 'null']) assert.throws(() => body(text, 'application/json'), { code: 'invalid_request' })
})

test('a key goes into the one place of the path, whatever an argument spells', () => {
  const auth = keyIn({ in: 'path', name: 'token', template: '{{ api_key }}' })
  const url = (path: string) =>
    apply(auth, { api_key: '1:a/b' }, { url: new URL(`https://api.example.com${path}`) }).request.url.pathname
  assert.equal(url('/bot{token}/me'), '/bot1%3Aa%2Fb/me')
  assert.throws(() => url('/bot{token}/me/{token}'), { code: 'invalid_request' })
  assert.throws(() => url('/me'), { code: 'invalid_request' })
})

test('the usual placements: bearer, basic, JWT, Bill.com', () => {
  const headers = (auth: ResolvedAuth, values: Record<string, unknown>) => apply(auth, values).request.headers
  assert.deepEqual(headers(resolveAuth({ scheme: 'BEARER_TOKEN' }), { token: 't' }), { authorization: 'Bearer t' })
  assert.deepEqual(headers(resolveAuth({ scheme: 'OAUTH2' }), { access_token: 't' }), { authorization: 'Bearer t' })
  assert.deepEqual(headers(resolveAuth({ scheme: 'BASIC' }), { username: 'ü', password: 'p:q' }), {
    authorization: basicOf('ü:p:q'),
  })
  assert.deepEqual(headers(resolveAuth({ scheme: 'BASIC' }), { username: 'u' }), { authorization: basicOf('u:') })
  assert.deepEqual(headers(resolveAuth({ scheme: 'BASIC_WITH_JWT' }), { username: 'u', password: 'p' }), {
    authorization: basicOf('u:p'),
  })
  assert.deepEqual(headers(resolveAuth({ scheme: 'BASIC_WITH_JWT' }), { username: 'u', password: 'p', jwt: 'j' }), {
    authorization: 'Bearer j',
  })
  assert.deepEqual(headers(resolveAuth({ scheme: 'BILLCOM_AUTH' }), { sessionId: 's', devKey: 'd' }), {
    sessionid: 's',
    devkey: 'd',
  })
  assert.deepEqual(headers(resolveAuth({ scheme: 'NO_AUTH' }), {}), {})
})

test('a bearer token or basic credential stands in for the key, and only when the key is not there', () => {
  const auth = keyIn(
    { in: 'basic', username: '{{ email }}', password: '{{ api_key }}' },
    { in: 'header', name: 'x-version', template: '1' },
  )
  const headers = (values: Record<string, unknown>) => apply(auth, { email: 'e', ...values }).request.headers
  assert.deepEqual(headers({ api_key: 'k' }), { authorization: basicOf('e:k'), 'x-version': '1' })
  assert.deepEqual(headers({ bearer_token: 'b' }), { authorization: 'Bearer b', 'x-version': '1' })
  assert.deepEqual(headers({ basic_encoded: 'ZTpr' }), { authorization: 'Basic ZTpr', 'x-version': '1' })
  assert.deepEqual(headers({ api_key: 'k', bearer_token: 'b' }), { authorization: basicOf('e:k'), 'x-version': '1' })
})

test('a bearer token travels as the OAuth token of the same toolkit does', () => {
  const auth = resolveAuth(
    { scheme: 'BEARER_TOKEN', placements: [{ in: 'header', name: 'x-token', template: '{{ access_token }}' }] },
    true,
  )
  assert.deepEqual(apply(auth, { token: 't' }).request.headers, { 'x-token': 't' })
})

test('a request never leaves without its credential', () => {
  const auth = keyIn(
    { in: 'header', name: 'x-version', template: '1' },
    { in: 'header', name: 'x-key', template: '{{ api_key }}' },
  )
  assert.throws(() => apply(auth, {}), { code: 'missing_credential_field' })
  assert.throws(() => apply(resolveAuth({ scheme: 'GOOGLE_SERVICE_ACCOUNT' }), { credentials_json: '{}' }), {
    code: 'missing_credential_field',
  })
})

for (const evil of ['k\r\nx-evil: 1', 'k\nx', 'k\0', 'k☃'])
  test(`a value cannot add a header, and is not repeated: ${JSON.stringify(evil)}`, () => {
    for (const placement of [
      { in: 'header', name: 'x-key', template: '{{ api_key }}' },
      { in: 'cookie', name: 'k', template: '{{ api_key }}' },
    ] as const)
      assert.throws(
        () => apply(keyIn(placement), { api_key: evil }),
        (error: HoldfastError) =>
          error.code === 'invalid_request' && !JSON.stringify([error.message, error.fields]).includes('k\\'),
      )
  })

test('a value cannot add a cookie', () => {
  assert.throws(() => apply(keyIn({ in: 'cookie', name: 'k', template: '{{ api_key }}' }), { api_key: 'k; admin=1' }), {
    code: 'invalid_request',
  })
})

test('a line break around a pasted key does no harm', () => {
  assert.equal(
    apply(keyIn({ in: 'header', name: 'x-key', template: '{{ api_key }}' }), { api_key: ' k\n' }).request.headers['x-key'],
    'k',
  )
})
