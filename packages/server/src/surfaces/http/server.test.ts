import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { Type } from 'typebox'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { ApiServer } from './api-server.ts'
import { requireOrgKey, requireProject } from './authenticate.ts'
import { API_PREFIXES, registerApi } from './both-versions.ts'
import { createLogger } from './logger.ts'
import { buildHttpServer } from './server.ts'
import type { WireError } from './wire-errors.ts'
import { listParam, readList } from './wire-query.ts'

const KEY = 'hf_key-of-project-one'
const SECRET = 'sk-marked-secret'
let app: ApiServer
let url = ''
const logged: string[] = []
let bodiesParsed = 0
const answers: string[] = []

before(async () => {
  app = buildHttpServer({
    logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }),
    bodyLimitBytes: 1000,
    onAnswer: (method, route, status) => answers.push(`${method} ${route} ${status}`),
  })
  app.addHook('preValidation', (_request, _reply, done) => {
    bodiesParsed++
    done()
  })
  registerApi(app, API_PREFIXES, (api) => {
    const onRequest = requireProject(async (key) => (key === KEY ? ('pr_one' as ProjectId) : undefined))
    const body = Type.Object({
      auth_config: Type.Object({ id: Type.String() }),
      connection: Type.Optional(
        Type.Union([Type.Object({ state: Type.Object({ val: Type.Record(Type.String(), Type.String()) }) }), Type.Null()]),
      ),
      kind: Type.Optional(Type.Union([Type.Literal('PRIVATE'), Type.Literal('SHARED')])),
    })
    api.post('/things', { onRequest, schema: { body } }, async (request) => ({ project: request.projectId, body: request.body }))
    api.post('/large', { onRequest, bodyLimit: 100_000 }, async (request) => ({ length: JSON.stringify(request.body).length }))
    api.get(
      '/things',
      {
        onRequest,
        schema: { querystring: Type.Object({ user_ids: listParam('Users.'), limit: Type.Optional(Type.Integer()) }) },
      },
      async ({ query }) => ({
        users: readList(query.user_ids) ?? null,
        limit: query.limit ?? null,
      }),
    )
    api.get('/things/:id', { onRequest }, async (request) => ({ id: (request.params as { id: string }).id }))
    api.get('/refused/:code', async (request) => {
      throw new HoldfastError((request.params as { code: 'alias_taken' }).code, 'No.', {
        fix: 'Do.',
        cause: new Error('private'),
      })
    })
    api.get('/broken', async () => {
      throw Object.assign(new Error('the database is on fire'), { row: SECRET, body: SECRET })
    })
    api.get('/unparsable', async () => JSON.parse(SECRET))
    api.get('/unauthenticated', async (request) => ({ project: request.projectId }))
    api.get('/org', { onRequest: requireOrgKey('org-key') }, async () => ({ ok: true }))
    api.get('/org-off', { onRequest: requireOrgKey(undefined) }, async () => ({ ok: true }))
  })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
after(() => app.close())

const call = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(url + path, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text ? (JSON.parse(text) as WireError) : undefined }
}
const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
  call(path, { method: 'POST', body, headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers } })
const get = (path: string, headers: Record<string, string> = {}) => call(path, { headers: { 'x-api-key': KEY, ...headers } })

interface Refusal {
  readonly name: string
  readonly send: () => ReturnType<typeof call>
  readonly status: number
  readonly slug: string
  readonly says: RegExp
}

const refusals: Refusal[] = [
  { name: 'no key', send: () => call('/api/v3/things'), status: 401, slug: 'unauthorized', says: /no API key/ },
  {
    name: 'wrong key',
    send: () => get('/api/v3/things', { 'x-api-key': 'hf_other' }),
    status: 401,
    slug: 'unauthorized',
    says: /not known/,
  },
  {
    name: 'broken JSON',
    send: () => post('/api/v3/things', '{"a":'),
    status: 400,
    slug: 'invalid_request',
    says: /not valid JSON/,
  },
  {
    name: 'a __proto__ key',
    send: () => post('/api/v3/things', '{"__proto__":{"a":1}}'),
    status: 400,
    slug: 'invalid_request',
    says: /JSON/,
  },
  {
    name: 'no body',
    send: () => post('/api/v3/things', ''),
    status: 400,
    slug: 'invalid_request',
    says: /needs a JSON body: it must be object/,
  },
  {
    name: 'a missing field',
    send: () => post('/api/v3/things', '{"auth_config":{}}'),
    status: 400,
    slug: 'invalid_request',
    says: /^auth_config\.id is required/,
  },
  {
    name: 'a wrong type',
    send: () => post('/api/v3/things', '{"auth_config":{"id":7}}'),
    status: 400,
    slug: 'invalid_request',
    says: /^auth_config\.id must be string/,
  },
  {
    name: 'a wrong type deep in a union',
    send: () => post('/api/v3/things', '{"auth_config":{"id":"a"},"connection":{"state":{"val":{"k":1}}}}'),
    status: 400,
    slug: 'invalid_request',
    says: /^connection\.state\.val\.k must be string/,
  },
  {
    name: 'a missing field in a union',
    send: () => post('/api/v3/things', '{"auth_config":{"id":"a"},"connection":{}}'),
    status: 400,
    slug: 'invalid_request',
    says: /^connection\.state is required/,
  },
  {
    name: 'none of the allowed values',
    send: () => post('/api/v3/things', '{"auth_config":{"id":"a"},"kind":"x"}'),
    status: 400,
    slug: 'invalid_request',
    says: /^kind must be one of PRIVATE, SHARED/,
  },
  {
    name: 'a wrong query field',
    send: () => get('/api/v3/things?limit=many'),
    status: 400,
    slug: 'invalid_request',
    says: /^limit must be integer/,
  },
  {
    name: 'a text body',
    send: () => post('/api/v3/things', 'a', { 'content-type': 'text/plain' }),
    status: 415,
    slug: 'unsupported_media_type',
    says: /content type/,
  },
  {
    name: 'a large body',
    send: () => post('/api/v3/things', JSON.stringify('x'.repeat(2000))),
    status: 413,
    slug: 'body_too_large',
    says: /larger/,
  },
  { name: 'an unknown route', send: () => get('/api/v3/nothing'), status: 404, slug: 'not_found', says: /no such route/ },
  {
    name: 'the wrong method',
    send: () => call('/api/v3.1/things/1', { method: 'DELETE' }),
    status: 405,
    slug: 'method_not_allowed',
    says: /DELETE/,
  },
  {
    name: 'a path that is no percent-encoding',
    send: () => get('/api/v3/things/%zz'),
    status: 400,
    slug: 'invalid_request',
    says: /percent/,
  },
  { name: 'an endless id', send: () => get(`/api/v3/things/${'x'.repeat(600)}`), status: 404, slug: 'not_found', says: /long/ },
  { name: 'an unexpected error', send: () => get('/api/v3/broken'), status: 500, slug: 'internal_error', says: /went wrong/ },
  {
    name: 'a project read without a key',
    send: () => get('/api/v3/unauthenticated'),
    status: 500,
    slug: 'internal_error',
    says: /went wrong/,
  },
  { name: 'no organisation key', send: () => get('/api/v3/org'), status: 401, slug: 'unauthorized', says: /organisation key/ },
  {
    name: 'a wrong organisation key',
    send: () => get('/api/v3/org', { 'x-org-api-key': 'org-kez' }),
    status: 401,
    slug: 'unauthorized',
    says: /organisation key/,
  },
  {
    name: 'organisation routes without the setting',
    send: () => get('/api/v3/org-off', { 'x-org-api-key': '' }),
    status: 403,
    slug: 'forbidden',
    says: /switched off/,
  },
  { name: 'a domain refusal', send: () => get('/api/v3/refused/alias_taken'), status: 400, slug: 'alias_taken', says: /^No\.$/ },
  {
    name: 'an account that is not there',
    send: () => get('/api/v3/refused/no_account_for_toolkit'),
    status: 404,
    slug: 'ActionExecute_ConnectedAccountNotFound',
    says: /^No\.$/,
  },
  {
    name: 'a blocked destination',
    send: () => get('/api/v3/refused/destination_blocked'),
    status: 403,
    slug: 'destination_blocked',
    says: /^No\.$/,
  },
  {
    name: 'an upstream out of reach',
    send: () => get('/api/v3/refused/upstream_unreachable'),
    status: 502,
    slug: 'upstream_unreachable',
    says: /^No\.$/,
  },
  {
    name: 'an upstream that is too slow',
    send: () => get('/api/v3/refused/upstream_timeout'),
    status: 504,
    slug: 'upstream_timeout',
    says: /^No\.$/,
  },
]

suite('every refusal has its status, its slug and a text', () => {
  for (const { name, send, status, slug, says } of refusals) {
    test(name, async () => {
      const reply = await send()
      const error = reply.body?.error
      assert.equal(reply.status, status)
      assert.match(error?.message ?? '', says)
      assert.deepEqual([error?.slug, error?.status, typeof error?.code], [slug, status, 'number'])
      assert.equal(error?.request_id, reply.headers.get('x-request-id'))
      assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(reply.text.includes('private'), false)
      assert.equal(reply.text.includes(' at '), false)
    })
  }
})

test('a plain refusal never carries a status that makes official clients try again', () => {
  for (const { name, status } of refusals.filter(({ slug }) => !/internal|upstream/.test(slug))) {
    assert.equal([408, 409, 429].includes(status) || status >= 500, false, name)
  }
})

test('an upstream that timed out may have done the work: clients are told not to repeat the call', async () => {
  assert.equal((await get('/api/v3/refused/upstream_timeout')).headers.get('x-should-retry'), 'false')
  assert.equal((await get('/api/v3/refused/upstream_unreachable')).headers.get('x-should-retry'), null)
})

test('each route answers under both versions, with the project of the key', async () => {
  for (const prefix of API_PREFIXES) {
    const reply = await post(`${prefix}/things`, '{"auth_config":{"id":"a"},"unknown":1}')
    assert.equal(reply.status, 200)
    assert.deepEqual(JSON.parse(reply.text), { project: 'pr_one', body: { auth_config: { id: 'a' }, unknown: 1 } })
  }
})

test('a bearer header with a Holdfast key opens the project too', async () => {
  assert.equal((await call('/api/v3/things/1', { headers: { authorization: `Bearer ${KEY}` } })).status, 200)
  assert.equal((await call('/api/v3/things/1', { headers: { authorization: 'Bearer other' } })).status, 401)
})

test('the right organisation key gets in', async () => {
  assert.equal((await get('/api/v3/org', { 'x-org-api-key': 'org-key' })).status, 200)
})

test('without a key, or for a route that does not exist, no body is read', async () => {
  const before = bodiesParsed
  await post('/api/v3/things', '{"auth_config":{"id":"a"}}', { 'x-api-key': 'hf_wrong' })
  await post('/api/v3/nowhere', '{"auth_config":{"id":"a"}}')
  assert.equal(bodiesParsed, before)
  await post('/api/v3/things', '{"auth_config":{"id":"a"}}')
  assert.equal(bodiesParsed, before + 1)
})

test('a route may take a larger body than the server does', async () => {
  assert.equal((await post('/api/v3/large', JSON.stringify('x'.repeat(2000)))).status, 200)
})

test('a 405 lists what the path does answer to', async () => {
  const reply = await call('/api/v3/things', { method: 'DELETE' })
  assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST')
})

test('a request id is taken over only when it is harmless', async () => {
  assert.equal((await get('/api/v3/things/1', { 'x-request-id': 'trace-1.a:b' })).headers.get('x-request-id'), 'trace-1.a:b')
  for (const unsafe of ['a b', 'x'.repeat(65), '"quoted"']) {
    assert.match((await get('/api/v3/things/1', { 'x-request-id': unsafe })).headers.get('x-request-id') ?? '', /^req_[\w-]{21}$/)
  }
})

test('array filters arrive in every form that clients send', async () => {
  for (const query of [
    'user_ids=a,b',
    'user_ids=a%2Cb',
    'user_ids=a&user_ids=b',
    'user_ids[]=a&user_ids[]=b',
    'user_ids%5B0%5D=a&user_ids%5B1%5D=b',
    `user_ids=${encodeURIComponent('["a","b"]')}`,
  ]) {
    assert.deepEqual(
      JSON.parse((await get(`/api/v3/things?${query}&limit=5&other=x`)).text),
      { users: ['a', 'b'], limit: 5 },
      query,
    )
  }
})

test('a browser on another origin may call the API, without cookies', async () => {
  const preflight = await call('/api/v3/things', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'x-api-key')
  assert.equal(preflight.headers.get('access-control-allow-credentials'), null)
  const refused = await call('/api/v3/things', { headers: { origin: 'https://app.example' } })
  assert.equal(refused.headers.get('access-control-allow-origin'), '*')
  assert.equal(refused.headers.get('cache-control'), 'no-store')
})

test('bytes that are no HTTP get a 400 and the connection is closed', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => resolve(Buffer.concat(chunks).toString()))
      .on('error', reject)
  })
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /"slug":"invalid_request"/)
})

test('the log has one line a request, with the pattern of the route and nothing of what was sent', async () => {
  logged.length = 0
  answers.length = 0
  await get(`/api/v3/things/${SECRET}?user_ids=${SECRET}`, { authorization: `Bearer ${SECRET}`, cookie: SECRET })
  await post('/api/v3/things', JSON.stringify({ auth_config: { id: 1 }, connection: SECRET }))
  await post('/api/v3/things', `{"k":"${SECRET}`)
  await get(`/${SECRET}`)
  await get('/api/v3/broken')
  await get('/api/v3/unparsable')
  const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.equal(lines.filter(({ msg }) => msg === 'answered').length, 6)
  assert.deepEqual(Object.keys(lines[0] ?? {}).sort(), ['level', 'method', 'ms', 'msg', 'request_id', 'route', 'status', 'time'])
  assert.equal(lines[0]?.['route'], '/api/v3/things/:id')
  assert.match(logged.join(''), /the database is on fire/)
  assert.equal(logged.join('').includes(SECRET), false)
  assert.equal(logged.join('').includes(KEY), false)
  assert.deepEqual(answers.slice(0, 2), ['GET /api/v3/things/:id 200', 'POST /api/v3/things 400'])
})

test('a logger that is handed headers by mistake redacts the secret ones', () => {
  const written: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => written.push(line) } })
  logger.info(
    {
      headers: { 'x-api-key': SECRET, authorization: SECRET, cookie: SECRET, accept: 'a' },
      req: { headers: { 'x-api-key': SECRET } },
    },
    'oops',
  )
  assert.equal(written.join('').includes(SECRET), false)
  assert.match(written.join(''), /"accept":"a"/)
})

test('with checkReplies, a reply that breaks the documented schema is a fault, and otherwise it passes', async () => {
  for (const [checkReplies, status] of [
    [true, 500],
    [false, 200],
  ] as const) {
    const server = buildHttpServer({ checkReplies })
    const response = { 200: Type.Object({ id: Type.String() }) }
    server.get('/x', { schema: { response } }, async () => ({ id: 7 }) as unknown as { id: string })
    server.get('/y', { schema: { response } }, async () => ({ id: 'a' }))
    assert.equal((await server.inject('/x')).statusCode, status)
    assert.equal((await server.inject('/y')).statusCode, 200)
    await server.close()
  }
})
