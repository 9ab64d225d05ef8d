import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get, startUpstream, testOutbound } from './upstream.fixture.ts'

for (const value of ['a\r\nx-forged: 1', 'a\nb', 'a\rb', 'a\0b', 'snow ☃']) {
  test(`a header value of ${JSON.stringify(value)} is refused, by the header's name and without the value`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => response.end())
    await assert.rejects(
      testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), headers: { 'X-Key': value } }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'invalid_request')
        assert.match(error.message, /"x-key"/)
        assert.equal(error.message.includes(value), false)
        return true
      },
    )
    assert.equal(upstream.connections(), 0)
  })
}

for (const name of ['a b', 'a\r\nb', 'a:b', '', 'é']) {
  test(`a header name of ${JSON.stringify(name)} is refused`, (t) =>
    assert.rejects(testOutbound(t, []).send({ ...get('http://a.example/'), headers: { [name]: 'x' } }), {
      code: 'invalid_request',
    }))
}

for (const method of ['CONNECT', 'TRACE', 'connect', 'GET /x HTTP/1.1\r\nx: y', 'A B', '']) {
  test(`the method ${JSON.stringify(method)} is refused`, (t) =>
    assert.rejects(testOutbound(t, []).send({ ...get('http://a.example/'), method }), { code: 'invalid_request' }))
}

test('what belongs to the connection is not taken from the caller', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end())
  await testOutbound(t, ['127.0.0.1']).send({
    ...get(upstream.origin),
    method: 'POST',
    body: 'payload',
    headers: {
      Host: 'other.example',
      'Content-Length': '1',
      'Transfer-Encoding': 'chunked',
      Connection: 'close, X-Hop',
      'X-Hop': 'dropped',
      'Keep-Alive': 'timeout=1',
      Upgrade: 'websocket',
      TE: 'trailers',
      Expect: '100-continue',
      'Proxy-Authorization': 'marked',
      'Proxy-Connection': 'close',
      'X-Kept': 'kept',
    },
  })
  const { headers, body } = upstream.seen[0] ?? assert.fail('nothing arrived')
  assert.equal(body, 'payload')
  assert.deepEqual(headers, {
    host: `127.0.0.1:${upstream.port}`,
    connection: 'keep-alive',
    'x-kept': 'kept',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'holdfast',
    'content-length': '7',
  })
})

test('a header given twice in different spellings arrives once', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end())
  await testOutbound(t, ['127.0.0.1']).send({ ...get(upstream.origin), headers: { Authorization: 'old', authorization: 'new' } })
  assert.equal(upstream.seen[0]?.headers.authorization, 'new')
})

test('bodies arrive as given: text, bytes, a view into a larger buffer, and none', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end())
  const outbound = testOutbound(t, ['127.0.0.1'])
  const view = new Uint8Array(new TextEncoder().encode('0123456789').buffer, 2, 3)
  for (const body of ['grüße', Buffer.from('bytes'), view, '', new Uint8Array(0), null]) {
    await outbound.send({ ...get(upstream.origin), method: 'POST', body })
  }
  assert.deepEqual(
    upstream.seen.map(({ body }) => body),
    ['grüße', 'bytes', '234', '', '', ''],
  )
})

test('path and query arrive as written and the fragment stays here', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end())
  await testOutbound(t, ['127.0.0.1']).send(get(`${upstream.origin}//a%2Fb/c?q=1%202&e#fragment`))
  assert.equal(upstream.seen[0]?.url, '//a%2Fb/c?q=1%202&e')
})
