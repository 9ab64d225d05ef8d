import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as sdk from '../src/index.ts'
import { routes, startFakeServer, wireError } from './support/fake-server.ts'

const CLASSES = {
  400: sdk.HoldfastBadRequestError,
  401: sdk.HoldfastAuthenticationError,
  403: sdk.HoldfastPermissionError,
  404: sdk.HoldfastNotFoundError,
  409: sdk.HoldfastConflictError,
  413: sdk.HoldfastPayloadTooLargeError,
  418: sdk.HoldfastApiError,
  422: sdk.HoldfastUnprocessableError,
  429: sdk.HoldfastRateLimitError,
  500: sdk.HoldfastServerError,
  502: sdk.HoldfastServerError,
}

for (const [text, ErrorClass] of Object.entries(CLASSES)) {
  test(`${text} is a ${ErrorClass.name} with everything the server said`, async (t) => {
    const status = Number(text)
    const body = wireError(status, 'some_reason', 'It cannot be.', {
      errors: ['connection.state.val.api_key: must be a string', 'odd'],
    })
    const server = await startFakeServer(t, routes({ 'GET /toolkits': { status, body } }))
    const holdfast = new sdk.Holdfast({ apiKey: 'k', baseURL: server.url, maxRetries: 0 })
    const error = await holdfast.toolkits.list().then(
      () => assert.fail('no error'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof ErrorClass)
    assert.ok(error instanceof sdk.HoldfastApiError)
    assert.equal(error.name, ErrorClass.name)
    assert.equal(error.message, 'It cannot be.')
    const { code, requestId, suggestedFix, errors } = error
    assert.deepEqual(
      { status: error.status, code, requestId, suggestedFix },
      { status, code: 'some_reason', requestId: 'req_1', suggestedFix: 'Do it right.' },
    )
    assert.deepEqual(errors, [{ path: 'connection.state.val.api_key', message: 'must be a string' }, { message: 'odd' }])
  })
}

test("a gateway's page is not quoted, and its status and request id are kept", async (t) => {
  const answer = { status: 502, headers: { 'x-request-id': 'gw_9' }, body: '<h1>Bad gateway</h1> x-api-key: k-secret' }
  const server = await startFakeServer(t, routes({ 'GET /toolkits': answer }))
  const holdfast = new sdk.Holdfast({ apiKey: 'k-secret', baseURL: server.url, maxRetries: 0 })
  await assert.rejects(holdfast.toolkits.list(), {
    status: 502,
    requestId: 'gw_9',
    message: 'The server answered 502 Bad Gateway.',
  })
})

test('a redirect is not followed, since the API key would go with it', async (t) => {
  const elsewhere = await startFakeServer(t, () => ({ body: {} }))
  const server = await startFakeServer(
    t,
    routes({ 'GET /toolkits': { status: 307, headers: { location: elsewhere.url }, body: '' } }),
  )
  await assert.rejects(new sdk.Holdfast({ apiKey: 'k', baseURL: server.url }).toolkits.list(), {
    status: 307,
    code: 'redirected',
  })
  assert.equal(elsewhere.requests.length, 0)
})

test('an answer that is not JSON says where to look', async (t) => {
  const server = await startFakeServer(t, () => ({ body: '<!doctype html>' }))
  await assert.rejects(new sdk.Holdfast({ apiKey: 'k', baseURL: server.url }).toolkits.list(), /baseURL/)
})

test('options that cannot be right are refused at once, without quoting a secret', () => {
  const refused = (options: sdk.HoldfastOptions, pattern: RegExp) =>
    assert.throws(
      () => new sdk.Holdfast(options),
      (error) =>
        error instanceof sdk.HoldfastValidationError && pattern.test(error.message) && !inspect(error).includes('s3cret'),
    )
  refused({ apiKey: '' }, /No API key/)
  refused({ apiKey: 's3cret\nx' }, /character/)
  refused({ apiKey: 'k', headers: { authorization: 's3cret\nx' } }, /"authorization"/)
  refused({ apiKey: 'k', baseURL: 'http://user:s3cret@localhost:9900' }, /must not hold/)
  refused({ apiKey: 'k', baseURL: 's3cret' }, /not a URL/)
  refused({ apiKey: 'k', baseURL: 'ftp://s3cret' }, /http or https/)
})

test('a base URL may end in a slash, in a path, or in the API prefix that curl snippets have', () => {
  const at = (baseURL: string) => new sdk.Holdfast({ apiKey: 'k', baseURL }).baseURL
  assert.equal(at('http://localhost:9900/'), 'http://localhost:9900')
  assert.equal(at('https://example.com/holdfast//'), 'https://example.com/holdfast')
  assert.equal(at('https://example.com/api/v3'), 'https://example.com')
  assert.equal(at('https://example.com/api/v3.1/'), 'https://example.com')
})

test('the environment gives the key and the address that are not passed', (t) => {
  const names = ['HOLDFAST_API_KEY', 'COMPOSIO_API_KEY', 'HOLDFAST_BASE_URL'] as const
  const before = names.map((name) => [name, process.env[name]] as const)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  for (const name of names) delete process.env[name]
  assert.throws(() => new sdk.Holdfast(), /HOLDFAST_API_KEY/)
  process.env['COMPOSIO_API_KEY'] = 'k'
  assert.equal(new sdk.Holdfast().baseURL, 'http://localhost:9900')
  process.env['HOLDFAST_BASE_URL'] = 'http://holdfast.internal'
  assert.equal(new sdk.Holdfast().baseURL, 'http://holdfast.internal')
})
