import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKeyUpstream } from '../../testing/key-upstream.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const CALLS = 50

test('a stop lets 50 calls in flight finish, takes no new ones, and ends with exit code 0', async (t) => {
  const upstream = await startKeyUpstream()
  t.after(upstream.stop)
  upstream.accept('slow-key', 'slow')
  const server = await startTestServer({
    env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir },
  })
  t.after(server.kill)
  const wire = wireClient(server)
  const authConfig = await wire.authConfig('keyed', 'API_KEY')
  const id = await wire.importCredential('user_1', authConfig, 'API_KEY', { api_key: 'slow-key', base_url: upstream.url })

  const calls = Array.from({ length: CALLS }, () => wire.execute('KEYED_SLOW', id, { ms: 2_000 }))
  while (upstream.inFlight() < CALLS) await sleep(5)
  const stopped = server.stop('SIGTERM')
  await sleep(100)
  assert.equal(upstream.inFlight(), CALLS, 'the calls were over before the stop began')
  await assert.rejects(fetch(`${server.url}/healthz`), 'a stopping server must not take new connections')

  const results = await Promise.all(calls)
  for (const { status, successful, data } of results) {
    assert.equal(status, 200)
    assert.equal(successful, true)
    assert.deepEqual(data, { user: 'slow', slow: true })
  }
  assert.equal(await stopped, 0)
})
