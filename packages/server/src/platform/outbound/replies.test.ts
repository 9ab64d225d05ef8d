import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { get, startUpstream, testOutbound } from './upstream.fixture.ts'

const tooLarge = { code: 'upstream_reply_too_large' }
const text = 'hold fast '.repeat(500)

for (const [coding, compress] of [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['deflate, gzip', (body: string) => gzipSync(deflateSync(body))],
] as const) {
  test(`a reply in ${coding} (${compress.name || 'both'}) arrives decoded and no longer says so`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => {
      const body = compress(text)
      response.writeHead(200, { 'content-encoding': coding, 'content-length': body.length, etag: '"x"' }).end(body)
    })
    const reply = await testOutbound(t, ['127.0.0.1']).send(get(upstream.origin))
    assert.equal(reply.body.toString(), text)
    assert.equal(reply.headers['content-encoding'], undefined)
    assert.equal(reply.headers['content-length'], undefined)
    assert.equal(reply.headers['etag'], '"x"')
    assert.equal(upstream.seen[0]?.headers['accept-encoding'], 'gzip, deflate, br')
  })
}

test('a coding that is not known arrives as it was sent', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('raw'))
  const reply = await testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), headers: { 'Accept-Encoding': 'compress' } })
  assert.deepEqual([reply.body.toString(), reply.headers['content-encoding']], ['raw', 'compress'])
  assert.equal(upstream.seen[0]?.headers['accept-encoding'], 'compress')
})

for (const [coding, compress] of [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['gzip, gzip', (body: Buffer) => gzipSync(gzipSync(body))],
] as const) {
  test(`a bomb in ${coding} does not unfold`, async (t) => {
    const bomb = compress(Buffer.alloc(32 * 1024 * 1024))
    const upstream = await startUpstream(t, (_, response) => response.writeHead(200, { 'content-encoding': coding }).end(bomb))
    const before = process.memoryUsage().arrayBuffers
    await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxReplyBytes: 1024 * 1024 }), tooLarge)
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  })
}

test('a compressed reply of exactly the limit passes, one byte more does not', async (t) => {
  const upstream = await startUpstream(t, ({ url }, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(Number(url.slice(1)))))
  })
  const outbound = testOutbound(t, ['127.0.0.1'])
  assert.equal((await outbound.send({ ...get(`${upstream.origin}/5000`), maxReplyBytes: 5000 })).body.length, 5000)
  await assert.rejects(outbound.send({ ...get(`${upstream.origin}/5001`), maxReplyBytes: 5000 }), tooLarge)
})

test('a compressed reply that is cut short or broken is an error, never half a body', async (t) => {
  const whole = gzipSync(text)
  const upstream = await startUpstream(t, ({ url }, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(url === '/cut' ? whole.subarray(0, whole.length - 9) : 'not gzip')
  })
  const outbound = testOutbound(t, ['127.0.0.1'])
  for (const path of ['/cut', '/broken']) {
    await assert.rejects(outbound.send(get(upstream.origin + path)), { code: 'upstream_unreachable' }, path)
  }
})

test('a reply that announces too much is refused before its body is read', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.writeHead(200, { 'content-length': 10_000 }).flushHeaders())
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxReplyBytes: 9999 }), tooLarge)
})

test('a reply that turns out too large is refused and its connection is closed', async (t) => {
  let closed: () => void = () => {}
  const whenClosed = new Promise<void>((resolve) => {
    closed = resolve
  })
  const upstream = await startUpstream(t, (_, response) => {
    response.on('close', closed)
    response.write(Buffer.alloc(6000))
    setTimeout(() => response.write(Buffer.alloc(6000)), 20)
  })
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxReplyBytes: 10_000 }), tooLarge)
  await whenClosed
})

test('a body in many pieces arrives whole, to the byte', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 256))
  const upstream = await startUpstream(t, (_, response) => {
    response.write(bytes.subarray(0, 100_000))
    setTimeout(() => response.end(bytes.subarray(100_000)), 10)
  })
  const reply = await testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxReplyBytes: 300_000 })
  assert.ok(Buffer.isBuffer(reply.body) && reply.body.equals(bytes))
})

test('headers arrive in lower case, several values joined, without those of the connection', async (t) => {
  const upstream = await startUpstream(t, (_, response) =>
    response.setHeader('X-Upper', 'Value').setHeader('Set-Cookie', ['a=1', 'b=2']).setHeader('constructor', 'odd').end('chunked'),
  )
  const { headers } = await testOutbound(t, ['127.0.0.1']).send(get(upstream.origin))
  assert.equal(headers['x-upper'], 'Value')
  assert.equal(headers['set-cookie'], 'a=1, b=2')
  assert.equal(headers['constructor'], 'odd')
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) assert.equal(Object.hasOwn(headers, name), false, name)
})

test('replies without a body have an empty one', async (t) => {
  const upstream = await startUpstream(t, ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 999_999_999 }).end()
    else response.writeHead(204).end()
  })
  const outbound = testOutbound(t, ['127.0.0.1'])
  assert.equal((await outbound.send({ ...get(upstream.origin), method: 'DELETE' })).body.length, 0)
  const head = await outbound.send({ ...get(upstream.origin), method: 'head' })
  assert.deepEqual([head.body.length, head.headers['content-length'], head.headers['content-encoding']], [0, '999999999', 'gzip'])
})

test('an informational reply is not taken for the reply', async (t) => {
  const upstream = await startUpstream(t, (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('final')
  })
  const reply = await testOutbound(t, ['127.0.0.1']).send(get(upstream.origin))
  assert.deepEqual([reply.status, reply.body.toString(), reply.headers['link']], [200, 'final', undefined])
})
