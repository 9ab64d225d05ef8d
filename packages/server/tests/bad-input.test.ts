import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import {
  type ApiDocument,
  bodyFieldsOf,
  type JsonSchema,
  type Method,
  type Operation,
  operationsOf,
  sampleOf,
  withField,
} from '../testing/api-document.ts'
import { type TestDatabase, testDatabases } from '../testing/databases.ts'
import { ORG_KEY, openRealApp } from '../testing/real-app.ts'

const OWNER = '/api/v3.1/org/owner'
const PROXIES = /\/(?:proxy|proxy_execute)$/

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** The whole server, two projects with one of everything, and a check that every answer here has to pass. */
async function setUp(t: TestContext, testDatabase: TestDatabase) {
  const app = await openRealApp(t, testDatabase)
  const operations = operationsOf((await app.http.inject('/openapi.json')).json<ApiDocument>())

  const assertDecent = (reply: Reply, label: string): void => {
    const { status, headers, text } = reply
    assert.ok(status < 500 || status === 501, `${label} → ${status} ${text}\n${app.logged.at(-1) ?? ''}`)
    assert.match(String(headers['x-request-id']), /^[\w.:-]{8,}$/, label)
    if (status < 400) return
    assert.match(String(headers['content-type']), /^application\/json/, label)
    const { error, ...others } = JSON.parse(text) as { error: Record<string, unknown> }
    assert.deepEqual(Object.keys(others), [], label)
    const types = Object.fromEntries(
      Object.entries(error).map(([name, value]) => [name, Array.isArray(value) ? 'list' : typeof value]),
    )
    assert.deepEqual(
      types,
      {
        message: 'string',
        code: 'number',
        slug: 'string',
        status: 'number',
        request_id: 'string',
        suggested_fix: 'string',
        errors: 'list',
      },
      label,
    )
    assert.deepEqual([error['status'], error['request_id']], [status, headers['x-request-id']], label)
    assert.doesNotMatch(text, /node_modules|file:\/\/|\.[tj]s:\d|\bat [\w.]+ \(|select |insert /, label)
    assert.ok(
      !text.includes(app.dataDir) && !text.includes(app.apiKey) && text.length < 150_000,
      `${label}: ${text.slice(0, 500)}`,
    )
  }

  const send = async (
    method: Method,
    url: string,
    headers: Record<string, string>,
    payload?: string | Buffer,
  ): Promise<Reply> => {
    const {
      statusCode,
      headers: answered,
      body,
    } = await app.http.inject({
      method,
      url,
      headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(payload !== undefined && { payload }),
    })
    return { status: statusCode, headers: answered, text: body }
  }
  const keysFor = (path: string, apiKey: string): Record<string, string> =>
    path.startsWith(OWNER) ? { 'x-org-api-key': ORG_KEY } : { 'x-api-key': apiKey }
  const create = async <Made>(apiKey: string, path: string, body: unknown): Promise<Made> => {
    const reply = await send('POST', `/api/v3.1${path}`, keysFor(`/api/v3.1${path}`, apiKey), JSON.stringify(body))
    assert.ok(reply.status < 300, `${path}: ${reply.text}`)
    return JSON.parse(reply.text) as Made
  }
  const newProject = (name: string) =>
    create<{ id: string; api_key: string }>('', '/org/owner/project/new', { name, should_create_api_key: true })

  const furnish = async (apiKey: string): Promise<Record<string, string>> => {
    const made = await create<{ auth_config: { id: string } }>(apiKey, '/auth_configs', {
      toolkit: { slug: 'example' },
      auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' },
    })
    const authConfig = made.auth_config.id
    const connection = { user_id: 'u', state: { authScheme: 'API_KEY', val: { api_key: 'an-imported-key' } } }
    const { id: account } = await create<{ id: string }>(apiKey, '/connected_accounts', {
      auth_config: { id: authConfig },
      connection,
    })
    const hasSessions = operations.some(({ label }) => label === 'POST /api/v3.1/tool_router/session')
    const session = hasSessions
      ? (
          await create<{ session_id: string }>(apiKey, '/tool_router/session', {
            user_id: 'u',
            toolkits: { enable: ['example'] },
          })
        ).session_id
      : 'trs_none'
    return { authConfig, account, session, project: (await newProject('spare')).id }
  }
  const own = await furnish(app.apiKey)
  const foreign = await furnish((await newProject('other')).api_key)

  /** The path with an id of that kind in it. */
  const pathOf = ({ path }: Operation, ids: Record<string, string>): string =>
    path.replace(/\{(\w+)\}/g, (_all, name: string) => {
      if (path.startsWith('/api/v3.1/auth_configs/{')) return (name === 'status' ? 'DISABLED' : ids['authConfig']) ?? ''
      if (path.startsWith('/api/v3.1/connected_accounts/{')) return ids['account'] ?? ''
      if (path.startsWith('/api/v3.1/tool_router/session/{')) return ids['session'] ?? ''
      if (path.startsWith('/api/v3.1/toolkits/{')) return ids['toolkit'] ?? 'example'
      if (path.startsWith('/api/v3.1/tools/')) return ids['tool'] ?? 'EXAMPLE_GET_ITEM'
      if (path.startsWith(`${OWNER}/project/{`)) return ids['project'] ?? ''
      throw new Error(`say here which id belongs into {${name}} of ${path}`)
    })
  /** What the route would do something with, as far as its schema does not say. */
  const bodyOf = ({ label, body = {} }: Operation): unknown => {
    const ids = { connected_account_id: own['account'], user_id: 'u' }
    const known: Readonly<Record<string, unknown>> = {
      'POST /api/v3.1/auth_configs': {
        toolkit: { slug: 'example' },
        auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' },
      },
      'POST /api/v3.1/connected_accounts': {
        auth_config: { id: own['authConfig'] },
        connection: { user_id: 'u', state: { authScheme: 'API_KEY', val: { api_key: 'an-imported-key' } } },
      },
      'PATCH /api/v3.1/connected_accounts/{id}': {
        connection: { state: { authScheme: 'API_KEY', val: { api_key: 'a-newer-key' } } },
      },
      'POST /api/v3.1/tools/execute/proxy': { ...ids, endpoint: '/items', method: 'POST' },
      'POST /api/v3.1/tools/execute/{slug}': { ...ids, arguments: { id: 'one' } },
    }
    return known[label] ?? sampleOf(body)
  }
  const headersOf = ({ path }: Operation) => keysFor(path, app.apiKey)
  const call = (operation: Operation, url: string, payload?: string | Buffer, headers = headersOf(operation)) =>
    send(operation.method, url, headers, payload)
  const withBody = operations.filter(({ body }) => body !== undefined)
  return { app, operations, withBody, own, foreign, pathOf, bodyOf, headersOf, call, assertDecent }
}

const errorOf = ({ text }: Reply) => (JSON.parse(text) as { error: { message: string; slug: string; errors: string[] } }).error
const ajv = new Ajv2020({ strict: false, logger: false })
/** A second opinion on what a schema takes, from another library than the server's. */
const takes = (schema: JsonSchema, value: unknown): boolean => ajv.validate(schema, value)

/** Stands for what JSON.stringify itself could not write. */
const DEEP = '@deep@'
const toJson = (body: unknown): string =>
  JSON.stringify(body).replace(JSON.stringify(DEEP), '['.repeat(20_000) + ']'.repeat(20_000))
const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e308,
  '',
  'no such thing',
  'ünïcödé 🜚 \u202e\u200b',
  "'; drop table project; --",
  'NUL\u0000in it',
  'half\ud83da pair',
  '../../etc/passwd',
  '{{ constructor }}',
  '__proto__',
  'constructor',
  'x'.repeat(100_000),
  [],
  [[]],
  ['a', 1, null],
  Array.from({ length: 5_000 }, () => null),
  {},
  { a: { b: null } },
  { constructor: 1, toString: 1, length: -1 },
  { 'NUL\u0000key': 'x' },
  DEEP,
]

for (const testDatabase of testDatabases()) {
  test(`bad input gets a clear refusal, never a failure of the server (${testDatabase.name})`, async (t) => {
    const { app, operations, withBody, own, foreign, pathOf, bodyOf, headersOf, call, assertDecent } = await setUp(
      t,
      testDatabase,
    )

    await t.test('without a key nothing is read and nothing is done', async () => {
      for (const operation of operations) {
        const url = pathOf(operation, own)
        for (const headers of [
          {},
          { 'x-api-key': '' },
          { 'x-api-key': 'hf_unknown' },
          { authorization: 'Bearer hf_x' },
          { 'x-org-api-key': 'x' },
        ])
          for (const version of [url, url.replace('/v3.1/', '/v3/')]) {
            const reply = await call(operation, version, operation.body && '{"broken', headers as Record<string, string>)
            assert.equal(reply.status, 401, `${operation.label} ${JSON.stringify(headers)}`)
            assertDecent(reply, operation.label)
          }
      }
    })

    await t.test('a caller without a key is refused before its body has arrived', async () => {
      for (const operation of withBody) {
        const head = { 'content-type': 'application/json', 'content-length': '10000000000' }
        const outgoing = request(app.url + pathOf(operation, own), { method: operation.method, headers: head })
        outgoing.on('error', () => {})
        outgoing.flushHeaders()
        const status = await new Promise((resolve) =>
          outgoing.once('response', (reply: IncomingMessage) => resolve(reply.statusCode)),
        )
        assert.equal(status, 401, operation.label)
        outgoing.destroy()
      }
    })

    await t.test('what is not JSON is a 400, what is too large a 413, what says it is something else a 415', async () => {
      const broken = [
        '{"',
        '{"a":1,}',
        "{'a':1}",
        'nul',
        '{"a":1}{',
        '\u0000',
        '{"__proto__":{"x":1}}',
        '{"constructor":{"prototype":{}}}',
        Buffer.of(0xff, 0xfe),
      ]
      for (const operation of withBody) {
        const url = pathOf(operation, own)
        for (const body of broken) {
          const reply = await call(operation, url, body)
          assert.equal(reply.status, 400, `${operation.label} ${String(body)}: ${reply.text}`)
          assertDecent(reply, operation.label)
        }
        const limit = PROXIES.test(operation.path) ? 50 * 1024 * 1024 : 5 * 1024 * 1024
        const large = await call(operation, url, Buffer.alloc(limit + 1, ' '))
        assert.equal(large.status, 413, `${operation.label}: ${large.text}`)
        assertDecent(large, operation.label)
        for (const type of [
          'text/plain',
          'application/xml',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
        ]) {
          const reply = await call(operation, url, '{}', { ...headersOf(operation), 'content-type': type })
          assert.equal(reply.status, 415, `${operation.label} ${type}: ${reply.text}`)
          assertDecent(reply, operation.label)
        }
      }
    })

    await t.test('every field of every body refuses what it does not take, by name', async () => {
      // The types are refused before any database is asked; what passes them is its affair too.
      const wrongValues =
        testDatabase.name === 'sqlite' ? WRONG_VALUES : WRONG_VALUES.filter((value) => typeof value === 'string')
      for (const operation of withBody) {
        const schema = operation.body ?? {}
        const url = pathOf(operation, own)
        for (const field of [{ path: [], schema }, ...bodyFieldsOf(schema)]) {
          const name = field.path.join('.')
          for (const value of wrongValues) {
            const body = toJson(withField(bodyOf(operation), schema, field.path, value))
            const label = `${operation.label} with ${name} = ${JSON.stringify(value).slice(0, 60)}`
            const reply = await call(operation, url, body)
            assertDecent(reply, label)
            if (value === DEEP) assert.equal(reply.status, 400, label)
            if (name === '' || value === DEEP || takes(field.schema, value)) continue
            assert.equal(reply.status, 400, `${label}: ${reply.text}`)
            const { errors } = errorOf(reply)
            assert.ok(
              errors.some((error) => error.startsWith(name)),
              `${label}: ${JSON.stringify(errors)}`,
            )
          }
        }
      }
    })

    await t.test('every query parameter survives anything, and says so when it does not take it', async () => {
      const values = [
        '',
        'no such thing',
        '%00',
        '%ff',
        '%ed%a0%bd',
        '%F0%9F%9C%9A',
        '-1',
        '1.5',
        '1e999',
        'NaN',
        'true',
        '[',
        '["a"',
        '{}',
        '__proto__',
        'x'.repeat(5000),
      ]
      const cursors = [
        [1],
        [1, 'auth_configs', 'x', 'y'],
        [1, 'accounts:created_at:desc', 1e300, 'a'],
        [1, 'accounts:created_at:desc', 1.5, 'a'],
        [1, 'projects', 'NaN', 'b'],
        [1, 'auth_configs', 1, 'a\u0000'],
        [1, 'auth_configs', 1, 7],
        [1, 'auth_configs', null],
      ]
      const made = cursors.map((cursor) => Buffer.from(JSON.stringify(cursor)).toString('base64url'))
      for (const operation of operations)
        for (const { name, schema } of operation.query) {
          const url = `${pathOf(operation, own)}?${name}=`
          for (const value of [...values, ...(name === 'cursor' ? made : [])]) {
            for (const query of [value, `${value}&${name}=${value}`]) {
              const reply = await call(operation, url + query)
              assertDecent(reply, operation.label + url + query)
              if (reply.status === 400)
                assert.match(errorOf(reply).errors.join(), new RegExp(name), `${url}${query}: ${reply.text}`)
            }
          }
          if (schema.enum) assert.equal((await call(operation, `${url}nonsense`)).status, 400, url)
        }
    })

    await t.test("unknown ids and another project's are not there", async () => {
      const unknown = {
        authConfig: 'ac_unknown',
        account: 'ca_unknown',
        session: 'trs_unknown',
        toolkit: 'unknown',
        tool: 'EXAMPLE_UNKNOWN',
        project: 'pr_unknown',
      }
      for (const operation of operations.filter(({ path }) => path.includes('{'))) {
        const body = operation.body && JSON.stringify(bodyOf(operation))
        const kinds = /\/(?:toolkits|tools|org)\//.test(operation.path) ? [unknown] : [unknown, foreign]
        for (const ids of kinds) {
          const reply = await call(operation, pathOf(operation, ids), body)
          const expected = operation.path.endsWith('/input') ? 501 : 404
          assert.equal(reply.status, expected, `${operation.label} ${JSON.stringify(ids)}: ${reply.text}`)
          assertDecent(reply, operation.label)
        }
      }
    })

    await t.test("another project's ids in a body are not there either", async () => {
      const connection = { user_id: 'u', state: { val: { api_key: 'an-imported-key' } } }
      const ids = { connected_account_id: foreign['account'] }
      const bodies: readonly (readonly [string, unknown])[] = [
        ['/connected_accounts', { auth_config: { id: foreign['authConfig'] }, connection }],
        ['/tools/execute/EXAMPLE_GET_ITEM', { ...ids, arguments: { id: 'one' } }],
        ['/tools/execute/proxy', { ...ids, endpoint: '/items', method: 'GET' }],
      ]
      for (const [path, body] of bodies) {
        const reply = await app.http.inject({
          method: 'POST',
          url: `/api/v3.1${path}`,
          headers: { 'x-api-key': app.apiKey },
          payload: body as object,
        })
        assert.equal(reply.statusCode, 404, `${path}: ${reply.body}`)
      }
    })

    await t.test('no spelling of an id leads elsewhere', async () => {
      const tricks = [
        '%2e%2e%2f%2e%2e',
        '..%2F..%2Fhealthz',
        '%00',
        `${own['account']}%00`,
        '%',
        '%zz',
        '%ff',
        '%ed%a0%80',
        '%C0%AE',
        '%F0%9F%9C%9A',
        'a%3Fb',
        'a%23b',
        '__proto__',
        'constructor',
        'toString',
        '%20',
        "'",
        'x'.repeat(600),
        `${own['account']}%20`,
      ]
      for (const operation of operations.filter(({ path }) => path.includes('{')))
        for (const trick of tricks) {
          const path = operation.path.replace(/\{\w+\}/, trick).replace(/\{\w+\}/g, 'DISABLED')
          const headers = { ...headersOf(operation), ...(operation.body && { 'content-type': 'application/json' }) }
          const reply = await sendRaw(
            app.url,
            operation.method,
            path,
            headers,
            operation.body && JSON.stringify(bodyOf(operation)),
          )
          assertDecent(reply, `${operation.method} ${path}`)
          assert.ok(
            reply.status >= 400 && (reply.status < 500 || path.endsWith('/input')),
            `${operation.method} ${path} → ${reply.status} ${reply.text}`,
          )
        }
    })

    await t.test('random bodies never break anything', async () => {
      for (const operation of withBody) {
        const schema = operation.body ?? {}
        const fields = bodyFieldsOf(schema)
        const url = pathOf(operation, own)
        const mutations = fc.array(fc.tuple(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 3 })), {
          minLength: 1,
          maxLength: 4,
        })
        const bodies = fc.oneof(
          fc.jsonValue({ maxDepth: 4 }),
          mutations.map((all) =>
            all.reduce<unknown>((body, [field, value]) => withField(body, schema, field.path, value), bodyOf(operation)),
          ),
        )
        const property = fc.asyncProperty(bodies, async (body) => {
          const text = JSON.stringify(body)
          assertDecent(await call(operation, url, text), `${operation.label} ${text}`)
        })
        await fc.assert(property, { numRuns: 40 })
      }
    })

    await t.test('after all of it the server answers, and has nothing to report', async () => {
      const reply = await app.http.inject({
        url: `/api/v3.1/connected_accounts/${own['account']}`,
        headers: { 'x-api-key': app.apiKey },
      })
      assert.equal(reply.statusCode, 200, reply.body)
      assert.deepEqual(
        app.logged.filter((line) => /"level":(?:50|60)/.test(line)),
        [],
      )
    })
  })
}

/** As it stands: fetch and inject would tidy the path up. */
const sendRaw = (origin: string, method: string, path: string, headers: Record<string, string>, body?: string): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const outgoing = request(origin, { method, path, headers }, async (reply) => {
      const chunks: Buffer[] = []
      for await (const chunk of reply) chunks.push(chunk)
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
