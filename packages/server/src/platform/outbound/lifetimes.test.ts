import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createPools } from './connector.ts'
import { createGuard } from './guard.ts'
import { get, startUpstream, testOutbound } from './upstream.fixture.ts'

const timeout = { code: 'upstream_timeout' }

test('a server that never answers times out', async (t) => {
  const upstream = await startUpstream(t, () => {})
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), timeoutMs: 50 }), timeout)
})

test('a server that drips headers times out', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x-drip: 1\r\n'), 10)
    socket.on('close', () => clearInterval(drip))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  t.after(() => sockets.forEach((socket) => void socket.destroy()))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : assert.fail('no port')
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(`http://127.0.0.1:${port}/`), timeoutMs: 80 }), timeout)
})

test('a server that drips its body times out', async (t) => {
  const upstream = await startUpstream(t, (_, response) => {
    const drip = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(drip))
  })
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), timeoutMs: 80 }), timeout)
})

test('the time is one for all redirects together', async (t) => {
  const upstream = await startUpstream(t, (_, response) =>
    setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 40),
  )
  const started = performance.now()
  await assert.rejects(
    testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), timeoutMs: 100, maxRedirects: 50 }),
    timeout,
  )
  assert.ok(performance.now() - started < 1000)
})

test('a name whose lookup hangs times out', async (t) => {
  const outbound = testOutbound(t, [], (_, __, done) => void setTimeout(() => done(new Error('late'), []), 150))
  await assert.rejects(outbound.send({ ...get('http://slow.example/'), timeoutMs: 50 }), timeout)
})

test('aborting rejects at once with the reason of the signal', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const outbound = testOutbound(t, ['127.0.0.1'])
  const reason = new Error('the client has gone')
  await assert.rejects(outbound.send({ ...get(upstream.origin), signal: AbortSignal.abort(reason) }), reason)
  assert.equal(upstream.connections(), 0)
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(outbound.send({ ...get(upstream.origin), signal: controller.signal }), reason)
})

test('a call that gave up while it queued is not sent, and the connections it waited for live on', async (t) => {
  const waiting: (() => void)[] = []
  const upstream = await startUpstream(t, (_, response) => void waiting.push(() => response.end('ok')))
  const outbound = testOutbound(t, ['127.0.0.1'])
  const running = Array.from({ length: 128 }, () => outbound.send(get(`${upstream.origin}/running`)))
  const queued = Array.from({ length: 20 }, () => outbound.send({ ...get(`${upstream.origin}/queued`), timeoutMs: 30 }))
  for (const result of await Promise.allSettled(queued)) assert.equal(result.status, 'rejected')
  while (waiting.length < 128) await new Promise((resolve) => setTimeout(resolve, 5))
  for (const answer of waiting.splice(0)) answer()
  await Promise.all(running)
  const after = outbound.send(get(`${upstream.origin}/after`))
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  waiting[0]?.()
  await after
  assert.equal(
    upstream.seen.some(({ url }) => url === '/queued'),
    false,
  )
  assert.equal(upstream.connections(), 128)
})

test('many calls at once share a bounded number of connections, and each gets its own reply', async (t) => {
  const upstream = await startUpstream(t, ({ url }, response) => response.end(url))
  const outbound = testOutbound(t, ['127.0.0.1'])
  const send = (i: number) => outbound.send(get(`${upstream.origin}/${i}`))
  const replies = await Promise.all(Array.from({ length: 600 }, (_, i) => send(i)))
  assert.ok(replies.every((reply, i) => reply.body.toString() === `/${i}`))
  assert.ok(upstream.connections() <= 128, `${upstream.connections()} connections`)
})

test('calls one after the other use one connection', async (t) => {
  const body = gzipSync('ok')
  const upstream = await startUpstream(t, (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body))
  const outbound = testOutbound(t, ['127.0.0.1'])
  for (let i = 0; i < 10; i++) await outbound.send(get(upstream.origin))
  assert.equal(upstream.connections(), 1)
})

for (const [method, sent] of [
  ['GET', 2],
  ['PUT', 2],
  ['POST', 1],
] as const) {
  test(`a kept connection that dies under a ${method} is ${sent > 1 ? 'tried once more' : 'not tried again'}`, async (t) => {
    let kill = false
    const upstream = await startUpstream(t, (_, response) => {
      if (!kill) return void response.end('ok')
      kill = false
      response.socket?.destroy()
    })
    const outbound = testOutbound(t, ['127.0.0.1'])
    await outbound.send(get(upstream.origin))
    // The pool takes a connection back a moment after its reply.
    await new Promise((resolve) => setTimeout(resolve, 20))
    upstream.seen.length = 0
    kill = true
    const second = outbound.send({ ...get(upstream.origin), method, body: method === 'GET' ? null : 'x' })
    if (sent > 1) assert.equal((await second).body.toString(), 'ok')
    else await assert.rejects(second, { code: 'upstream_unreachable' })
    assert.equal(upstream.seen.length, sent)
    assert.equal(upstream.connections(), sent)
  })
}

for (const end of ['destroy', 'resetAndDestroy'] as const) {
  test(`a server that always ends the connection (${end}) is not tried for ever`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => void response.socket?.[end]())
    await assert.rejects(testOutbound(t, ['127.0.0.1']).send(get(upstream.origin)), { code: 'upstream_unreachable' })
    assert.ok(upstream.seen.length <= 2)
  })
}

test('an origin that nobody calls any more is forgotten', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('ok'))
  upstream.server.keepAliveTimeout = 0
  const pools = createPools(createGuard(['127.0.0.1']), undefined, 50)
  t.after(() => pools.close())
  const { body } = await pools.request({ origin: upstream.origin, path: '/', method: 'GET' })
  await body.text()
  assert.equal(Object.keys(pools.stats).length, 1)
  for (let i = 0; i < 300 && Object.keys(pools.stats).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(Object.keys(pools.stats).length, 0)
})

test('closing waits for the call in flight and takes no other', async (t) => {
  const upstream = await startUpstream(t, (_, response) => setTimeout(() => response.end('finished'), 50))
  const outbound = testOutbound(t, ['127.0.0.1'])
  const running = outbound.send(get(upstream.origin))
  while (upstream.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const closed = outbound.close()
  await assert.rejects(outbound.send(get(upstream.origin)), { code: 'service_unavailable' })
  await closed
  assert.equal((await running).body.toString(), 'finished')
})
