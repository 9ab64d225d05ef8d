import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryDir } from '../../testing/databases.ts'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

const KILLS = 20
const WRITERS = 6
const ROTATIONS = 4

/** Connection id → how many rotations were acknowledged (0: only the import was). */
type Acknowledged = Map<string, number>

test(`kill -9 amid concurrent imports and rotations, ${KILLS} times: what was acknowledged is there and opens`, async (t) => {
  const upstream = await startKeyUpstream()
  t.after(upstream.stop)
  for (let rotation = 0; rotation <= ROTATIONS; rotation++) upstream.accept(keyOf(rotation), String(rotation))
  const dataDir = temporaryDir()
  const start = () =>
    startTestServer({ dataDir, env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir } })
  const everything: Acknowledged = new Map()
  let authConfig: string | undefined

  for (let kill = 0; kill < KILLS; kill++) {
    const server = await start()
    t.after(server.kill)
    authConfig ??= await wireClient(server).authConfig('keyed', 'API_KEY')
    const acknowledged = await writeUntilKilled(server, upstream, authConfig, kill)
    assert.ok(acknowledged.size > 0, `nothing was written before kill ${kill}`)
    assertIntact(dataDir)
    for (const [id, rotations] of acknowledged) everything.set(id, rotations)
  }

  const server = await start()
  await assertAllThere(wireClient(server), everything)
  assert.ok([...everything.values()].some((rotations) => rotations > 0))
  assert.equal(await server.stop(), 0)
  assertIntact(dataDir)
})

/** Each writer imports a connection, rotates it some times, and imports the next one, until the server is gone. */
async function writeUntilKilled(
  server: TestServer,
  upstream: KeyUpstream,
  authConfig: string,
  round: number,
): Promise<Acknowledged> {
  const wire = wireClient(server)
  const acknowledged: Acknowledged = new Map()
  let killed = false
  const write = async (writer: number) => {
    for (let n = 0; !killed; n++) {
      const val = { generic_api_key: keyOf(0), base_url: upstream.url }
      const id = await wire.importCredential(`user_${round}_${writer}_${n}`, authConfig, 'API_KEY', val)
      acknowledged.set(id, 0)
      for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
        const { status } = await wire.rotate(id, 'API_KEY', { generic_api_key: keyOf(rotation) })
        assert.equal(status, 200)
        acknowledged.set(id, rotation)
      }
    }
  }
  // Only the cut connection may end a writer; what the server answers wrongly is told by `assert`.
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    write(writer).catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error
    }),
  )
  while (acknowledged.size === 0) await sleep(1)
  await sleep(20 + 9 * round) // a different moment each time
  await server.kill()
  killed = true
  await Promise.all(writers)
  return acknowledged
}

const keyOf = (rotation: number) => `key-after-rotation-${rotation}`

/** The upstream tells which key it was called with: the one acknowledged last, or the one that was on its way. */
async function assertAllThere(wire: WireClient, acknowledged: Acknowledged): Promise<void> {
  const left = [...acknowledged]
  const check = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const [id, rotations] = next
      const { data, error } = await wire.execute('KEYED_ME', id)
      const sent = Number(data['user'])
      assert.ok(sent === rotations || sent === rotations + 1, `${id}: ${rotations} acknowledged, ${sent} sent (${error})`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, check))
}

function assertIntact(dataDir: string): void {
  const database = new DatabaseSync(join(dataDir, 'holdfast.db'))
  assert.deepEqual(database.prepare('pragma integrity_check').all(), [{ __proto__: null, integrity_check: 'ok' }])
  database.close()
}
