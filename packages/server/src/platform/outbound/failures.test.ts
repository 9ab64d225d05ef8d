import assert from 'node:assert/strict'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { selfSigned } from './certificate.fixture.ts'
import { outboundFailure } from './failures.ts'
import { get, startUpstream, testOutbound } from './upstream.fixture.ts'

/** The public half of a failure: a code and a message with the host and the reason, and nothing of the request. */
const saying =
  (reason: RegExp, code = 'upstream_unreachable') =>
  (error: Error & { code?: string; fix?: string | undefined }) => {
    assert.equal(error.code, code)
    assert.match(error.message, reason)
    assert.match(error.message, /^(127\.0\.0\.1:\d+|gone\.example|a\.example)/)
    assert.doesNotMatch(`${error.message} ${error.fix}`, /marked|key=/)
    return true
  }

const secretly = (url: string) => ({ ...get(`${url}/?key=marked`), headers: { authorization: 'Bearer marked' } })

test('a refused connection says so', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  await assert.rejects(
    testOutbound(t, ['127.0.0.1']).send(secretly(`http://127.0.0.1:${port}`)),
    saying(/refused the connection/),
  )
})

test('a name that does not resolve says so', async (t) => {
  const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND gone.example'), { code: 'ENOTFOUND' })
  const outbound = testOutbound(t, [], (_, __, done) => setImmediate(done, notFound, []))
  await assert.rejects(outbound.send(secretly('http://gone.example')), saying(/DNS/))
})

test('a connection closed in the middle of a reply says so', async (t) => {
  const upstream = await startUpstream(t, (_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half')
    setTimeout(() => response.destroy(), 10)
  })
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send(secretly(upstream.origin)), saying(/closed the connection|cut short/))
})

test('a certificate that nobody vouches for is refused before anything is sent', async (t) => {
  let requests = 0
  const server = createTlsServer(selfSigned('a.example'), (_, response) => {
    requests++
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const outbound = testOutbound(t, ['127.0.0.1'], (_, __, done) =>
    setImmediate(done, null, [{ address: '127.0.0.1', family: 4 }]),
  )
  await assert.rejects(outbound.send(secretly(`https://a.example:${port}`)), saying(/certificate is not trusted/))
  await assert.rejects(outbound.send(secretly(`https://127.0.0.1:${port}`)), saying(/certificate is not trusted/))
  assert.equal(requests, 0)
})

test('a root dot in the host name is not part of the name that TLS asks for', async (t) => {
  const asked: string[] = []
  const certificate = selfSigned('a.example')
  const server = createTlsServer({
    ...certificate,
    SNICallback: (name, done) => {
      asked.push(name)
      done(null)
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const outbound = testOutbound(t, ['127.0.0.1'], (_, __, done) =>
    setImmediate(done, null, [{ address: '127.0.0.1', family: 4 }]),
  )
  await assert.rejects(outbound.send(secretly(`https://a.example.:${port}`)), saying(/certificate/))
  assert.deepEqual(asked, ['a.example'])
})

test('a server that does not speak TLS says so', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end())
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send(secretly(upstream.origin.replace('http', 'https'))), saying(/TLS/))
})

test('a reply that is not HTTP says so', async (t) => {
  const server = createServer((socket) => void socket.on('error', () => {}).end('220 smtp ready\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send(secretly(`http://127.0.0.1:${port}`)), saying(/not valid HTTP/))
})

test('headers without end are refused', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.setHeader('x-long', 'x'.repeat(100_000)).end())
  await assert.rejects(
    testOutbound(t, ['127.0.0.1']).send(secretly(upstream.origin)),
    saying(/larger/, 'upstream_reply_too_large'),
  )
})

for (const [code, reason] of [
  ['CERT_HAS_EXPIRED', /expired/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another host/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not trusted/],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /not trusted/],
  ['EHOSTUNREACH', /no route/],
  ['SOMETHING_NEW', /connection failed/],
] as const) {
  test(`${code} has a reason in words and keeps its own text private`, () => {
    const cause = Object.assign(new Error('connect to http://a.example/?key=marked'), { code })
    const error = outboundFailure(cause, 'a.example')
    saying(reason)(error)
    assert.equal(error.cause, cause)
  })
}
