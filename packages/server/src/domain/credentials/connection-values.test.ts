import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthScheme } from '../auth-schemes.ts'
import { resolveAuth } from '../toolkits/auth-definitions.ts'
import { maskValues, secretsOf } from './connection-values.ts'

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
