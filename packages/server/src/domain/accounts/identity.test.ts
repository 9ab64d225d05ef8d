import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityFromIdToken, identityFromReply } from './identity.ts'

const replyOf = (body: unknown, headers: Record<string, string> = {}) => ({
  status: 200,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  url: 'https://api.example.com/me',
})
const PATHS = { id: 'user.id', email: 'user.email', name: 'user.login', scopes: 'granted' }
const none = { id: null, email: null, name: null, scopes: null, source: 'provider' }
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

test('an identity is what the toolkit says where to find, in whatever form providers write it', () => {
  const verification = { path: '/me', identity: PATHS, scopes_header: 'X-OAuth-Scopes' }
  for (const [body, headers, values, expected] of [
    [{ user: { id: 7, email: 'a@b.c', login: 'kim' } }, {}, {}, { ...none, id: '7', email: 'a@b.c', name: 'kim' }],
    [{ user: { id: '7' }, granted: ['r', 'w', 'r'] }, {}, {}, { ...none, id: '7', scopes: ['r', 'w'] }],
    [
      { user: { id: '7' } },
      { 'x-oauth-scopes': 'repo, user' },
      { scope: 'other' },
      { ...none, id: '7', scopes: ['repo', 'user'] },
    ],
    [{ user: { id: '7' } }, { 'x-oauth-scopes': '' }, { scope: 'r w' }, { ...none, id: '7', scopes: ['r', 'w'] }],
    [{ user: { login: 'kim', id: null, email: '' } }, {}, {}, { ...none, name: 'kim' }],
    [{ user: { id: { deep: 1 }, email: 'x'.repeat(600), login: ['a'] } }, {}, {}, null],
    [{ user: {} }, { 'x-oauth-scopes': 'repo' }, {}, null],
    ['<html>', {}, {}, null],
    ['null', {}, {}, null],
  ] as const)
    assert.deepEqual(identityFromReply(verification, replyOf(body, headers), values), expected, JSON.stringify(body))
  assert.equal(identityFromReply({ path: '/me' }, replyOf({ user: { id: 7 } }), {}), null)
})

test('an ID token says who it is of, as a claim that nobody verified', () => {
  assert.deepEqual(identityFromIdToken({ id_token: jwt({ sub: '1', email: 'a@b.c', name: 'Kim' }), scope: ['r'] }), {
    id: '1',
    email: 'a@b.c',
    name: 'Kim',
    scopes: ['r'],
    source: 'id_token',
  })
  assert.equal(identityFromIdToken({ id_token: jwt({ preferred_username: 'kim' }) })?.name, 'kim')
  for (const token of [jwt({}), jwt({ sub: {} }), 'a.b.c', 'opaque', 5, undefined])
    assert.equal(identityFromIdToken({ id_token: token }), null)
})
