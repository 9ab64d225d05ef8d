import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../testing/databases.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

/** Far more than the server has database connections (10): an import that waited for a second one would never end. */
const IMPORTS = 256

for (const database of testDatabases())
  test(`256 imports at the same moment all finish (${database.name})`, async (t) => {
    const { databaseUrl, dataDir } = await database.address()
    const server = await startTestServer({ dataDir, database: databaseUrl === undefined ? 'sqlite' : { url: databaseUrl } })
    t.after(server.kill)
    const wire = wireClient(server)
    const authConfig = await wire.authConfig('sendgrid', 'API_KEY')
    const ids = await Promise.all(
      Array.from({ length: IMPORTS }, (_, n) =>
        wire.importCredential(`user_${n}`, authConfig, 'API_KEY', { api_key: `SG.key-number-${n}` }),
      ),
    )
    assert.equal(new Set(ids).size, IMPORTS)
    const listed = await wire.call('GET', `/connected_accounts?limit=1000&auth_config_ids=${authConfig}`)
    const items = listed.body['items'] as { id: string; status: string }[]
    assert.deepEqual(items.map(({ id }) => id).sort(), ids.sort())
    assert.ok(items.every(({ status }) => status === 'ACTIVE'))
    assert.equal(await server.stop(), 0)
  })
