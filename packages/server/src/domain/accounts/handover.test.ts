import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { rotating, setUpGrants } from '../../../testing/grants.ts'
import { testAuthConfig } from '../../../testing/test-deps.ts'
import { refreshAccount } from './account-refresh.ts'
import { patchAccount } from './accounts.service.ts'
import { handOver, handOverCohort } from './handover.ts'
import { startRefreshSchedule } from './refresh-schedule.ts'
import { createRefreshState } from './refresh-state.ts'

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 }
const HOUR = 3_600_000
const APP = { refreshOwner: 'app' } as const

for (const database of testDatabases()) {
  test(`what the app owns is refreshed by nobody here: not before use, in the background, after a 401 or by request (${database.name})`, async (t) => {
    const { world, give, call, asked, deps, projectId, sent } = await setUpGrants(t, database)
    const id = await give(GRANT, APP)
    const schedule = startRefreshSchedule(deps, { everyMs: 3_600_000 })
    t.after(() => schedule.close())
    world.now += HOUR - 1000
    assert.equal((await call(id)).successful, true)
    assert.equal(await schedule.runOnce(), 0)
    await assert.rejects(refreshAccount(deps, projectId, id), { code: 'refresh_owned_by_app', fix: /handover/ })
    world.good = 'access-2'
    assert.equal((await call(id)).successful, false)
    assert.equal(sent().length, 2, 'the call was not repeated')
    world.now += HOUR
    await assert.rejects(call(id), { code: 'credential_expired_app_owned' })
    assert.equal(asked(), 0)
  })

  test(`an expired grant of the app's names its owner to each caller, and is an event once for each version (${database.name})`, async (t) => {
    const { world, give, call, deps, projectId, events, statements, statusOf } = await setUpGrants(t, database)
    const id = await give(GRANT, APP)
    const told = () => events('connected_account.credential_expired')
    world.now += HOUR
    const refused = { code: 'credential_expired_app_owned', message: /app/, fix: /PATCH.*handover/ }
    for (let n = 0; n < 3; n++) await assert.rejects(call(id), refused)
    assert.deepEqual([(await told()).length, (await statusOf(id)).status], [1, 'ACTIVE'])
    assert.deepEqual(JSON.parse((await told())[0]?.data ?? ''), {
      refresh_owner: 'app',
      expired_at: new Date(world.now).toISOString(),
    })
    statements.length = 0
    await assert.rejects(call(id), refused)
    assert.deepEqual(
      statements.filter((sql) => !sql.startsWith('select')),
      [],
      'what was told here is not written again',
    )
    // Another server, which has told nobody yet.
    await assert.rejects(call(id, { ...deps, refreshes: createRefreshState() }), refused)
    assert.equal((await told()).length, 1)

    const val = { access_token: 'access-2', expires_in: 60 }
    await patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val } })
    assert.equal((await call(id)).successful, true)
    world.now += 61_000
    await assert.rejects(call(id), refused)
    assert.equal((await told()).length, 2)
  })

  test(`handed over, a grant is refreshed from that moment on; handed back, from that moment on it is not (${database.name})`, async (t) => {
    const { world, give, call, asked, stored, deps, projectId, events } = await setUpGrants(t, database)
    world.token = rotating({ value: 1 })
    const id = await give(GRANT, APP)
    const schedule = startRefreshSchedule(deps, { everyMs: 3_600_000 })
    t.after(() => schedule.close())
    assert.deepEqual(await handOver(deps, projectId, id, 'holdfast'), {
      refreshOwner: 'holdfast',
      changed: true,
      obstacle: undefined,
    })
    assert.equal((await handOver(deps, projectId, id, 'holdfast')).changed, false)
    assert.equal(await schedule.runOnce(), 0)
    world.now += HOUR - 4 * 60_000
    assert.equal(await schedule.runOnce(), 1)
    assert.deepEqual([asked(), (await stored(id))['access_token']], [1, 'access-2'])
    await handOver(deps, projectId, id, 'app')
    world.now += HOUR - 60_000
    assert.equal(await schedule.runOnce(), 0)
    await call(id)
    assert.equal(asked(), 1)
    assert.deepEqual(
      (await events('connected_account.handed_over')).map(({ data }) => JSON.parse(data) as unknown),
      [{ to: 'holdfast' }, { to: 'app' }],
    )
  })

  test(`tokens that the app pushes do not put its grant on the schedule, whenever it was handed over (${database.name})`, async (t) => {
    const { world, give, deps, projectId, asked } = await setUpGrants(t, database)
    const id = await give(GRANT)
    const schedule = startRefreshSchedule(deps, { everyMs: 3_600_000 })
    t.after(() => schedule.close())
    const push = patchAccount(deps, projectId, id, {
      credential: { scheme: 'OAUTH2', val: { ...GRANT, access_token: 'access-2' } },
    })
    await Promise.all([push, handOver(deps, projectId, id, 'app')])
    const row = await deps.db.selectFrom('credential').selectAll().where('owner_id', '=', id).executeTakeFirstOrThrow()
    assert.deepEqual([row.refresh_at, row.refresh_owner, row.version], [null, 'app', 2])
    world.now += HOUR
    assert.deepEqual([await schedule.runOnce(), asked()], [0, 0])
  })

  test(`a handover waits for the refresh that is under way, and gives up on one that hangs (${database.name})`, async (t) => {
    const { world, give, stored, deps, projectId, asked } = await setUpGrants(t, database)
    const id = await give(GRANT)
    let answer = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      world.token = () => {
        resolve()
        return {
          body: new Promise((done) => {
            answer = () => done({ access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 })
          }),
        }
      }
    })
    const refreshing = refreshAccount(deps, projectId, id)
    await arrived
    await assert.rejects(handOver(deps, projectId, id, 'app', { budgetMs: 50 }), { code: 'credential_conflict' })
    const handing = handOver(deps, projectId, id, 'app')
    answer()
    await refreshing
    assert.equal((await handing).changed, true)
    assert.deepEqual([(await stored(id))['refresh_token'], asked()], ['refresh-2', 1])
    await assert.rejects(refreshAccount(deps, projectId, id), { code: 'refresh_owned_by_app' })
  })

  test(`a cohort changes hands in batches, as far as it gets, and again from where it is (${database.name})`, async (t) => {
    await handOverMany(t, database)
  })
}

async function handOverMany(t: Parameters<typeof setUpGrants>[0], database: TestDatabase) {
  const { give, deps, projectId, authConfigId, events } = await setUpGrants(t, database)
  const ids: string[] = []
  for (let n = 0; n < 25; n++) ids.push(await give({ ...GRANT, expires_in: 60 + 60 * n }, { userId: `user_${n % 5}` }))
  const other = await testAuthConfig(deps, projectId, 'example', 'OAUTH2')
  const elsewhere = await give(GRANT, { authConfigId: other })
  const owners = async () => {
    const rows = await deps.db
      .selectFrom('credential')
      .select(['owner_id', 'refresh_owner', 'refresh_at', 'expires_at'])
      .execute()
    return new Map(rows.map((row) => [row.owner_id, row]))
  }
  const owned = async (by: string) =>
    [...(await owners())].flatMap(([id, row]) => (id.startsWith('ca_') && row.refresh_owner === by ? [id] : []))
  const cohort = { authConfigId }
  const few = { batch: 4 }

  assert.deepEqual(await handOverCohort(deps, projectId, cohort, 'app', { ...few, budgetMs: -1 }), {
    ...{ changed: 0, unchanged: 0, notRefreshed: 0, busy: 0 },
    done: false,
  })
  const some = await handOverCohort(deps, projectId, { accountIds: ids.slice(0, 10), userIds: ['user_1'] }, 'app', few)
  assert.deepEqual([some.changed, some.done], [2, true])
  await deps.db
    .updateTable('credential')
    .set({ lease_until: deps.now() + 5_000 })
    .where('owner_id', '=', ids[3] ?? '')
    .execute()
  const most = await handOverCohort(deps, projectId, cohort, 'app', { ...few, budgetMs: 1_000 })
  assert.deepEqual(most, { changed: 22, unchanged: 2, notRefreshed: 0, busy: 1, done: false })
  await deps.db
    .updateTable('credential')
    .set({ lease_until: 0 })
    .where('owner_id', '=', ids[3] ?? '')
    .execute()
  const rest = await handOverCohort(deps, projectId, cohort, 'app', few)
  assert.deepEqual(rest, { changed: 1, unchanged: 24, notRefreshed: 0, busy: 0, done: true })
  assert.deepEqual((await owned('app')).toSorted(), ids.toSorted())
  const scheduled = await owners()
  assert.ok(ids.every((id) => scheduled.get(id)?.refresh_at === null))
  assert.equal((await events('connected_account.handed_over')).length, 25)

  const back = await handOverCohort(deps, projectId, { toolkitSlug: 'example' }, 'holdfast', few)
  assert.deepEqual([back.changed, back.unchanged, back.done], [25, 1, true])
  assert.deepEqual((await owned('holdfast')).toSorted(), [...ids, elsewhere].toSorted())
  for (const { refresh_at: due, expires_at: end } of (await owners()).values())
    if (end !== null) assert.ok(due !== null && due < end && end - due <= 6.25 * 60_000 + 1, `${due} is before ${end}`)
}
