import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type KeyUpstream, startKeyUpstream } from '../../testing/key-upstream.ts'
import { type PostgresServer, startPostgres } from '../../testing/postgres.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, type WireReply, wireClient } from '../../testing/wire-client.ts'

let upstream: KeyUpstream
let postgres: PostgresServer
let server: TestServer
let wire: WireClient
let authConfig: string

before(async () => {
  upstream = await startKeyUpstream()
  postgres = await startPostgres()
  server = await startTestServer({
    env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir },
    database: { url: `${postgres.url}/postgres` },
  })
  wire = wireClient(server)
  authConfig = await wire.authConfig('keyed', 'API_KEY')
})
after(async () => {
  await server?.stop()
  await postgres?.stop()
  await upstream?.stop()
})

const importKey = (key: string) =>
  wire.importCredential('user_1', authConfig, 'API_KEY', { generic_api_key: key, base_url: upstream.url })

const ready = async () => (await fetch(`${server.url}/readyz`)).status

for (const signal of ['SIGINT', 'SIGQUIT'] as const)
  test(`a database that goes away under load (${signal}): refusals are 503, the server survives, and serves again when it is back`, async () => {
    upstream.accept('key-of-the-outage', 'outage')
    const id = await importKey('key-of-the-outage')
    const replies: WireReply[] = []
    let loading = true
    const acknowledged: string[] = []
    const load = async (n: number) => {
      while (loading) {
        const reply = await (n % 3 === 0
          ? wire.call('PATCH', `/connected_accounts/${id}`, {
              connection: { state: { authScheme: 'API_KEY', val: { [`extra_${n}`]: 'a value' } } },
            })
          : n % 3 === 1
            ? wire.call('POST', '/tools/execute/KEYED_ME', { connected_account_id: id, arguments: {} })
            : wire.call('POST', '/connected_accounts', {
                auth_config: { id: authConfig },
                connection: { state: { authScheme: 'API_KEY', val: { api_key: 'key-of-the-load', base_url: upstream.url } } },
              }))
        replies.push(reply)
        if (reply.status === 201) acknowledged.push((reply.body as { id: string }).id)
        if (reply.status >= 500) await sleep(20)
      }
    }
    const loads = Promise.all(Array.from({ length: 24 }, (_, n) => load(n)))
    await sleep(500)
    await postgres.down(signal)
    await sleep(300)
    assert.equal(await ready(), 503)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    await sleep(500)
    await postgres.up()
    await sleep(1_000)
    loading = false
    await loads

    assert.equal(await ready(), 200)
    const statuses = [...new Set(replies.map(({ status }) => status))].sort()
    assert.deepEqual(statuses, [200, 201, 503], server.output().slice(-3_000))
    for (const { status, body } of replies)
      if (status === 503) assert.equal((body as { error: { slug: string } }).error.slug, 'service_unavailable')
    assert.deepEqual((await wire.execute('KEYED_ME', id)).data, { user: 'outage' })
    for (const one of acknowledged.slice(-50)) assert.equal((await wire.call('GET', `/connected_accounts/${one}`)).status, 200)
    assert.doesNotMatch(server.output(), /key-of-the|nothing caught/)
  })
