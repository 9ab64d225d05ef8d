import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startUpstream, testOutbound } from '../outbound/upstream.fixture.ts'
import { type RevocationRequest, requestRevocation } from './revocation-request.ts'

const NOW = Date.UTC(2026, 0, 1)
const TOKEN = 'r/1+2'

async function setUp(t: Parameters<typeof startUpstream>[0]) {
  const answer: { status: number; body: string; headers: Record<string, string> } = { status: 200, body: '', headers: {} }
  const upstream = await startUpstream(t, (_, response) => response.writeHead(answer.status, answer.headers).end(answer.body))
  const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`, '127.0.0.1:1'])
  const ask = (more: Partial<RevocationRequest> = {}) =>
    requestRevocation(
      outbound,
      {
        url: new URL(`${upstream.origin}/revoke?v=1`),
        method: 'POST',
        client: { id: 'id', secret: 'päss' },
        auth: 'client_secret_post',
        body: 'form',
        token: TOKEN,
        params: { token: TOKEN },
        headers: {},
        gone: { statuses: [], errors: [] },
        succeeded: () => true,
        errorOf: (body) => (body as { error?: unknown } | undefined)?.error,
        mayReceiveCredentials: () => true,
        ...more,
      },
      NOW,
    )
  const seen = () => {
    const last = upstream.seen.at(-1)
    assert.ok(last)
    return last
  }
  return { answer, ask, seen, upstream }
}

test('a token is given back as its provider wants it: by whom, how, and in which place', async (t) => {
  const { ask, seen } = await setUp(t)
  await ask()
  assert.deepEqual(Object.fromEntries(new URLSearchParams(seen().body)), { token: TOKEN, client_id: 'id', client_secret: 'päss' })
  await ask({ auth: 'client_secret_basic', method: 'DELETE', body: 'json', headers: { 'x-extra': 'yes' } })
  assert.deepEqual([seen().method, JSON.parse(seen().body), seen().headers['x-extra']], ['DELETE', { token: TOKEN }, 'yes'])
  assert.equal(Buffer.from((seen().headers.authorization ?? '').slice(6), 'base64').toString(), 'id:p%C3%A4ss')
  await ask({ auth: 'client_secret_basic', client: { id: 'public', secret: undefined } })
  assert.deepEqual(Object.fromEntries(new URLSearchParams(seen().body)), { token: TOKEN, client_id: 'public' })
  await ask({ auth: 'bearer', client: undefined, body: 'none', params: {} })
  assert.deepEqual([seen().headers.authorization, seen().body, seen().url], [`Bearer ${TOKEN}`, '', '/revoke?v=1'])
  await ask({ auth: 'none', client: undefined, body: 'query', method: 'GET' })
  assert.deepEqual([seen().method, seen().url, seen().headers.authorization], ['GET', '/revoke?v=1&token=r%2F1%2B2', undefined])
})

test('what an answer means for the grant, whatever shape it comes in', async (t) => {
  const { answer, ask } = await setUp(t)
  const json = (value: unknown) => JSON.stringify(value)
  for (const [status, body, more, kind] of [
    [200, '', {}, 'revoked'],
    [204, '', {}, 'revoked'],
    [200, '<html>', {}, 'revoked'],
    [200, json({ ok: false, error: 'token_revoked' }), { succeeded: () => false }, 'gone'],
    [200, json({ ok: false, error: 'not_allowed' }), { succeeded: () => false }, 'refused'],
    [400, json({ error: 'invalid_token' }), {}, 'gone'],
    [400, json({ error: 'INVALID_TOKEN' }), {}, 'gone'],
    [400, json({ error: 'account_inactive' }), { gone: { statuses: [], errors: ['account_inactive'] } }, 'gone'],
    [404, '', { gone: { statuses: [404], errors: [] } }, 'gone'],
    [401, '', { auth: 'bearer' as const }, 'gone'],
    [401, json({ error: 'invalid_client' }), {}, 'refused'],
    [404, '<html>', {}, 'refused'],
    [302, '', {}, 'refused'],
    [503, '', {}, 'temporary'],
    [408, '', {}, 'temporary'],
    [429, '', {}, 'temporary'],
  ] as const) {
    Object.assign(answer, { status, body, headers: { location: '/elsewhere' } })
    const outcome = await ask(more)
    assert.equal(outcome.kind, kind, `${status} ${body}`)
  }
  Object.assign(answer, { status: 429, body: '', headers: { 'retry-after': '30' } })
  assert.deepEqual(await ask(), { kind: 'temporary', reason: 'it answered 429', retryAfterMs: 30_000 })
  Object.assign(answer, { status: 400, body: json({ error: `no word of ${TOKEN}` }), headers: {} })
  assert.deepEqual(await ask(), { kind: 'refused', reason: 'it answered 400' })
  assert.equal((await ask({ url: new URL('http://127.0.0.1:1/revoke') })).kind, 'temporary')
  await assert.rejects(ask({ mayReceiveCredentials: () => false }), { code: 'destination_not_allowed' })
  await assert.rejects(ask({ url: new URL('http://169.254.169.254/revoke') }), { code: 'destination_blocked' })
})
