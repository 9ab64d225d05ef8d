import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveAuth } from '../toolkits/auth-definitions.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import type { CredentialValues } from './credential.ts'
import { readImportedGrant } from './grant-import.ts'
import { timesOfImport } from './grant-times.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const HOUR = 3_600_000
const auth = (response: OAuth2Definition['response'] = {}) =>
  resolveAuth({ scheme: 'OAUTH2', oauth2: { token_url: 'https://example.com/token', response } })
const read = (given: CredentialValues, response?: OAuth2Definition['response']) => readImportedGrant(auth(response), given)

test('whenever an access token is said to die, in whatever form, that is when it dies', () => {
  const end = NOW + HOUR
  const forms: [CredentialValues, number | null][] = [
    [{ expires_in: 3600 }, end],
    [{ expires_in: '3600' }, end],
    [{ expires_in: 3600.4 }, end + 400],
    [{ expires_in: 0 }, NOW],
    [{ expires_in: -60 }, NOW - 60_000],
    [{ expires_at: end }, end],
    [{ expires_at: String(end) }, end],
    [{ expires_at: end / 1000 }, end],
    [{ expires_at: `${end / 1000}` }, end],
    [{ expires_at: '2026-01-01T13:00:00Z' }, end],
    [{ expires_at: '2026-01-01T13:00:00.000' }, end],
    [{ expires_at: '2026-01-01 13:00:00' }, end],
    [{ expires_at: '2026-01-01T15:00:00+02:00' }, end],
    [{ expires_at: '2026-01-01T13:00:00Z', expires_in: 60 }, end],
    [{ expiry_date: end }, end],
    [{ expiry: '2026-01-01T13:00:00.000000' }, end],
    [{ expires_at: null, expiry_date: end }, end],
    [{ expires_in: null }, null],
    [{ expires_in: '' }, null],
    [{ expires_at: null, expires_in: '' }, null],
    [{}, null],
  ]
  for (const [given, expiresAt] of forms)
    assert.equal(timesOfImport(auth(), read({ access_token: 'a', ...given }), NOW)?.expiresAt, expiresAt, JSON.stringify(given))
  const milliseconds = read({ expires_in: '3600000' }, { expires_unit: 'milliseconds' })
  assert.deepEqual([milliseconds, timesOfImport(auth(), milliseconds, NOW)?.expiresAt], [{ expires_in: 3600 }, end])
})

test('what cannot be read is refused by its name, and nothing of it is repeated', () => {
  for (const [name, value] of [
    ['expires_at', 'a-secret'],
    ['expires_at', {}],
    ['expiry_date', 'soon'],
    ['expires_in', 'a-secret'],
    ['expires_in', true],
    ['expires_in', Number.NaN],
    ['scope', 5],
    ['scope', ['read', 5]],
  ] as const)
    assert.throws(
      () => read({ access_token: 'a', [name]: value }),
      (error: Error & { code?: string; fields?: { path: string }[] }) => {
        assert.deepEqual(
          [error.code, error.fields?.map(({ path }) => path)],
          ['invalid_request', [`connection.state.val.${name === 'expiry_date' ? 'expires_at' : name}`]],
        )
        assert.doesNotMatch(JSON.stringify(error), /a-secret/)
        return true
      },
    )
})

test('scope, token type and whatever else came with the grant stay as they came', () => {
  for (const given of [
    { access_token: 'a', scope: 'read write', token_type: 'Bearer', id_token: 'x', extra: { deep: [1] } },
    { access_token: 'a', scope: ['read', 'write'], token_type: 'bearer', refresh_token: null },
    { access_token: 'a', scope: null, authed_user: { access_token: 'b' } },
  ])
    assert.deepEqual(read(given), given)
})

const SLACK = {
  access_token: 'authed_user.access_token',
  refresh_token: 'authed_user.refresh_token',
  expires_in: 'authed_user.expires_in',
  scope: 'authed_user.scope',
  capture: { team_id: 'team.id' },
}

test('a nested token counts before the one at the top, and brings its own refresh token or none', () => {
  const bot = { access_token: 'xoxb', refresh_token: 'xoxe-bot', expires_in: 43_200, scope: 'chat:write' }
  const forms: [CredentialValues, CredentialValues][] = [
    [
      {
        ...bot,
        authed_user: { id: 'U1', access_token: 'xoxp', refresh_token: 'xoxe', expires_in: 60, scope: 's' },
        team: { id: 'T' },
      },
      {
        access_token: 'xoxp',
        refresh_token: 'xoxe',
        expires_in: 60,
        scope: 's',
        authed_user: { id: 'U1' },
        team: { id: 'T' },
        team_id: 'T',
      },
    ],
    [{ ...bot, authed_user: { access_token: 'xoxp' } }, { access_token: 'xoxp' }],
    [
      { ...bot, authed_user: { id: 'U1' } },
      { ...bot, authed_user: { id: 'U1' } },
    ],
    [
      { access_token: 'xoxp', team_id: 'mine', team: { id: 'T' } },
      { access_token: 'xoxp', team_id: 'mine', team: { id: 'T' } },
    ],
    [
      { ...bot, authed_user: 'no object' },
      { ...bot, authed_user: 'no object' },
    ],
  ]
  for (const [given, expected] of forms) assert.deepEqual(read(given, SLACK), expected)
  assert.deepEqual(read({ data: { token: 'a' }, refresh_token: 'r', expires_in: 5 }, { access_token: 'data.token' }), {
    access_token: 'a',
    refresh_token: 'r',
    expires_in: 5,
  })
})
