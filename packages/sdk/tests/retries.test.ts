import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Holdfast, HoldfastConnectionError, HoldfastServerError, HoldfastTimeoutError } from '../src/index.ts'
import { accountWire, createdWire, routes, startFakeServer, wireError } from './support/fake-server.ts'

const NOW = { 'retry-after-ms': '1' }
const failing = (status: number, headers: Record<string, string> = NOW) => ({
  status,
  headers,
  body: wireError(status, 'x', 'no'),
})
const create = (holdfast: Holdfast) => holdfast.connectedAccounts.initiate('u', 'ac_1', { allowMultiple: true })

async function clientFor(t: TestContext, table: Parameters<typeof routes>[0]) {
  const server = await startFakeServer(t, routes(table))
  return { server, holdfast: new Holdfast({ apiKey: 'k', baseURL: server.url }) }
}

for (const status of [408, 409, 429, 500, 502, 503, 504]) {
  test(`a read is repeated after ${status}, and gives up after two more attempts`, async (t) => {
    const { server, holdfast } = await clientFor(t, {
      'GET /connected_accounts/ca_1': [failing(status), failing(status), { body: accountWire() }],
      'GET /connected_accounts/ca_2': failing(status),
    })
    assert.equal((await holdfast.connectedAccounts.get('ca_1')).id, 'ca_1')
    await assert.rejects(holdfast.connectedAccounts.get('ca_2'), { status })
    assert.equal(server.requests.length, 6)
  })
}

for (const status of [400, 401, 404, 501]) {
  test(`nothing is repeated after ${status}`, async (t) => {
    const { server, holdfast } = await clientFor(t, { 'GET /connected_accounts/ca_1': failing(status) })
    await assert.rejects(holdfast.connectedAccounts.get('ca_1'), { status })
    assert.equal(server.requests.length, 1)
  })
}

for (const status of [429, 503]) {
  test(`a create that was turned away with ${status} is repeated`, async (t) => {
    const { server, holdfast } = await clientFor(t, {
      'POST /connected_accounts': [failing(status), { status: 201, body: createdWire() }],
    })
    assert.equal((await create(holdfast)).id, 'ca_1')
    assert.equal(server.requests.length, 2)
  })
}

for (const status of [408, 409, 500, 502, 504]) {
  test(`a create that may have been carried out (${status}) is never repeated`, async (t) => {
    const { server, holdfast } = await clientFor(t, { 'POST /connected_accounts': failing(status) })
    await assert.rejects(create(holdfast), { status })
    assert.equal(server.requests.length, 1)
  })
}

test('a create whose answer was lost is not repeated, a read is', async (t) => {
  const server = await startFakeServer(t, (_request, response) => void response.destroy())
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url, maxRetries: 1 })
  await assert.rejects(create(holdfast), (error) => error instanceof HoldfastConnectionError && error.mayHaveReachedServer)
  assert.equal(server.requests.length, 1)
  await assert.rejects(holdfast.connectedAccounts.get('ca_1'), HoldfastConnectionError)
  assert.equal(server.requests.length, 3)
})

test('an answer that breaks off half-way counts as lost', async (t) => {
  const server = await startFakeServer(t, (_request, response) => {
    response.writeHead(201, { 'content-length': '100' })
    response.write('{"id":')
    setTimeout(() => response.destroy(), 10)
    return undefined
  })
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url })
  await assert.rejects(create(holdfast), (error) => error instanceof HoldfastConnectionError && error.mayHaveReachedServer)
  assert.equal(server.requests.length, 1)
})

test('a create is repeated when nothing listened, since then it surely was not carried out', async (t) => {
  const server = await startFakeServer(t, routes({ 'POST /connected_accounts': { status: 201, body: createdWire() } }))
  const url = await closedPort()
  let calls = 0
  const fetch = (target: string, init: RequestInit) =>
    globalThis.fetch(calls++ === 0 ? target.replace(server.url, url) : target, init)
  assert.equal((await create(new Holdfast({ apiKey: 'k', baseURL: server.url, fetch }))).id, 'ca_1')
  assert.equal(calls, 2)
  const refused = create(new Holdfast({ apiKey: 'k', baseURL: url, maxRetries: 0 }))
  await assert.rejects(refused, (error) => error instanceof HoldfastConnectionError && !error.mayHaveReachedServer)
})

test('retry-after is honoured in seconds and in milliseconds', async (t) => {
  const { holdfast } = await clientFor(t, {
    'GET /connected_accounts/ca_1': [failing(429, { 'retry-after': '1' }), { body: accountWire() }],
    'GET /connected_accounts/ca_2': [failing(503, { 'retry-after-ms': '150' }), { body: accountWire() }],
  })
  assert.ok((await durationOf(() => holdfast.connectedAccounts.get('ca_1'))) >= 990)
  const ms = await durationOf(() => holdfast.connectedAccounts.get('ca_2'))
  assert.ok(ms >= 140 && ms < 900, `${ms}`)
})

test('a server that asks for a longer wait than a minute is not waited for', async (t) => {
  const { server, holdfast } = await clientFor(t, { 'GET /connected_accounts/ca_1': failing(429, { 'retry-after': '3600' }) })
  await assert.rejects(holdfast.connectedAccounts.get('ca_1', { signal: AbortSignal.timeout(5_000) }), {
    status: 429,
    retryAfterMs: 3_600_000,
  })
  assert.equal(server.requests.length, 1)
})

test('a server that says not to try again is believed', async (t) => {
  const { server, holdfast } = await clientFor(t, { 'GET /connected_accounts/ca_1': failing(504, { 'x-should-retry': 'false' }) })
  await assert.rejects(holdfast.connectedAccounts.get('ca_1'), HoldfastServerError)
  assert.equal(server.requests.length, 1)
})

test('maxRetries can be set for the client and for one call', async (t) => {
  const server = await startFakeServer(t, routes({ 'GET /connected_accounts/ca_1': failing(500) }))
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url, maxRetries: 0 })
  await assert.rejects(holdfast.connectedAccounts.get('ca_1'))
  await assert.rejects(holdfast.connectedAccounts.get('ca_1', { maxRetries: 3 }))
  assert.equal(server.requests.length, 1 + 4)
})

test('a silent server is given up after timeoutMs, and a create is then not repeated', async (t) => {
  const server = await startFakeServer(t, () => new Promise(() => undefined))
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url, timeoutMs: 50 })
  await assert.rejects(create(holdfast), HoldfastTimeoutError)
  assert.equal(server.requests.length, 1)
  await assert.rejects(holdfast.connectedAccounts.get('ca_1', { timeoutMs: 20, maxRetries: 1 }), /within 20 ms/)
  assert.equal(server.requests.length, 3)
})

test('the time also covers an answer that never ends, and a fetch that ignores its signal', async (t) => {
  const server = await startFakeServer(t, (_request, response) => void response.writeHead(200).write('{'))
  const slow = new Holdfast({ apiKey: 'k', baseURL: server.url, timeoutMs: 50, maxRetries: 0 })
  await assert.rejects(slow.connectedAccounts.get('ca_1'), HoldfastTimeoutError)
  const deaf = new Holdfast({ apiKey: 'k', timeoutMs: 20, maxRetries: 0, fetch: () => new Promise(() => undefined) })
  await assert.rejects(deaf.connectedAccounts.get('ca_1'), HoldfastTimeoutError)
})

test('an abort stops the call, the wait before a retry, and a call that has not begun', async (t) => {
  const server = await startFakeServer(t, routes({ 'GET /connected_accounts/ca_1': failing(503, { 'retry-after': '30' }) }))
  const holdfast = new Holdfast({ apiKey: 'k', baseURL: server.url })
  const silent = await startFakeServer(t, () => new Promise(() => undefined))
  const abortSoon = () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('changed my mind')), 30)
    return controller.signal
  }
  const expected = (error: Error) => error.name === 'AbortError' && (error.cause as Error).message === 'changed my mind'
  await assert.rejects(new Holdfast({ apiKey: 'k', baseURL: silent.url }).toolkits.list({}, { signal: abortSoon() }), expected)
  await assert.rejects(holdfast.connectedAccounts.get('ca_1', { signal: abortSoon() }), expected)
  const before = server.requests.length
  await assert.rejects(holdfast.connectedAccounts.get('ca_1', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal(server.requests.length, before)
})

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<string> {
  const server = createServer((socket: Socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}
