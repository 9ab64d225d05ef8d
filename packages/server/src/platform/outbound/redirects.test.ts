import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { get, type Seen, startUpstream, testOutbound } from './upstream.fixture.ts'

const redirect = (response: ServerResponse, status: number, location: string) =>
  response.writeHead(status, { location }).end('moved')
const only = (seen: readonly Seen[]): Seen => {
  assert.equal(seen.length, 1)
  return seen[0] as Seen
}
const secrets = {
  authorization: 'Bearer marked',
  cookie: 'session=marked',
  'x-api-key': 'marked',
  'Private-Token': 'marked',
  'x-acme': 'marked',
}
const named = { headers: { ...secrets, accept: 'application/json' }, credentialHeaders: ['x-acme'] }

test('a redirect to a metadata address is refused', async (t) => {
  for (const target of ['http://169.254.169.254/latest/', 'http://[fd00:ec2::254]/', 'http://2852039166/', '//127.0.0.1:1/']) {
    const upstream = await startUpstream(t, (_, response) => redirect(response, 302, target))
    const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`])
    await assert.rejects(outbound.send(get(upstream.origin)), { code: 'destination_blocked' }, target)
  }
})

for (const target of ['file:///etc/passwd', 'gopher://a.example/', 'data:text/plain,x', 'http://user:pass@a.example/']) {
  test(`a redirect to ${target} is refused`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => redirect(response, 302, target))
    await assert.rejects(testOutbound(t, ['127.0.0.1', 'a.example']).send(get(upstream.origin)), { code: 'destination_blocked' })
  })
}

test('a redirect within the origin keeps the credentials', async (t) => {
  const upstream = await startUpstream(t, ({ url }, response) =>
    url === '/a' ? redirect(response, 302, '/b?x=1') : response.end('ok'),
  )
  const reply = await testOutbound(t, ['127.0.0.1']).send({ ...get(`${upstream.origin}/a`), ...named })
  assert.equal(reply.url, `${upstream.origin}/b?x=1`)
  assert.equal(reply.body.toString(), 'ok')
  const arrived = upstream.seen[1]?.headers ?? {}
  for (const name in secrets) assert.match(String(arrived[name.toLowerCase()]), /marked/, name)
})

test('a redirect to another origin goes without credentials and without a referer', async (t) => {
  const stranger = await startUpstream(t, (_, response) => response.end('ok'))
  const upstream = await startUpstream(t, (_, response) => redirect(response, 307, `${stranger.origin}/in`))
  const request = {
    ...get(`${upstream.origin}/?api_key=marked`),
    ...named,
    headers: { ...named.headers, referer: 'http://marked/' },
  }
  await testOutbound(t, ['127.0.0.1']).send(request)
  assert.doesNotMatch(JSON.stringify(only(stranger.seen)), /marked/)
  assert.equal(only(stranger.seen).headers.accept, 'application/json')
})

test('credentials that were dropped do not come back with a redirect to the first origin', async (t) => {
  const stranger = await startUpstream(t, (_, response) => redirect(response, 302, `${upstream.origin}/back`))
  const upstream = await startUpstream(t, ({ url }, response) =>
    url === '/' ? redirect(response, 302, stranger.origin) : response.end('ok'),
  )
  await testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), ...named })
  assert.match(JSON.stringify(upstream.seen[0]), /marked/)
  assert.doesNotMatch(JSON.stringify(upstream.seen[1]), /marked/)
})

test('a redirect target that may not receive credentials does not, even on the same origin', async (t) => {
  const upstream = await startUpstream(t, ({ url }, response) =>
    url === '/a' ? redirect(response, 302, '/public') : response.end('ok'),
  )
  await testOutbound(t, ['127.0.0.1']).send({
    ...get(`${upstream.origin}/a`),
    ...named,
    mayReceiveCredentials: (url) => !url.pathname.startsWith('/public'),
  })
  assert.doesNotMatch(JSON.stringify(upstream.seen[1]), /marked/)
})

test('a first URL that may not receive credentials is not called', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('ok'))
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), mayReceiveCredentials: () => false }), {
    code: 'destination_not_allowed',
  })
  assert.equal(upstream.connections(), 0)
})

for (const [status, method, expected, body] of [
  [301, 'POST', 'GET', ''],
  [302, 'POST', 'GET', ''],
  [303, 'POST', 'GET', ''],
  [303, 'PUT', 'GET', ''],
  [303, 'HEAD', 'HEAD', ''],
  [301, 'PUT', 'PUT', 'payload'],
  [302, 'DELETE', 'DELETE', 'payload'],
  [307, 'POST', 'POST', 'payload'],
  [308, 'POST', 'POST', 'payload'],
] as const) {
  test(`${status} turns ${method} into ${expected}`, async (t) => {
    const upstream = await startUpstream(t, ({ url }, response) =>
      url === '/' ? redirect(response, status, '/next') : response.end(),
    )
    const sent = method === 'HEAD' ? null : 'payload'
    const request = { ...get(upstream.origin), method, body: sent, headers: { 'content-type': 'text/plain', 'x-kept': 'yes' } }
    await testOutbound(t, ['127.0.0.1']).send(request)
    const arrived = upstream.seen[1]
    assert.equal(arrived?.method, expected)
    assert.equal(arrived.body, body)
    assert.equal(arrived.headers['content-type'], expected === 'GET' ? undefined : 'text/plain')
    assert.equal(arrived.headers['x-kept'], 'yes')
  })
}

test('a redirect loop ends', async (t) => {
  const upstream = await startUpstream(t, (_, response) => redirect(response, 302, '/again'))
  await assert.rejects(testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxRedirects: 3 }), {
    code: 'upstream_unreachable',
  })
  assert.equal(upstream.seen.length, 4)
})

test('with no redirects allowed the redirect itself is the reply', async (t) => {
  const upstream = await startUpstream(t, (_, response) => redirect(response, 302, 'http://169.254.169.254/'))
  const reply = await testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), maxRedirects: 0 })
  assert.deepEqual([reply.status, reply.headers['location'], reply.body.toString()], [302, 'http://169.254.169.254/', 'moved'])
})

test('a redirect without a target is a reply like any other', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.writeHead(302).end('no target'))
  const reply = await testOutbound(t, ['127.0.0.1']).send(get(upstream.origin))
  assert.deepEqual([reply.status, reply.body.toString()], [302, 'no target'])
})

test('the large body of a redirect is not waited for', async (t) => {
  const upstream = await startUpstream(t, ({ url }, response) => {
    if (url === '/next') response.end('ok')
    else if (url === '/announced') response.writeHead(302, { location: '/next', 'content-length': 1_000_000 }).flushHeaders()
    else response.writeHead(302, { location: '/next' }).write(Buffer.alloc(1_000_000))
  })
  const outbound = testOutbound(t, ['127.0.0.1'])
  for (const path of ['/announced', '/endless']) {
    assert.equal((await outbound.send({ ...get(upstream.origin + path), timeoutMs: 2000 })).body.toString(), 'ok')
  }
})
