import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { bodyFieldsOf, type JsonSchema, withField } from '../testing/api-document.ts'
import { testDatabases } from '../testing/databases.ts'
import { openFurnishedApp, type Reply } from '../testing/furnished-app.ts'
import {
  BROKEN_BODIES,
  BROKEN_TEXTS,
  DEEP,
  FORGED_CURSORS,
  toJson,
  trickyIds,
  WRONG_QUERY_VALUES,
  WRONG_VALUES,
} from '../testing/wrong-values.ts'

const PROXIES = /\/(?:proxy|proxy_execute)$/

const errorOf = ({ text }: Reply) => (JSON.parse(text) as { error: { message: string; slug: string; errors: string[] } }).error
const ajv = new Ajv2020({ strict: false, logger: false })
/** A second opinion on what a schema takes, from another library than the server's. */
const takes = (schema: JsonSchema, value: unknown): boolean => ajv.validate(schema, value)
/** The server is stricter than its schemas about text that no database keeps. */
const isBrokenText = ({ type }: JsonSchema, value: unknown): boolean =>
  type === 'string' && BROKEN_TEXTS.some((text) => text === value)

for (const testDatabase of testDatabases()) {
  test(`bad input gets a clear refusal, never a failure of the server (${testDatabase.name})`, async (t) => {
    const { app, operations, withBody, own, foreign, pathOf, bodyOf, headersOf, call, assertDecent } = await openFurnishedApp(
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
      for (const operation of withBody) {
        const url = pathOf(operation, own)
        for (const body of BROKEN_BODIES) {
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
            if (name === '' || value === DEEP || (takes(field.schema, value) && !isBrokenText(field.schema, value))) continue
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
      for (const operation of operations)
        for (const { name, schema } of operation.query) {
          // What a deletion takes, it deletes.
          const ids = operation.method === 'DELETE' ? { ...own, account: 'ca_unknown' } : own
          const url = `${pathOf(operation, ids)}?${name}=`
          for (const value of [...WRONG_QUERY_VALUES, ...(name === 'cursor' ? FORGED_CURSORS : [])]) {
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
        import: 'imp_unknown',
        revocation: 'rev_unknown',
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
      const bodies: readonly (readonly [string, number, (ids: Record<string, string>) => unknown])[] = [
        ['/connected_accounts', 404, ({ authConfig }) => ({ auth_config: { id: authConfig }, connection })],
        ['/connected_accounts/link', 404, ({ authConfig }) => ({ auth_config_id: authConfig, user_id: 'u' })],
        ['/tools/execute/EXAMPLE_GET_ITEM', 404, ({ account }) => ({ connected_account_id: account, arguments: { id: 'one' } })],
        ['/tools/execute/proxy', 404, ({ account }) => ({ connected_account_id: account, endpoint: '/items', method: 'GET' })],
        ['/tool_router/session', 400, ({ authConfig }) => ({ user_id: 'u', auth_configs: { example: authConfig } })],
        ['/tool_router/session', 400, ({ account }) => ({ user_id: 'u', connected_accounts: { example: account } })],
      ]
      for (const [path, status, bodyWith] of bodies) {
        const replies = [foreign, { authConfig: 'ac_unknown', account: 'ca_unknown' }].map(async (ids) => {
          const headers = { 'x-api-key': app.apiKey }
          const payload = bodyWith(ids) as object
          const reply = await app.http.inject({ method: 'POST', url: `/api/v3.1${path}`, headers, payload })
          assert.equal(reply.statusCode, status, `${path}: ${reply.body}`)
          return errorOf({ status, headers: reply.headers, text: reply.body }).message.replace(/\b(a|c)[ac]_[\w-]+/g, 'that id')
        })
        const [ofForeign, ofUnknown] = await Promise.all(replies)
        assert.equal(ofForeign, ofUnknown, 'the answer does not tell whether it is there at all')
      }
    })

    await t.test('no spelling of an id leads elsewhere', async () => {
      for (const operation of operations.filter(({ path }) => path.includes('{')))
        for (const trick of trickyIds(own['account'] ?? '')) {
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
