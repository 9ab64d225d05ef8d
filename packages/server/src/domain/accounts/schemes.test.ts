import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import { refreshAccount } from './account-refresh.ts'
import { createAccount, patchAccount, requireAccount } from './accounts.service.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
const SERVICE_ACCOUNT_JSON = JSON.stringify({ type: 'service_account', client_email: 'a@b.c', private_key })

/** What an import of each scheme brings, as the official clients' helpers send it. */
const IMPORTS: [AuthScheme, CredentialValues][] = [
  ['API_KEY', { api_key: 'key-0001' }],
  ['API_KEY', { generic_api_key: 'key-0001' }],
  ['API_KEY', { bearer_token: 'token-0001' }],
  ['API_KEY', { basic_encoded: 'dXNlcjpwYXNz' }],
  ['BEARER_TOKEN', { token: 'token-0001' }],
  ['BASIC', { username: 'user', password: 'password' }],
  ['BASIC_WITH_JWT', { username: 'user', password: 'password' }],
  ['GOOGLE_SERVICE_ACCOUNT', { credentials_json: SERVICE_ACCOUNT_JSON }],
  ['SERVICE_ACCOUNT', { application_id: '1', installation_id: '2', private_key: 'pem' }],
  ['NO_AUTH', {}],
  ['BILLCOM_AUTH', { sessionId: 'session', devKey: 'key' }],
  ['CALCOM_AUTH', { access_token: 'token-0001' }],
  ['OAUTH2', { access_token: 'token-0001', refresh_token: 'refresh', expires_in: '3600' }],
  ['OAUTH1', { oauth_token: 'token', oauth_token_secret: 'secret' }],
]

const offering = (...schemes: AuthScheme[]) =>
  createCatalogue([exampleToolkit({ auth: schemes.map((scheme) => ({ scheme, ...(scheme === 'API_KEY' && KEY_HEADER) })) })])
const KEY_HEADER = { placements: [{ in: 'header', name: 'x-api-key', template: '{{ api_key }}' }] } as const

for (const [scheme, val] of IMPORTS)
  test(`${scheme} is ACTIVE in the answer to the import that brings ${Object.keys(val).join(', ') || 'nothing'}`, async (t) => {
    const deps = await testDeps(t, sqlite, { catalogue: offering(scheme) })
    const projectId = await testProject(deps)
    const authConfigId = await testAuthConfig(deps, projectId, 'example', scheme)
    const credential = { scheme, val: { status: 'ACTIVE', ...val } }
    const { account } = await createAccount(deps, projectId, { authConfigId, userId: 'u', credential })
    assert.equal(account.status, 'ACTIVE')
  })

test('BEARER_TOKEN is taken wherever OAUTH2 or S2S_OAUTH2 is offered, and only there', async (t) => {
  for (const scheme of ['OAUTH2', 'S2S_OAUTH2'] as const) {
    const deps = await testDeps(t, sqlite, { catalogue: offering(scheme) })
    const projectId = await testProject(deps)
    await testAuthConfig(deps, projectId, 'example', 'BEARER_TOKEN')
  }
  const deps = await testDeps(t, sqlite, { catalogue: offering('BASIC') })
  const projectId = await testProject(deps)
  await assert.rejects(testAuthConfig(deps, projectId, 'example', 'BEARER_TOKEN'), { code: 'auth_scheme_not_offered' })
})

test('an import that lacks a field, or brings another scheme, is refused by the path of the field', async (t) => {
  const deps = await testDeps(t, sqlite, { catalogue: offering('BASIC', 'BEARER_TOKEN') })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'BASIC')
  const importing = (scheme: AuthScheme, val: CredentialValues) =>
    createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { scheme, val } })
  const refusal = (code: string, path: string) => (error: { code: string; fields: { path: string }[] }) => {
    assert.deepEqual([error.code, error.fields[0]?.path], [code, path])
    return true
  }
  await assert.rejects(
    importing('BASIC', { password: 'p' }),
    refusal('missing_credential_field', 'connection.state.val.username'),
  )
  await assert.rejects(importing('BASIC', { username: 7 }), refusal('missing_credential_field', 'connection.state.val.username'))
  await assert.rejects(importing('BEARER_TOKEN', { token: 't' }), refusal('auth_scheme_mismatch', 'connection.state.authScheme'))
  assert.deepEqual(await deps.db.selectFrom('connected_account').selectAll().execute(), [])
})

async function withVerifyingUpstream(t: TestContext, answer: (key: unknown) => number) {
  const upstream = await startUpstream(t, ({ headers }, response) => response.writeHead(answer(headers['x-api-key'])).end('{}'))
  const toolkit = exampleToolkit({
    base_url: upstream.origin,
    hosts: [new URL(upstream.origin).host],
    auth: [{ scheme: 'API_KEY', ...KEY_HEADER }],
    verification: { path: '/me' },
  })
  const deps = await testDeps(t, sqlite as NonNullable<typeof sqlite>, {
    catalogue: createCatalogue([toolkit]),
    allowHosts: [new URL(upstream.origin).host],
  })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'API_KEY')
  const importKey = (api_key: string, validate: boolean) =>
    createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { val: { api_key } }, validate })
  return { deps, projectId, importKey, upstream }
}

test('validate_credentials stores what the provider takes, and nothing that it refuses or cannot judge', async (t) => {
  const statuses: Record<string, number> = { 'good-key': 200, 'bad-key': 401, 'odd-key': 500 }
  const { deps, importKey, upstream } = await withVerifyingUpstream(t, (key) => statuses[String(key)] ?? 404)
  assert.equal((await importKey('good-key', true)).account.status, 'ACTIVE')
  await assert.rejects(importKey('bad-key', true), { code: 'credential_rejected', message: /status 401/ })
  await assert.rejects(importKey('odd-key', true), { code: 'credential_unverifiable', message: /status 500/ })
  assert.equal((await deps.db.selectFrom('connected_account').selectAll().execute()).length, 1)
  assert.equal((await deps.db.selectFrom('credential').selectAll().where('owner_id', 'like', 'ca_%').execute()).length, 1)
  assert.equal(upstream.seen.length, 3)
})

test('an import that is not asked to be validated sends nothing anywhere', async (t) => {
  const { importKey, upstream } = await withVerifyingUpstream(t, () => 401)
  await importKey('bad-key', false)
  assert.equal(upstream.seen.length, 0)
})

test('a refresh asks the provider: refused is EXPIRED with the reason, and a new key brings it back', async (t) => {
  const { deps, projectId, importKey } = await withVerifyingUpstream(t, (key) => (key === 'good-key' ? 200 : 401))
  const { account } = await importKey('revoked-key', false)
  assert.equal((await refreshAccount(deps, projectId, account.id)).status, 'EXPIRED')
  assert.match((await requireAccount(deps, projectId, account.id)).account.statusReason ?? '', /status 401/)
  await patchAccount(deps, projectId, account.id, { credential: { scheme: 'API_KEY', val: { api_key: 'good-key' } } })
  const revived = await requireAccount(deps, projectId, account.id)
  assert.deepEqual([revived.account.status, revived.account.statusReason], ['ACTIVE', null])
  assert.equal((await refreshAccount(deps, projectId, account.id)).status, 'ACTIVE')
})
