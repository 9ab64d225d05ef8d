import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthScheme } from '../auth-schemes.ts'
import { resolveAuth } from '../toolkits/auth-definitions.ts'
import { acceptValues, assertNotMasked, maskValues, mergePatch, secretsOf } from './connection-values.ts'

const auth = (scheme: AuthScheme) =>
  resolveAuth({ scheme, connection_fields: [{ name: 'subdomain' }, { name: 'base_url', type: 'string' }] })

test('secrets are cut to their first four characters, and what is not secret is shown whole', () => {
  assert.deepEqual(maskValues(auth('API_KEY'), { api_key: 'sg-existing-sendgrid-key', subdomain: 'acme' }), {
    api_key: 'sg-e...',
    subdomain: 'acme',
  })
  assert.deepEqual(maskValues(auth('BASIC'), { username: 'user@example.com', password: 'existing-password' }), {
    username: 'user@example.com',
    password: 'exis...',
  })
})

test('a secret so short that four characters would give it away shows none', () => {
  assert.deepEqual(maskValues(auth('BASIC'), { username: 'u', password: 'hunter22' }), { username: 'u', password: '...' })
})

test('fields that nobody declared, and secrets inside objects and lists, are masked too', () => {
  const masked = maskValues(auth('OAUTH2'), {
    access_token: 'marked-secret-1',
    authed_user: { access_token: 'marked-secret-2', scopes: ['marked-secret-3'] },
    whatever: 'marked-secret-4',
    scope: 'repo',
    expires_in: 3600,
  })
  assert.equal(JSON.stringify(masked).includes('secret-'), false)
  assert.deepEqual([masked['scope'], masked['expires_in']], ['repo', 3600])
})

test('a toolkit that is gone shows nothing by its old fields', () => {
  assert.deepEqual(maskValues(undefined, { subdomain: 'acme-corporation', api_key: 'marked-secret' }), {
    subdomain: 'acme...',
    api_key: 'mark...',
  })
})

test('secrets are told from what may be shown', () => {
  const secrets = secretsOf(auth('BASIC'), { username: 'user', password: 'existing-password' })
  assert.deepEqual(secrets, ['existing-password'])
  assert.deepEqual(secretsOf(auth('API_KEY'), { api_key: 'a-key', subdomain: 'acme-corp' }), ['a-key'])
})

test('a secret that is a number is masked and taken out of texts like any other', () => {
  const values = { api_key: 'a-key-0001', pin: 12345678, nested: { pins: [87654321] }, enabled: true }
  assert.deepEqual(maskValues(auth('API_KEY'), values), {
    api_key: 'a-ke...',
    pin: '...',
    nested: { pins: ['...'] },
    enabled: true,
  })
  assert.deepEqual(secretsOf(auth('API_KEY'), values), ['a-key-0001', '12345678', '87654321'])
})

test('what was shown masked is refused when it comes back: it would destroy the secret', () => {
  const before = { api_key: 'sg-existing-sendgrid-key', extra: { token: 'another-long-secret' }, subdomain: 'acme' }
  const shown = maskValues(auth('API_KEY'), before)
  const isRefused = (path: string) => (error: { code: string; fields: { path: string }[] }) =>
    error.code === 'invalid_request' && error.fields.some((field) => field.path === path)
  assert.throws(() => mergePatch(auth('API_KEY'), before, shown), isRefused('connection.state.val.api_key'))
  assert.throws(() => mergePatch(auth('API_KEY'), before, { extra: shown['extra'] }), isRefused('connection.state.val.extra'))
  assert.throws(
    () => acceptValues(auth('API_KEY'), { generic_api_key: '...' }),
    isRefused('connection.state.val.generic_api_key'),
  )
  assert.throws(
    () => assertNotMasked(undefined, { client_secret: 'abcd...' }, 'credentials'),
    isRefused('credentials.client_secret'),
  )
  const patched = mergePatch(auth('API_KEY'), before, { subdomain: 'a...', note: 'and so on...' })
  assert.equal(patched['api_key'], 'sg-existing-sendgrid-key')
})

test('a key that is replaced by another kind of key is gone, whichever kind', () => {
  const patch = (before: Record<string, string>, given: Record<string, string | null>) =>
    mergePatch(auth('API_KEY'), before, given)
  assert.deepEqual(patch({ api_key: 'old' }, { bearer_token: 'new' }), { bearer_token: 'new' })
  assert.deepEqual(patch({ bearer_token: 'old' }, { generic_api_key: 'new' }), { api_key: 'new' })
  assert.deepEqual(patch({ bearer_token: 'old', subdomain: 'acme' }, { basic_encoded: 'new' }), {
    basic_encoded: 'new',
    subdomain: 'acme',
  })
  assert.deepEqual(patch({ api_key: 'kept' }, { bearer_token: null, note: 'a note' }), { api_key: 'kept', note: 'a note' })
})

test('a credential larger than any real one is refused', () => {
  const val = { api_key: 'a-key', extra: 'x'.repeat(300_000) }
  assert.throws(() => acceptValues(auth('API_KEY'), val), { code: 'invalid_request' })
  assert.throws(() => mergePatch(auth('API_KEY'), { api_key: 'a-key' }, { extra: val.extra }), { code: 'invalid_request' })
})
