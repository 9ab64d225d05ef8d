import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabases } from '../../testing/databases.ts'
import { startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

async function setUp(t: TestContext, database: Parameters<typeof startTestServer>[0], servers: number) {
  const upstream = await startOAuthUpstream({ accessTokenSeconds: 4 })
  t.after(() => upstream.stop())
  const env = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
  const wires: WireClient[] = []
  for (let n = 0; n < servers; n++) {
    const server = await startTestServer({ ...database, env })
    t.after(() => server.stop())
    wires.push(wireClient(server))
  }
  const [first] = wires
  assert.ok(first)
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: upstream.client }
  const made = await first.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
  const authConfig = (made.body['auth_config'] as { id: string }).id
  const execute = (n: number, id: string) => (wires[n % wires.length] ?? first).execute('GRANTED_ME', id)
  return { upstream, first, authConfig, execute }
}

for (const database of testDatabases()) {
  const servers = database.name === 'postgres' ? 2 : 1
  test(`a herd at the moment of expiry: one refresh, no failed call (${database.name}, ${servers} servers)`, async (t) => {
    const { databaseUrl } = await database.address()
    const options = databaseUrl === undefined ? {} : { database: { url: databaseUrl } }
    const { upstream, first, authConfig, execute } = await setUp(t, options, servers)
    const herd = (id: string) => Promise.all(Array.from({ length: 150 }, (_, n) => execute(n, id)))
    const failures = (replies: Awaited<ReturnType<typeof herd>>) => replies.filter(({ successful }) => !successful)

    const grant = { ...(await upstream.issue('user_1', 1)), expires_in: 1 }
    const id = await first.importCredential('user_1', authConfig, 'OAUTH2', grant)
    await sleep(1_000)
    assert.deepEqual(failures(await herd(id)), [])
    assert.deepEqual(upstream.refreshes, { granted: 1, refused: 0 })

    // Due, and still alive: nobody needs to wait for it.
    await sleep(3_300)
    assert.deepEqual(failures(await herd(id)), [])
    assert.deepEqual(upstream.refreshes, { granted: 2, refused: 0 })

    // The provider does not say when it dies, and it is dead: the upstream's 401 tells.
    const silent = await first.importCredential('user_2', authConfig, 'OAUTH2', await upstream.issue('user_2', 1))
    await sleep(1_100)
    assert.deepEqual(failures(await herd(silent)), [])
    assert.deepEqual(upstream.refreshes, { granted: 3, refused: 0 })

    const { status, body } = await first.call('POST', `/connected_accounts/${id}/refresh`)
    assert.deepEqual([status, body['status'], upstream.refreshes], [200, 'ACTIVE', { granted: 4, refused: 0 }])
    assert.deepEqual((await execute(0, id)).data, { sub: 'user_1' })
  })
}
