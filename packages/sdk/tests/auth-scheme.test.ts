import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthScheme as Official } from '@composio/core'
import { AuthScheme, AuthSchemeTypes } from '../src/index.ts'

test('every scheme has a helper', () => {
  const fields = { username: 'u', password: 'p', token: 't', credentials_json: '{}', application_id: 'a', installation_id: 'i' }
  const all = { ...fields, private_key: 'k', sessionId: 's', devKey: 'd' }
  const built = Object.values(AuthScheme).map((helper) => helper(all).authScheme)
  assert.deepEqual(built.toSorted(), Object.keys(AuthSchemeTypes).toSorted())
})

test('each helper builds what the official one builds', () => {
  const basic = { username: 'u', password: 'p', subdomain: 's' }
  const billcom = { sessionId: 's', devKey: 'd' }
  const pairs = [
    [AuthScheme.APIKey({ generic_api_key: 'k' }), Official.APIKey({ generic_api_key: 'k' })],
    [AuthScheme.BearerToken({ token: 't', base_url: 'https://x' }), Official.BearerToken({ token: 't', base_url: 'https://x' })],
    [AuthScheme.Basic(basic), Official.Basic(basic)],
    [AuthScheme.BasicWithJWT(basic), Official.BasicWithJWT(basic)],
    [AuthScheme.GoogleServiceAccount({ credentials_json: '{}' }), Official.GoogleServiceAccount({ credentials_json: '{}' })],
    [AuthScheme.NoAuth(), Official.NoAuth()],
    [AuthScheme.CalcomAuth(), Official.CalcomAuth()],
    [AuthScheme.BillcomAuth(billcom), Official.BillcomAuth(billcom)],
    [AuthScheme.OAuth2({ access_token: 'a', expires_in: 3600 }), Official.OAuth2({ access_token: 'a', expires_in: 3600 })],
    [AuthScheme.OAuth2({}), Official.OAuth2({})],
    [
      AuthScheme.OAuth1({ oauth_token: 'a', oauth_token_secret: 'b' }),
      Official.OAuth1({ oauth_token: 'a', oauth_token_secret: 'b' }),
    ],
    [AuthScheme.OAuth1({ oauth_token: 'a' }), Official.OAuth1({ oauth_token: 'a' })],
  ]
  for (const [ours, official] of pairs) assert.deepEqual(ours, official)
})

test('tokens that are there make an import ACTIVE; without them, or on request, it is not', () => {
  assert.equal(AuthScheme.S2SOAuth2({ client_id: 'c', client_secret: 's' }).val.status, 'INITIALIZING')
  assert.equal(AuthScheme.S2SOAuth2({ access_token: 'a' }).val.status, 'ACTIVE')
  assert.equal(AuthScheme.DCROAuth({ access_token: 'a' }).val.status, 'INITIALIZING')
  assert.equal(AuthScheme.DCROAuth({ access_token: 'a', client_id: 'c' }).val.status, 'ACTIVE')
  assert.equal(AuthScheme.OAuth2({ access_token: 'a', status: 'INITIALIZING' }).val.status, 'INITIALIZING')
})
