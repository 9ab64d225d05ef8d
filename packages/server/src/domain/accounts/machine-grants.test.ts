import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { MACHINE, OTHER_MACHINE, SIGNING_MACHINES, startMachineUpstream } from '../../../testing/machine-upstream.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { executeTool } from '../execution/execute-tool.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import { exampleTool, exampleToolkit } from '../toolkits/fixture.testing.ts'
import { createAccount, requireAccount } from './accounts.service.ts'

const pemOf = (pair: ReturnType<typeof rsaPair>): string => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const RSA_PEM = pemOf(rsaPair())
const EC_PEM = pemOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }))
const KEYS = { RS256: RSA_PEM, ES256: EC_PEM }

async function setUp(t: TestContext, database: TestDatabase, oauth2: Partial<OAuth2Definition> = {}) {
  const upstream = await startMachineUpstream(t, KEYS)
  const { host, origin, counts } = upstream
  const toolkit = exampleToolkit(
    {
      base_url: origin,
      hosts: [host],
      auth: [{ scheme: 'S2S_OAUTH2', oauth2: { token_url: `${origin}/token`, client_auth: 'client_secret_basic', ...oauth2 } }],
    },
    [exampleTool({ method: 'GET', path: '/machine' })],
  )
  const deps = await testDeps(t, database, { catalogue: createCatalogue([toolkit]), allowHosts: [host] })
  const projectId = await testProject(deps)
  const configure = (credentials: CredentialValues) => testAuthConfig(deps, projectId, 'example', 'S2S_OAUTH2', { credentials })
  const give = async (authConfigId: string, val: CredentialValues = {}, validate = false) =>
    (await createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { scheme: 'S2S_OAUTH2', val }, validate }))
      .account.id
  const call = (accountId: string) => executeTool(deps, projectId, { toolSlug: 'EXAMPLE_CALL', arguments: {}, accountId })
  const statusOf = async (id: string) => (await requireAccount(deps, projectId, id)).account.status
  return { deps, counts, configure, give, call, statusOf }
}

for (const database of testDatabases())
  test(`S2S_OAUTH2: the auth config's client, or the connection's own whole one, gets its token by itself (${database.name})`, async (t) => {
    const { counts, configure, give, call, statusOf } = await setUp(t, database)
    const shared = await configure({ ...MACHINE, scopes: 'read' })
    const [first, second] = [await give(shared, { status: 'INITIALIZING' }), await give(shared, {}, true)]
    assert.deepEqual([await statusOf(first), counts.granted], ['ACTIVE', 1])
    for (const id of [first, second]) assert.deepEqual((await call(id)).data, { client: MACHINE.client_id, scope: 'read' })
    assert.equal(counts.granted, 2)
    const own = await give(shared, { ...OTHER_MACHINE, scopes: ['read', 'write'] })
    assert.deepEqual((await call(own)).data, { client: OTHER_MACHINE.client_id, scope: 'read write' })

    const half = await give(shared, { client_id: OTHER_MACHINE.client_id })
    await assert.rejects(call(half), { code: 'account_not_active', message: /invalid_client|invalid_request/ })
    assert.equal(await statusOf(half), 'EXPIRED', 'its own client is refused: only its owner can mend that')

    const wrong = await give(await configure({ ...MACHINE, client_secret: 'outdated' }))
    await assert.rejects(call(wrong), { code: 'refresh_unavailable', message: /client_id and client_secret of the auth config/ })
    assert.equal(await statusOf(wrong), 'ACTIVE', "the app's client is refused: the connection is not at fault")
  })

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('S2S_OAUTH2 without any client is refused, unless it brings a token', async (t) => {
  const { configure, give, call } = await setUp(t, sqlite)
  const none = await configure({})
  await assert.rejects(give(none), { code: 'missing_credential_field', fix: /client_id and client_secret/ })
  const id = await give(none, { access_token: 'unknown-token' })
  assert.equal((await call(id)).successful, false)
})

for (const alg of ['RS256', 'ES256'] as const)
  test(`a client signs with ${alg}, by the key of its auth config or its own`, async (t) => {
    const { configure, give, call } = await setUp(t, sqlite, { client_auth: 'private_key_jwt' })
    const client = { client_id: SIGNING_MACHINES[alg], private_key: KEYS[alg], private_key_id: `key-${alg}` }
    assert.deepEqual((await call(await give(await configure(client)))).data, { client: SIGNING_MACHINES[alg] })
    assert.deepEqual((await call(await give(await configure({}), client))).data, { client: SIGNING_MACHINES[alg] })
    await assert.rejects(give(await configure({ client_id: SIGNING_MACHINES[alg] })), {
      code: 'missing_credential_field',
      fix: /private_key/,
    })
    const stranger = await give(await configure({}), { ...client, private_key: alg === 'RS256' ? pemOf(rsaPair()) : RSA_PEM })
    await assert.rejects(call(stranger), { code: 'account_not_active', message: /invalid_client/ })
  })
