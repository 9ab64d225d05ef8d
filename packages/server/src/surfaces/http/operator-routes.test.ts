import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { API_PREFIXES, registerApi } from './both-versions.ts'
import { registerDocsPage } from './docs-page.routes.ts'
import { registerHealth } from './health.routes.ts'
import { createMetrics, registerMetrics } from './metrics.ts'
import { registerOpenApi } from './openapi.ts'
import { buildHttpServer } from './server.ts'

const fine = async () => {}

test('the server is alive though it is not ready, and the answer names what is failing and nothing more', async (t) => {
  const app = buildHttpServer()
  t.after(() => app.close())
  const broken = async () => {
    throw new Error('postgres://user:password@db refused')
  }
  const stuck = () => new Promise<never>(() => {})
  registerHealth(app, { checks: { database: broken, migrations: stuck, key: fine }, timeoutMs: 20 })
  assert.equal((await app.inject('/healthz')).statusCode, 200)
  const reply = await app.inject('/readyz')
  assert.equal(reply.statusCode, 503)
  assert.deepEqual(reply.json(), {
    status: 'not ready',
    checks: { database: 'failing', migrations: 'failing', key: 'ok' },
  })
})

test('the server is ready when every check is fine', async (t) => {
  const app = buildHttpServer()
  t.after(() => app.close())
  registerHealth(app, { checks: { database: fine } })
  const reply = await app.inject('/readyz')
  assert.deepEqual([reply.statusCode, reply.json()], [200, { status: 'ready', checks: { database: 'ok' } }])
})

test('metrics count answers by route pattern and status class, never by URL', async (t) => {
  const metrics = createMetrics({ withProcess: false })
  const app = buildHttpServer({ onAnswer: metrics.observeAnswer })
  t.after(() => app.close())
  registerMetrics(app, metrics)
  app.get('/things/:id', async () => ({}))
  await app.inject('/things/secret-id?key=secret')
  await app.inject('/things/other')
  await app.inject('/nowhere/secret')
  metrics.countOutbound('gmail', '2xx')
  const { body, headers } = await app.inject('/metrics')
  assert.match(String(headers['content-type']), /^text\/plain/)
  assert.match(body, /holdfast_http_request_duration_seconds_count\{method="GET",route="\/things\/:id",status="2xx"\} 2/)
  assert.match(body, /route="unknown",status="4xx"\} 1/)
  assert.match(body, /holdfast_outbound_requests_total\{toolkit="gmail",outcome="2xx"\} 1/)
  assert.equal(body.includes('secret'), false)
})

test('process metrics are there by default', async () => {
  assert.match(await createMetrics().registry.metrics(), /process_cpu_seconds_total/)
})

test('the document lists each route once, under the newer version, with its schemas', async (t) => {
  const app = buildHttpServer()
  t.after(() => app.close())
  await registerOpenApi(app, {
    version: '1.2.3',
    publicUrl: 'https://h.example',
    tags: [{ name: 'Things', description: 'Things.' }],
  })
  registerHealth(app, { checks: {} })
  registerApi(app, API_PREFIXES, (api) => {
    const schema = {
      tags: ['Things'],
      summary: 'One thing',
      body: Type.Object({ id: Type.String() }),
      response: { 200: Type.Object({ ok: Type.Boolean() }) },
    }
    api.post('/things/:id', { schema }, async () => ({ ok: true }))
  })
  const document = (await app.inject('/openapi.json')).json()
  assert.equal(document.openapi, '3.1.0')
  assert.equal(document.info.version, '1.2.3')
  assert.deepEqual(Object.keys(document.paths), ['/api/v3.1/things/{id}'])
  assert.deepEqual(document.paths['/api/v3.1/things/{id}'].post.requestBody.content['application/json'].schema.required, ['id'])
  assert.deepEqual(Object.keys(document.components.securitySchemes), ['ApiKeyAuth', 'OrgApiKeyAuth'])
})

test('the page of the documentation comes whole from this server', async (t) => {
  const app = buildHttpServer()
  t.after(() => app.close())
  registerDocsPage(app)
  const page = await app.inject('/docs')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'self'/)
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source)
  assert.deepEqual(sources, ['/docs/js/scalar.js'])
  const script = await app.inject('/docs/js/scalar.js')
  assert.match(String(script.headers['content-type']), /javascript/)
  assert.ok(script.rawPayload.length > 1_000_000)
})
