import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthScheme } from '../auth-schemes.ts'
import { type ResolvedAuth, resolveAuth } from './auth-definitions.ts'
import type { FieldDescriptor } from './definition.ts'
import { settleConditions } from './field-visibility.ts'
import { normaliseFields } from './fields.ts'

const one = (field: Partial<FieldDescriptor>, value: unknown) => normaliseFields([{ name: 'f', ...field }], { f: value })
const fieldsOf = (auth: ResolvedAuth) => auth.credential_fields

test('a field is found by its other names and kept under its own', () => {
  const fields: FieldDescriptor[] = [{ name: 'api_key', aliases: ['generic_api_key'] }]
  assert.deepEqual(normaliseFields(fields, { generic_api_key: 'k' }).values, { api_key: 'k' })
  assert.deepEqual(normaliseFields(fields, { generic_api_key: 'old', api_key: 'new' }).values, { api_key: 'new' })
  assert.deepEqual(normaliseFields(fields, { generic_api_key: 'k', api_key: null }).values, { api_key: 'k' })
})

test("a name that is another field's own is not taken as an alias", () => {
  const fields: FieldDescriptor[] = [{ name: 'a', aliases: ['b'] }, { name: 'b' }]
  assert.deepEqual(normaliseFields(fields, { b: 'x' }).values, { b: 'x' })
})

test('unknown fields are kept as they came', () => {
  assert.deepEqual(one({}, 'x').values, { f: 'x' })
  assert.deepEqual(normaliseFields([], { extra: { deep: [1] } }), { values: { extra: { deep: [1] } }, errors: [] })
})

test('absent, null and empty all count as left out; defaults stand in', () => {
  for (const value of [undefined, null, '']) {
    assert.deepEqual(one({ required: true }, value), { values: {}, errors: [{ path: 'f', message: 'is required' }] })
    assert.deepEqual(one({ required: true, default: 'us' }, value), { values: { f: 'us' }, errors: [] })
  }
})

for (const [field, good, bad] of [
  [{ type: 'string' }, ['x'], [1, true, ['x'], { x: 1 }]],
  [{ type: 'number' }, [1, '1.5'], ['one', ' ', true]],
  [{ type: 'boolean' }, [false, 'true'], ['yes', 0]],
  [{ pattern: '[a-z]+' }, ['abc'], ['abc1', 'abc\n', '']],
  [{ enum: ['eu', 'us'] }, ['eu'], ['de']],
  [{ format: 'hostname' }, ['a.example.com', '10.0.0.1', '::1'], ['a/b', 'https://a', '-a', 'a b', '::1/x', '1:2']],
  [{ format: 'uri' }, ['https://a.example.com/x'], ['javascript:alert(1)', 'a.example.com', 'https://']],
  [{ format: 'uuid' }, ['00000000-0000-4000-8000-000000000000'], ['0000']],
  [{ format: 'email' }, ['ann@example.com'], ['ann', 'ann@']],
] as const satisfies [Partial<FieldDescriptor>, unknown[], unknown[]][])
  test(`values are checked: ${JSON.stringify(field)}`, () => {
    for (const value of good) assert.deepEqual(one(field, value).errors, [], String(value))
    for (const value of bad) assert.equal(one({ required: true, ...field }, value).errors.length, 1, String(value))
  })

test('prefix and suffix are written once, given or not', () => {
  const field = { prefix: 'https://', suffix: '.example.com', pattern: '[a-z]+' }
  for (const value of ['acme', 'https://acme', 'acme.example.com', 'https://acme.example.com'])
    assert.deepEqual(one(field, value), { values: { f: 'https://acme.example.com' }, errors: [] })
  assert.equal(one(field, 'evil.com/').errors.length, 1)
})

test('no message repeats a value', () => {
  const fields: FieldDescriptor[] = [
    { name: 'a', pattern: '[a-z]' },
    { name: 'b', enum: ['x'] },
    { name: 'c', type: 'number' },
    { name: 'd', format: 'uri' },
  ]
  const { errors } = normaliseFields(fields, { a: 'S3CRET', b: 'S3CRET', c: 'S3CRET', d: 'S3CRET' })
  assert.equal(errors.length, 4)
  assert.doesNotMatch(JSON.stringify(errors), /S3CRET/)
})

const apiKey = resolveAuth({ scheme: 'API_KEY', placements: [] })
const named = resolveAuth({
  scheme: 'API_KEY',
  placements: [],
  credential_fields: [{ name: 'personal_key', secret: true, required: true }],
})

for (const name of ['api_key', 'generic_api_key', 'bearer_token', 'basic_encoded'])
  test(`an API key may come as ${name}, whatever the toolkit calls its own`, () => {
    for (const auth of [apiKey, named]) assert.deepEqual(normaliseFields(fieldsOf(auth), { [name]: 'k' }).errors, [])
  })

test('an API key that comes under no name is refused', () => {
  assert.deepEqual(normaliseFields(fieldsOf(named), { other: 'k' }).errors, [{ path: 'personal_key', message: 'is required' }])
})

const COMPLETE: readonly [AuthScheme, Record<string, string>][] = [
  ['BEARER_TOKEN', { token: 't' }],
  ['BASIC', { username: 'u' }],
  ['BASIC_WITH_JWT', { username: 'u', password: 'p' }],
  ['GOOGLE_SERVICE_ACCOUNT', { credentials_json: '{"client_email":"a@b.example","private_key":"k"}' }],
  ['SERVICE_ACCOUNT', { application_id: 'a', installation_id: 'i', private_key: 'k' }],
  ['BILLCOM_AUTH', { sessionId: 's', devKey: 'd' }],
  ['CALCOM_AUTH', { access_token: 't' }],
  ['OAUTH2', { access_token: 't' }],
  ['OAUTH1', { oauth_token: 't', oauth_token_secret: 's' }],
  ['NO_AUTH', {}],
]
for (const [scheme, values] of COMPLETE)
  test(`${scheme} needs ${Object.keys(values).join(', ') || 'nothing'}, and no less`, () => {
    const auth = resolveAuth({ scheme })
    assert.deepEqual(normaliseFields(fieldsOf(auth), values), { values, errors: [] })
    for (const name of Object.keys(values))
      assert.deepEqual(normaliseFields(fieldsOf(auth), { ...values, [name]: null }).errors, [
        { path: name, message: 'is required' },
      ])
  })

test('a field that is not shown is not missing', () => {
  const fields: FieldDescriptor[] = [
    { name: 'kind', enum: ['cloud', 'own'], default: 'cloud' },
    { name: 'host', required: true, visible_when: { field: 'kind', in: ['own'] } },
  ]
  assert.deepEqual(normaliseFields(fields, {}).errors, [])
  assert.deepEqual(normaliseFields(fields, { kind: 'own' }).errors, [{ path: 'host', message: 'is required' }])
  assert.deepEqual(normaliseFields(fields, { kind: 'own', host: 'h' }).errors, [])
})

test('a condition on a value that the app has set is settled before anybody is asked', () => {
  const own: FieldDescriptor = { name: 'host', required: true, visible_when: { field: 'kind', in: ['own'] } }
  const kind: FieldDescriptor = { name: 'kind', enum: ['cloud', 'own'] }
  assert.deepEqual(settleConditions([own], { kind: 'own' }), [{ name: 'host', required: true }])
  assert.deepEqual(settleConditions([own], { kind: 'cloud' }), [])
  assert.deepEqual(settleConditions([own], {}), [])
  assert.deepEqual(settleConditions([kind, own], { kind: 'cloud' }), [kind, own])
})
