import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabases } from '../../../testing/databases.ts'
import { rotating, setUpGrants } from '../../../testing/grants.ts'
import { endLease, takeLease } from '../credentials/credentials.service.ts'

const CALLS = 100
const SHORTEST_PAUSE_MS = 50
/** The attempt at the lease, and the look at what became of it. */
const STATEMENTS_A_ROUND = 2

for (const database of testDatabases()) {
  test(`while another server refreshes, ${CALLS} waiting calls ask the database as often as one (${database.name})`, async (t) => {
    const { world, deps, projectId, give, call, asked, statements } = await setUpGrants(t, database)
    world.token = rotating({ value: 1 })
    const ownerId = await give({ access_token: 'access-1', refresh_token: 'refresh-1', expires_in: -1 })
    const owner = { projectId, ownerId }
    const leaseUntil = world.now + 20_000
    assert.ok(await takeLease(deps.db, owner, { version: 1, failedRefreshes: 0 }, { now: world.now, leaseUntil }))
    statements.length = 0
    const startedAt = performance.now()
    const replies = Array.from({ length: CALLS }, () => call(ownerId))
    await sleep(1_500)
    const rounds = (performance.now() - startedAt) / SHORTEST_PAUSE_MS + 2
    const most = CALLS + rounds * STATEMENTS_A_ROUND
    assert.ok(statements.length <= most, `${statements.length} statements, ${Math.round(most)} at most`)
    assert.equal(asked(), 0, 'nobody asks the provider beside the holder of the lease')

    await endLease(deps.db, owner, leaseUntil)
    for (const { successful } of await Promise.all(replies)) assert.equal(successful, true)
    assert.equal(asked(), 1)
  })
}
