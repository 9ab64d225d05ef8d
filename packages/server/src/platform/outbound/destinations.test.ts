import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { test } from 'node:test'
import { get, startUpstream, testOutbound } from './upstream.fixture.ts'

const blocked = { code: 'destination_blocked' }

/** Answers each lookup with the next list; the last one stays. */
function scriptedLookup(...answers: readonly (readonly string[])[]): LookupFunction & { count(): number } {
  let calls = 0
  const lookup: LookupFunction = (_, options, done) => {
    const answer = answers[Math.min(calls++, answers.length - 1)] ?? []
    const found: LookupAddress[] = answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const [first = { address: '', family: 4 }] = found
    setImmediate(() => (options.all ? done(null, found) : done(null, first.address, first.family)))
  }
  return Object.assign(lookup, { count: () => calls })
}

test('loopback is refused in every notation of an IP literal, and never dialled', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('inside'))
  const outbound = testOutbound(t, [])
  for (const host of [
    '127.0.0.1',
    '127.0.0.1.',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
    '①②⑦.0.0.1',
    '127.0.0.1%2e',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ]) {
    await assert.rejects(outbound.send(get(`http://${host}:${upstream.port}/`)), blocked, host)
  }
  assert.equal(upstream.connections(), 0)
})

for (const host of ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '198.18.0.1', '224.0.0.1']) {
  test(`http://${host} is refused`, (t) =>
    assert.rejects(testOutbound(t, []).send(get(`http://${host}/latest/meta-data/`)), blocked))
}
for (const host of ['[fd00:ec2::254]', '[fe80::1]', '[fc00::1]', '[ff02::1]', '[2001:db8::1]']) {
  test(`https://${host} is refused`, (t) => assert.rejects(testOutbound(t, []).send(get(`https://${host}/`)), blocked))
}

test('the system resolver is judged too', (t) => assert.rejects(testOutbound(t, []).send(get('http://localhost:9/')), blocked))

test('a zone id cannot be written into a URL', () => {
  assert.equal(URL.canParse('http://[fe80::1%25eth0]/'), false)
})

for (const name of ['localhost', 'localhost.', 'LOCALHOST', 'innocent.example']) {
  test(`the name ${name} is refused by what it resolves to`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => response.end('inside'))
    const outbound = testOutbound(t, [], scriptedLookup(['127.0.0.1']))
    await assert.rejects(outbound.send(get(`http://${name}:${upstream.port}/`)), blocked)
    assert.equal(upstream.connections(), 0)
  })
}

for (const url of [
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
  'data:text/plain,hi',
  'ftp://a.example/',
  'ws://a.example/',
  'blob:x',
]) {
  test(`${url} is refused`, (t) => assert.rejects(testOutbound(t, ['a.example']).send(get(url)), blocked))
}

test('a URL with a user name is refused and the refusal does not quote it', async (t) => {
  await assert.rejects(
    testOutbound(t, []).send(get('https://me:marked-secret@a.example/')),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'destination_blocked')
      assert.doesNotMatch(error.message, /marked-secret|me:/)
      return true
    },
  )
})

test('a name that answered with an allowed address and now answers with a private one is refused at the next connection', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.setHeader('connection', 'close').end('ok'), '0.0.0.0')
  const lookup = scriptedLookup(['127.0.0.1'], ['127.0.0.2'])
  const outbound = testOutbound(t, ['127.0.0.1/32'], lookup)
  const url = `http://rebinding.example:${upstream.port}/`
  assert.equal((await outbound.send(get(url))).status, 200)
  await assert.rejects(outbound.send(get(url)), blocked)
  assert.equal(lookup.count(), 2)
  assert.deepEqual(
    upstream.seen.map(({ dialled }) => dialled),
    ['127.0.0.1'],
  )
})

test('the socket dials the judged answer, without asking again', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('ok'), '0.0.0.0')
  const lookup = scriptedLookup(['127.0.0.1'], ['127.0.0.2'])
  await testOutbound(t, ['127.0.0.1'], lookup).send(get(`http://rebinding.example:${upstream.port}/`))
  assert.equal(lookup.count(), 1)
})

for (const answer of [
  ['127.0.0.1', '127.0.0.2'],
  ['127.0.0.2', '127.0.0.1'],
  ['::1', '127.0.0.2', '127.0.0.1'],
]) {
  test(`of the answers ${answer.join(', ')} only the allowed one is dialled`, async (t) => {
    const upstream = await startUpstream(t, (_, response) => response.end('ok'), '0.0.0.0')
    const outbound = testOutbound(t, ['127.0.0.1'], scriptedLookup(answer))
    await outbound.send(get(`http://mixed.example:${upstream.port}/`))
    assert.deepEqual(
      upstream.seen.map(({ dialled }) => dialled),
      ['127.0.0.1'],
    )
  })
}

for (const answer of [['10.0.0.1'], ['169.254.169.254', '::1'], ['fe80::1%eth0'], ['::ffff:127.0.0.1'], ['not an address']]) {
  test(`a public name that answers ${answer.join(', ')} is refused`, (t) =>
    assert.rejects(testOutbound(t, [], scriptedLookup(answer)).send(get('https://public.example/')), blocked))
}

test('the refusal names the host and not what it resolves to', async (t) => {
  await assert.rejects(
    testOutbound(t, [], scriptedLookup(['10.11.12.13'])).send(get('https://db.example/?key=marked-secret')),
    (error: Error & { fix?: string }) => {
      assert.match(error.message, /db\.example/)
      assert.doesNotMatch(`${error.message} ${error.fix}`, /10\.11|marked-secret/)
      return true
    },
  )
})

test('an allowed host:port opens that port of that name and nothing else', async (t) => {
  const open = await startUpstream(t, (_, response) => response.end('open'))
  const shut = await startUpstream(t, (_, response) => response.end('shut'))
  const outbound = testOutbound(t, [`inside.example:${open.port}`], scriptedLookup(['127.0.0.1']))
  assert.equal((await outbound.send(get(`http://inside.example:${open.port}/`))).body.toString(), 'open')
  await assert.rejects(outbound.send(get(`http://inside.example:${shut.port}/`)), blocked)
  await assert.rejects(outbound.send(get(`http://other.example:${open.port}/`)), blocked)
  await assert.rejects(outbound.send(get(`http://127.0.0.1:${open.port}/`)), blocked)
  assert.equal(shut.connections(), 0)
})

test('a connection that was judged for one name is not used for another on the same address', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('ok'))
  const outbound = testOutbound(t, ['inside.example'], scriptedLookup(['127.0.0.1']))
  await outbound.send(get(`http://inside.example:${upstream.port}/`))
  await assert.rejects(outbound.send(get(`http://stranger.example:${upstream.port}/`)), blocked)
  assert.equal(upstream.seen.length, 1)
})
