import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { setUpGrants } from '../../../testing/grants.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { refreshAccount } from './account-refresh.ts'
import { patchAccount } from './accounts.service.ts'
import { LEASE_MS } from './grant-refresh.ts'
import { createRefreshState } from './refresh-state.ts'

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 }
const HOUR = 3_600_000

/** Takes each refresh token once, and refuses it from then on. */
function spendingOnce() {
  let current = 1
  return (params: URLSearchParams) => {
    if (params.get('refresh_token') !== `refresh-${current}`) return { status: 400, body: { error: 'invalid_grant' } }
    current++
    return { body: { access_token: `access-${current}`, refresh_token: `refresh-${current}`, expires_in: 3600 } }
  }
}

type Deps = Awaited<ReturnType<typeof setUpGrants>>['deps']

/** A server that dies when the provider has answered: it hears nothing, writes nothing, and returns from nothing. */
function dyingAfterTheAnswer(deps: Deps): { deps: Deps; dead: Promise<void> } {
  let die = () => {}
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const send: Deps['outbound']['send'] = async (request) => {
    const reply = await deps.outbound.send(request)
    if (!request.url.pathname.endsWith('/token')) return reply
    die()
    return new Promise(() => {})
  }
  return { dead, deps: { ...deps, refreshes: createRefreshState(), outbound: { ...deps.outbound, send } } }
}

const another = (deps: Deps): Deps => ({ ...deps, refreshes: createRefreshState() })

/** From now on no credential can be written; what it returns mends that. */
async function breakWrites(db: Db, { name }: TestDatabase): Promise<() => Promise<void>> {
  const run = (text: string) => sql.raw(text).execute(db)
  if (name === 'sqlite') {
    await run("create trigger full before update of sealed on credential begin select raise(abort, 'no room'); end")
    return async () => void (await run('drop trigger full'))
  }
  await run("create function no_room() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$")
  await run('create trigger full_disk before update of sealed on credential for each row execute function no_room()')
  return async () => void (await run('drop trigger full_disk on credential'))
}

for (const database of testDatabases()) {
  test(`a server that dies between the answer and the write loses a rotated grant, and that is what the connection says (${database.name})`, async (t) => {
    const { world, give, call, statusOf, events, asked, deps, projectId } = await setUpGrants(t, database)
    world.token = spendingOnce()
    const id = await give(GRANT)
    world.now += HOUR
    const spentAt = new Date(world.now).toISOString()
    const dying = dyingAfterTheAnswer(deps)
    void call(id, dying.deps)
    await dying.dead
    assert.equal((await statusOf(id)).status, 'ACTIVE', 'nobody knows yet')

    world.now += LEASE_MS + 1
    await assert.rejects(call(id, another(deps)), {
      code: 'account_not_active',
      message: /EXPIRED.*invalid_grant.*may have spent/,
    })
    const { status, statusReason } = await statusOf(id)
    assert.equal(status, 'EXPIRED')
    assert.ok(statusReason?.includes(`An attempt at ${spentAt}`), statusReason ?? '')
    const [event, ...others] = await events()
    assert.deepEqual([others.length, JSON.parse(event?.data ?? '{}').reason], [0, statusReason])
    for (let n = 0; n < 3; n++) await assert.rejects(call(id, another(deps)), { code: 'account_not_active' })
    assert.equal(asked(), 2, 'no one asks again for what is gone')

    const val = { ...GRANT, refresh_token: 'refresh-2', expires_in: 0 }
    await patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val } })
    await call(id)
    world.token = () => ({ status: 400, body: { error: 'invalid_grant' } })
    world.now += HOUR
    await call(id).catch(() => {})
    assert.doesNotMatch((await statusOf(id)).statusReason ?? '', /may have spent/, 'a new grant does not inherit the suspicion')
  })

  test(`a grant whose provider still takes the refresh token survives the death of the server (${database.name})`, async (t) => {
    const { world, give, call, statusOf, asked, deps, stored } = await setUpGrants(t, database)
    world.token = () => ({ body: { access_token: 'access-2', expires_in: 3600 } })
    const id = await give(GRANT)
    world.now += HOUR
    const dying = dyingAfterTheAnswer(deps)
    void call(id, dying.deps)
    await dying.dead
    world.now += LEASE_MS + 1
    assert.equal((await call(id, another(deps))).successful, true)
    assert.deepEqual([asked(), (await statusOf(id)).status, (await stored(id))['access_token']], [2, 'ACTIVE', 'access-2'])
    world.token = () => ({ status: 400, body: { error: 'invalid_grant' } })
    world.now += HOUR
    await assert.rejects(call(id), { code: 'account_not_active' })
    assert.doesNotMatch((await statusOf(id)).statusReason ?? '', /may have spent/)
  })

  test(`a database that stumbles is written to again, and the rotated grant is not lost (${database.name})`, async (t) => {
    const { world, give, asked, deps, projectId, stored } = await setUpGrants(t, database)
    world.token = spendingOnce()
    const id = await give(GRANT)
    const mend = await breakWrites(deps.db, database)
    const refreshing = refreshAccount(deps, projectId, id)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await mend()
    assert.equal((await refreshing).status, 'ACTIVE')
    assert.deepEqual([asked(), (await stored(id))['refresh_token']], [1, 'refresh-2'])
  })

  test(`a database that never comes back ends the attempt with its lease, and the next one with the reason (${database.name})`, async (t) => {
    const { world, give, call, statusOf, asked, deps, projectId } = await setUpGrants(t, database)
    world.token = spendingOnce()
    const id = await give(GRANT)
    const mend = await breakWrites(deps.db, database)
    const refreshing = assert.rejects(refreshAccount(deps, projectId, id), /no room/)
    while (asked() === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    world.now += LEASE_MS
    await refreshing
    await mend()
    world.now += HOUR
    await assert.rejects(call(id), { code: 'account_not_active' })
    assert.match((await statusOf(id)).statusReason ?? '', /invalid_grant.*may have spent/)
  })
}
