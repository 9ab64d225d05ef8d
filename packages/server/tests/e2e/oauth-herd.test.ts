import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabases } from '../../testing/databases.ts'
import { startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const HERD = 1_000
/** What the provider gives for a refresh outlives the test on any machine, so one refresh is enough for whoever is slow. */
const LONG_SECONDS = 3_600

async function setUp(t: TestContext, database: Parameters<typeof startTestServer>[0], servers: number) {
  const upstream = await startOAuthUpstream({ accessTokenSeconds: LONG_SECONDS })
  t.after(() => upstream.stop())
  const env = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
  const running = await Promise.all(Array.from({ length: servers }, () => startTestServer({ ...database, env })))
  for (const server of running) t.after(() => server.stop())
  const wires = running.map(wireClient)
  const [first] = wires
  assert.ok(first)
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: upstream.client }
  const made = await first.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
  const authConfig = (made.body['auth_config'] as { id: string }).id
  const execute = (n: number, id: string) => (wires[n % wires.length] ?? first).execute('GRANTED_ME', id)
  return { upstream, wires, first, authConfig, execute }
}

for (const database of testDatabases()) {
  const servers = database.name === 'postgres' ? 3 : 1
  test(`${HERD} calls at the moment of expiry: one refresh, no failed call (${database.name}, ${servers} servers)`, async (t) => {
    const { databaseUrl } = await database.address()
    const options = databaseUrl === undefined ? {} : { database: { url: databaseUrl } }
    const { upstream, wires, first, authConfig, execute } = await setUp(t, options, servers)
    const importGrant = (user: string, grant: object) => first.importCredential(user, authConfig, 'OAUTH2', { ...grant })
    const herd = async (id: string, user: string, { calls: length = HERD / 5, spreadMs = 0 } = {}) => {
      const calls = Array.from({ length }, async (_, n) => {
        if (spreadMs > 0) await sleep((n * spreadMs) / length)
        const { status, successful, data, error } = await execute(n, id)
        return successful && data['sub'] === user ? [] : [{ status, error }]
      })
      assert.deepEqual((await Promise.all(calls)).flat(), [])
    }
    // Slow enough that all of the herd stands before a refresh under way.
    for (const user of ['dead', 'dying', 'silent']) upstream.keepDoor(user, { after: () => sleep(1_000) })

    const dead = await importGrant('dead', { ...(await upstream.issue('dead', 1)), expires_in: 1 })
    await sleep(1_100)
    await herd(dead, 'dead', { calls: HERD })
    assert.deepEqual(upstream.refreshes, { granted: 1, refused: 0 })

    // Some calls begin before the end, some while it passes, some after it.
    const dying = await importGrant('dying', { ...(await upstream.issue('dying', 2)), expires_in: 2 })
    await sleep(1_300)
    await herd(dying, 'dying', { calls: HERD, spreadMs: 1_500 })
    assert.deepEqual(upstream.refreshesOf('dying'), { granted: 1, refused: 0 })

    // The provider does not say when it dies, and it is dead: the upstream's 401 tells.
    const silent = await importGrant('silent', await upstream.issue('silent', 1))
    await sleep(1_100)
    await herd(silent, 'silent')
    assert.deepEqual(upstream.refreshesOf('silent'), { granted: 1, refused: 0 })

    const asked = await Promise.all(
      Array.from({ length: 30 }, (_, n) => (wires[n % servers] ?? first).call('POST', `/connected_accounts/${dead}/refresh`)),
    )
    assert.deepEqual([...new Set(asked.map(({ status, body }) => `${status} ${body['status']}`))], ['200 ACTIVE'])
    assert.equal(upstream.refreshes.refused, 0)
    await herd(dead, 'dead')
  })
}
