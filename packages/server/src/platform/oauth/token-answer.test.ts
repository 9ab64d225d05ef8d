import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerShape, readTokenAnswer, type TokenOutcome } from './token-answer.ts'

const NOW = Date.UTC(2026, 0, 1)
const JSON_TYPE = { 'content-type': 'application/json' }

function read(body: unknown, shape: AnswerShape = {}, status = 200, headers: Record<string, string> = JSON_TYPE): TokenOutcome {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return readTokenAnswer({ status, headers, body: Buffer.from(text) }, shape, NOW)
}
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
const expiry = (body: object, shape: AnswerShape = {}) => {
  const outcome = read({ access_token: 'a', ...body }, shape)
  assert.equal(outcome.kind, 'granted')
  return outcome.kind === 'granted' && outcome.tokens.expiresAt !== undefined
    ? (outcome.tokens.expiresAt - NOW) / 1000
    : undefined
}

test('an expiry is understood in every form that providers send', () => {
  for (const [body, shape, seconds] of [
    [{ expires_in: 3600 }, {}, 3600],
    [{ expires_in: '3600' }, {}, 3600],
    [{ expires_in: 3600.4 }, {}, 3600.4],
    [{ expires_in: null }, {}, undefined],
    [{ expires_in: 'soon' }, {}, undefined],
    [{ expires_in: 0 }, {}, undefined],
    [{ expires_in: -5 }, {}, undefined],
    [{ expires_in: 1e300 }, {}, undefined],
    [{}, {}, undefined],
    [{}, { expires_fixed_seconds: 1800 }, 1800],
    [{ expires_in: 60 }, { expires_fixed_seconds: 1800 }, 60],
    [{ expires_in: 60_000 }, { expires_unit: 'milliseconds' }, 60],
    [{ data: { ttl: '90' } }, { expires_in: 'data.ttl' }, 90],
    [{ expires_at: NOW / 1000 + 60 }, {}, 60],
    [{ expires_at: NOW + 60_000 }, {}, 60],
    [{ expires_at: String(NOW / 1000 + 60) }, {}, 60],
    [{ expires_at: '2026-01-01T00:01:00Z' }, {}, 60],
    [{ expires_at: '2026-01-01T01:01:00+01:00' }, {}, 60],
    [{ expires_at: '2026-01-01 00:01:00' }, {}, 60],
    [{ until: '2026-01-01T00:02:00Z', expires_in: 60 }, { expires_at: 'until' }, 120],
    [{ until: 'never', expires_in: 60 }, { expires_at: 'until' }, 60],
    [{ '.expires': 'Thu, 01 Jan 2026 00:01:00 GMT' }, { expires_at: '.expires' }, 60],
    [{ expires_on: String(NOW / 1000 + 60) }, { expires_at: 'expires_on' }, 60],
    [{ access_token: jwt({ exp: NOW / 1000 + 60 }) }, { expires_in_jwt: true }, 60],
    [{ access_token: jwt({ exp: NOW / 1000 + 60 }) }, {}, undefined],
    [{ access_token: jwt({ exp: NOW / 1000 + 60 }), expires_in: 30 }, { expires_in_jwt: true }, 30],
    [{ access_token: jwt({}) }, { expires_in_jwt: true, expires_fixed_seconds: 90 }, 90],
    [{ access_token: 'not.a.jwt' }, { expires_in_jwt: true }, undefined],
    [{ access_token: 'opaque' }, { expires_in_jwt: true }, undefined],
  ] satisfies [object, AnswerShape, number | undefined][])
    assert.equal(expiry(body, shape), seconds, JSON.stringify([body, shape]))
})

test('tokens are found where the provider says, else where the standard does', () => {
  const shape = {
    access_token: 'authed_user.access_token',
    refresh_token: 'authed_user.refresh_token',
    scope: 'scopes',
    capture: { instance_url: 'instance.url', missing: 'no.such' },
  }
  const nested = { access_token: 'bot', authed_user: { access_token: 'user', refresh_token: 'r' }, scopes: ['a', 'b'] }
  assert.deepEqual(read({ ...nested, ok: true, instance: { url: 'https://x.example' } }, shape), {
    kind: 'granted',
    tokens: { accessToken: 'user', refreshToken: 'r', scope: 'a b', captured: { instance_url: 'https://x.example' } },
  })
  assert.deepEqual(read({ access_token: 'user-2', token_type: 'Bearer' }, shape), {
    kind: 'granted',
    tokens: { accessToken: 'user-2', tokenType: 'Bearer', captured: {} },
  })
  const form = read('access_token=f&expires_in=60&scope=', {}, 200, { 'content-type': 'application/x-www-form-urlencoded' })
  assert.deepEqual(form, { kind: 'granted', tokens: { accessToken: 'f', expiresAt: NOW + 60_000, captured: {} } })
})

test('a refusal is known by its code, whatever the status, and quotes nothing', () => {
  for (const [body, status, code] of [
    [{ error: 'invalid_grant', error_description: 'secret-1' }, 400, 'invalid_grant'],
    [{ error: 'invalid_client' }, 401, 'invalid_client'],
    [{ error: 'bad_refresh_token' }, 200, 'bad_refresh_token'],
    [{ ok: false, error: 'invalid_refresh_token' }, 200, 'invalid_refresh_token'],
    [{ ok: false }, 200, 'unknown_error'],
    [{ error: { type: 'OAuthException', code: 190, message: 'secret-1' } }, 400, 'oauthexception'],
    [{ error: 'the token secret-1 is not valid' }, 400, 'unknown_error'],
    [{ error: 'invalid_grant', access_token: 'a' }, 200, 'invalid_grant'],
  ] as const)
    assert.deepEqual(read(body, {}, status), { kind: 'rejected', code })
})

test('a status that means no is a refusal, whatever stands in its body', () => {
  const shape = { refused_status: [401, 422] }
  for (const [body, status, code] of [
    [{ message: 'secret-1' }, 401, 'status_401'],
    ['<html>secret-1</html>', 401, 'status_401'],
    ['', 422, 'status_422'],
    [{ error: 'invalid_client' }, 401, 'invalid_client'],
    [{ error: 'wrong password secret-1' }, 401, 'unknown_error'],
  ] as const)
    assert.deepEqual(read(body, shape, status), { kind: 'rejected', code })
  assert.equal(read({ message: 'no' }, shape, 403).kind, 'temporary')
})

test('what says nothing about the grant is temporary, and quotes nothing', () => {
  for (const [body, status] of [
    [{ error: 'invalid_grant' }, 500],
    [{ error: 'invalid_grant' }, 503],
    [{ error: 'slow_down' }, 400],
    [{ error: 'temporarily_unavailable' }, 200],
    ['secret-1', 429],
    ['<html>secret-1</html>', 200],
    ['<html>secret-1</html>', 400],
    ['', 200],
    ['[]', 200],
    ['null', 200],
    [{ token: 'secret-1' }, 200],
    [{ access_token: '' }, 200],
    [{ access_token: 5 }, 200],
    [{ message: 'secret-1' }, 401],
    ['', 302],
  ] as const) {
    const outcome = read(body, {}, status)
    assert.equal(outcome.kind, 'temporary', JSON.stringify([body, status]))
    assert.doesNotMatch(JSON.stringify(outcome), /secret-1/)
  }
  const waiting = read('', {}, 429, { 'retry-after': '30' })
  assert.equal(waiting.kind === 'temporary' && waiting.retryAfterMs, 30_000)
})
