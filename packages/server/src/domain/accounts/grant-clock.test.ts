import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { type Answer, rotating, setUpGrants } from '../../../testing/grants.ts'
import type { AccountId } from '../../ids.ts'
import { takeLease } from '../credentials/credentials.service.ts'
import { findAccountForUse } from './account-use.repository.ts'
import { isGrant } from './fresh-credential.ts'
import { LEASE_MS, refreshGrant } from './grant-refresh.ts'

const [sqlite] = testDatabases()
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** The largest that Math.random answers, near enough. */
const MOST = 1 - Number.EPSILON

async function setUp(t: TestContext, random = 0) {
  assert.ok(sqlite)
  t.mock.method(Math, 'random', () => random)
  const world = await setUpGrants(t, sqlite)
  world.world.token = rotating({ value: 1 })
  const grant = async (id: AccountId) => {
    const found = await findAccountForUse(world.deps.db, world.projectId, id)
    assert.ok(found && isGrant(world.deps, found))
    return found
  }
  /** In milliseconds from now: when it ends, and when it is due. */
  const times = async (id: AccountId) => {
    const { expiresAt, refreshAt } = (await grant(id)).credential
    const fromNow = (time: number | null) => time && time - world.world.now
    return { ends: fromNow(expiresAt), due: fromNow(refreshAt) }
  }
  return { ...world, grant, times }
}

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1' }

for (const [seconds, latest, earliest] of [
  [24 * 3600, 5 * MINUTE, 6.25 * MINUTE],
  [3600, 5 * MINUTE, 6.25 * MINUTE],
  [25 * 60, 5 * MINUTE, 6.25 * MINUTE],
  [10 * 60, 2 * MINUTE, 2.5 * MINUTE],
  [60, 12 * SECOND, 15 * SECOND],
  [1, 200, 250],
] as const)
  for (const [random, before] of [
    [0, latest],
    [MOST, earliest],
  ] as const)
    test(`a token of ${seconds} s is refreshed ${before} ms before its end and not a millisecond sooner`, async (t) => {
      const { world, give, call, asked, sent } = await setUp(t, random)
      const start = world.now
      const id = await give({ ...GRANT, expires_in: seconds })
      world.now = start + seconds * SECOND - before - 1
      await call(id)
      assert.deepEqual([asked(), sent()], [0, ['Bearer access-1']])
      world.now += 1
      await call(id)
      assert.deepEqual([asked(), sent().at(-1)], [1, 'Bearer access-2'])
    })

test('a token without a refresh token is used to its last millisecond', async (t) => {
  const { world, give, call, sent } = await setUp(t)
  const start = world.now
  const id = await give({ access_token: 'access-1', expires_in: 60 })
  world.now = start + MINUTE - 1
  assert.equal((await call(id)).successful, true)
  world.now += 1
  await assert.rejects(call(id), { code: 'credential_expired' })
  assert.equal(sent().length, 1)
})

for (const [what, times] of [
  ['expires_in below zero', { expires_in: -3600 }],
  ['expires_in of zero', { expires_in: '0' }],
  ['expires_at in the past', { expires_at: '2020-01-01T00:00:00Z' }],
  ['expires_at in the past beside a lifetime that was true once', { expires_at: 1_600_000_000, expires_in: 3600 }],
] as const)
  test(`an import with ${what} is ACTIVE and untouched, and refreshed by its first use`, async (t) => {
    const { give, call, asked, statusOf, stored, sent } = await setUp(t)
    const id = await give({ ...GRANT, ...times })
    const { status } = await statusOf(id)
    assert.deepEqual([status, asked(), (await stored(id))['refresh_token']], ['ACTIVE', 0, 'refresh-1'])
    await call(id)
    assert.deepEqual([asked(), sent()], [1, ['Bearer access-2']])
  })

for (const [what, more, ends] of [
  ['a number', { expires_in: 3600 }, HOUR],
  ['a text', { expires_in: '3600' }, HOUR],
  ['a fraction', { expires_in: 3599.5 }, HOUR - 500],
  ['a moment in seconds', { expires_at: (now: number) => (now + HOUR) / 1000 }, HOUR],
  [
    'a moment of a clock ten minutes slow, beside a lifetime',
    { expires_at: (now: number) => now - 10 * MINUTE, expires_in: 60 },
    MINUTE,
  ],
  ['nothing', {}, null],
  ['null', { expires_in: null }, null],
  ['zero, which means for ever', { expires_in: 0 }, null],
  ['less than zero', { expires_in: -1 }, null],
  ['a word', { expires_in: 'soon' }, null],
  ['more than any date', { expires_in: 1e300 }, null],
] as const)
  test(`a refresh whose answer says of its lifetime: ${what}`, async (t) => {
    const { world, give, call, asked, times, sent, stored } = await setUp(t)
    world.now = Math.ceil(world.now / SECOND) * SECOND
    const answer = Object.fromEntries(
      Object.entries(more).map(([name, value]) => [name, typeof value === 'function' ? value(world.now) : value]),
    )
    world.token = () => ({ body: { access_token: 'access-2', refresh_token: 'refresh-2', ...answer } })
    const id = await give({ ...GRANT, expires_in: -1 })
    await call(id)
    assert.deepEqual(await times(id), { ends, due: ends && ends - Math.min(5 * MINUTE, ends / 5) })
    const { expires_in, expires_at } = await stored(id)
    assert.equal(expires_in === undefined && expires_at === undefined, ends === null)
    // Where none was told, the old end does not live on: only the upstream's 401 sets off the next refresh.
    world.now += ends === null ? 1000 * HOUR : 1
    await call(id)
    assert.deepEqual([asked(), sent().length], [1, 2])
    if (ends !== null) return
    world.good = 'access-3'
    world.token = rotating({ value: 2 })
    assert.equal((await call(id)).successful, true)
    assert.deepEqual([asked(), sent().slice(2)], [2, ['Bearer access-2', 'Bearer access-3']])
  })

for (const [answer, status, wait] of [
  [{ status: 500, body: 'secret-page' }, 'ACTIVE', SECOND],
  [{ status: 200, body: '<html>secret-page</html>' }, 'ACTIVE', SECOND],
  [{ status: 200, body: {} }, 'ACTIVE', SECOND],
  [{ status: 429, body: {} }, 'ACTIVE', SECOND],
  [{ status: 200, body: { error: 'server_error' } }, 'ACTIVE', SECOND],
  [{ status: 401, body: { error: 'invalid_client' } }, 'ACTIVE', 5 * MINUTE],
  [{ status: 400, body: { error: 'unsupported_grant_type' } }, 'ACTIVE', 5 * MINUTE],
  [{ status: 200, body: { error: 'invalid_grant' } }, 'EXPIRED', null],
  [{ status: 400, body: { error: 'invalid_grant' } }, 'EXPIRED', null],
] as const satisfies readonly (readonly [Answer, string, number | null])[])
  test(`a refresh answered ${answer.status} ${JSON.stringify(answer.body)}: ${status}, asked again after ${wait} ms`, async (t) => {
    const { world, give, call, asked, statusOf, times } = await setUp(t)
    world.token = () => answer
    const id = await give({ ...GRANT, expires_in: -1 })
    await assert.rejects(call(id), (error: Error & { code?: string }) => {
      assert.equal(error.code, wait === null ? 'account_not_active' : 'refresh_unavailable')
      assert.doesNotMatch(error.message, /secret-page|refresh-1/)
      return true
    })
    assert.deepEqual([(await statusOf(id)).status, (await times(id)).due], [status, wait])
    world.now += (wait ?? 1000 * HOUR) - 1
    await assert.rejects(call(id))
    assert.equal(asked(), 1, 'not a millisecond sooner')
    world.token = rotating({ value: 1 })
    world.now += 1
    if (wait === null) await assert.rejects(call(id), { code: 'account_not_active' })
    else assert.equal((await call(id)).successful, true)
    assert.equal(asked(), wait === null ? 1 : 2)
  })

test('failures in a row wait twice as long each, a minute at most, and a third longer with jitter', async (t) => {
  for (const [random, factor] of [
    [0, 1],
    [MOST, 4 / 3],
  ] as const) {
    const { world, give, call, times } = await setUp(t, random)
    world.token = () => ({ status: 503, body: '' })
    const id = await give({ ...GRANT, expires_in: -1 })
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await assert.rejects(call(id), { code: 'refresh_unavailable' })
      const due = (await times(id)).due ?? 0
      assert.equal(due, Math.round(seconds * SECOND * factor))
      world.now += due
    }
    t.mock.restoreAll()
  }
})

test('what was imported together is due apart, within a quarter of the margin', async (t) => {
  const { give, times } = await setUp(t)
  t.mock.restoreAll()
  const ids = await Promise.all(Array.from({ length: 60 }, () => give({ ...GRANT, expires_in: 3600 })))
  const due = await Promise.all(ids.map(async (id) => HOUR - ((await times(id)).due ?? 0)))
  for (const before of due) assert.ok(before >= 5 * MINUTE && before <= 6.25 * MINUTE, String(before))
  // 60 of 75,000 milliseconds: that half of them meet is out of the question.
  assert.ok(new Set(due).size > 30)
})

test("a server whose clock runs ahead leaves another's refresh alone until the lease ends by its own clock", async (t) => {
  const { world, deps, projectId, give, grant, asked } = await setUp(t)
  const id = await give({ ...GRANT, expires_in: -1 })
  const leaseUntil = world.now + LEASE_MS
  const { credential } = await grant(id)
  assert.ok(await takeLease(deps.db, { projectId, ownerId: id }, credential, { now: world.now, leaseUntil }))
  for (const ahead of [0, 10 * SECOND, LEASE_MS - 1]) {
    const skewed = { ...deps, now: () => leaseUntil - LEASE_MS + ahead }
    assert.equal((await refreshGrant(skewed, await grant(id))).kind, 'busy')
  }
  assert.equal(asked(), 0)
  assert.equal((await refreshGrant({ ...deps, now: () => leaseUntil }, await grant(id))).kind, 'renewed')
  assert.equal(asked(), 1)
})

test('a clock that is set back neither refreshes again nor ends a token early', async (t) => {
  const { world, give, call, asked, sent } = await setUp(t)
  const id = await give({ ...GRANT, expires_in: 3600 })
  world.now += HOUR - 5 * MINUTE
  await call(id)
  world.now -= 24 * HOUR
  await call(id)
  assert.deepEqual([asked(), sent()], [1, ['Bearer access-2', 'Bearer access-2']])
})
