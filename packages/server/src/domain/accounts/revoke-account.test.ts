import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { CLIENT, rotating, setUpGrants } from '../../../testing/grants.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import { refreshAccount } from './account-refresh.ts'
import { patchAccount, setAccountEnabled } from './accounts.service.ts'
import { GIVE_UP_AFTER_MS } from './revocation-attempt.ts'
import { startRevocationSchedule } from './revocation-schedule.ts'
import { deleteAndRevoke, requireRevocation, revokeAccount } from './revoke-account.ts'

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 }
const RFC7009 = { revocation_url: 'ORIGIN/revoke' }
/** As Dropbox and Slack have it. */
const BEARER: Partial<OAuth2Definition> = {
  revocation_url: 'ORIGIN/revoke',
  revocation: { auth: 'bearer', body: 'none', tokens: ['access_token'] },
}
const DAY = 24 * 60 * 60_000

for (const database of testDatabases()) {
  const setUp = async (t: Parameters<typeof setUpGrants>[0], oauth2: Partial<OAuth2Definition> = RFC7009) => {
    const grants = await setUpGrants(t, database, oauth2)
    const { deps, projectId, events } = grants
    const schedule = startRevocationSchedule(deps, { everyMs: 3_600_000 })
    t.after(() => schedule.close())
    const revocationRow = (id: string) =>
      deps.db.selectFrom('revocation').selectAll().where('account_id', '=', id).executeTakeFirstOrThrow()
    const ended = async () =>
      (await events('connected_account.revocation_ended')).map(({ data }) => {
        const { outcome, reason } = JSON.parse(data) as { outcome: string; reason: string | null }
        return [outcome, reason] as const
      })
    const secretsOf = (id: string) => deps.db.selectFrom('credential').select('owner_id').where('owner_id', '=', id).execute()
    return { ...grants, schedule, revocationRow, ended, secretsOf, revoke: (id: string) => revokeAccount(deps, projectId, id) }
  }

  test(`a revoked connection is REVOKED for good, and its provider revokes both tokens (${database.name})`, async (t) => {
    const { give, call, revoke, revocations, revocationRow, ended, secretsOf, events, deps, projectId, statusOf } = await setUp(t)
    const id = await give(GRANT)
    const { account, revocation } = await revoke(id)
    assert.deepEqual([account.status, revocation?.status, revocation?.attempts], ['REVOKED', 'revoked', 1])
    const asked = revocations().map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
    assert.deepEqual(asked, [
      { token: 'refresh-1', token_type_hint: 'refresh_token', ...CLIENT },
      { token: 'access-1', token_type_hint: 'access_token', ...CLIENT },
    ])
    assert.deepEqual([await secretsOf(id), (await revocationRow(id)).sealed], [[], null], 'no secret is left')
    assert.deepEqual(await ended(), [['revoked', null]])
    await assert.rejects(call(id), { code: 'account_not_active', message: /REVOKED/ })
    const val = { ...GRANT, access_token: 'another' }
    const patch = patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val } })
    await assert.rejects(patch, { code: 'account_not_active' })
    await assert.rejects(setAccountEnabled(deps, projectId, id, true), { code: 'account_not_active' })
    assert.equal((await revoke(id)).revocation?.id, revocation?.id)
    assert.deepEqual([revocations().length, (await events()).length, (await statusOf(id)).status], [2, 1, 'REVOKED'])
  })

  test(`ten revocations at once are one (${database.name})`, async (t) => {
    const { give, revoke, revocations, events } = await setUp(t)
    const id = await give(GRANT)
    const all = await Promise.all(Array.from({ length: 10 }, () => revoke(id)))
    assert.deepEqual([new Set(all.map(({ revocation }) => revocation?.id)).size, revocations().length], [1, 2])
    assert.equal((await events()).length, 1)
  })

  test(`a deleted connection is out of use at once, and revoked in the background, across restarts (${database.name})`, async (t) => {
    const { world, give, call, schedule, deps, projectId, revocations, revocationRow, ended, secretsOf } = await setUp(t)
    world.revoke = () => ({ status: 503, body: 'busy' })
    const id = await give(GRANT)
    const job = await deleteAndRevoke(deps, projectId, id)
    assert.ok(job)
    await assert.rejects(call(id), { code: 'account_not_found' })
    assert.deepEqual([await secretsOf(id), revocations().length], [[], 0])
    const state = async () => {
      const { status, reason, attempts } = await requireRevocation(deps, projectId, job.id)
      return [status, reason, attempts]
    }
    assert.deepEqual(await state(), ['pending', null, 0])
    assert.doesNotMatch(Buffer.from((await revocationRow(id)).sealed ?? []).toString('latin1'), /access-1|refresh-1|secret/)

    assert.equal(await schedule.runOnce(), 1)
    assert.deepEqual(await state(), ['pending', 'Example did not revoke it: it answered 503', 1])
    assert.equal(await schedule.runOnce(), 0, 'it is not time yet')
    world.now += 15_000
    await schedule.runOnce()
    assert.equal((await state())[2], 2)
    world.revoke = () => ({ status: 400, body: { error: 'invalid_token' } })
    world.now += 60_000
    const restarted = startRevocationSchedule({ ...deps }, { everyMs: 3_600_000 })
    t.after(() => restarted.close())
    await Promise.all([restarted.runOnce(), schedule.runOnce()])
    assert.deepEqual([await state(), (await revocationRow(id)).sealed], [['revoked', null, 3], null])
    assert.deepEqual(await ended(), [['revoked', null]])
    assert.equal(await schedule.runOnce(), 0)
    await assert.rejects(deleteAndRevoke(deps, projectId, id), { code: 'account_not_found' })
  })

  test(`a provider that refuses, or never answers, ends it with the reason and without the secret (${database.name})`, async (t) => {
    const { world, give, schedule, deps, projectId, revocationRow, ended, revoke } = await setUp(t)
    world.revoke = () => ({ status: 401, body: { error: 'invalid_client' } })
    const refused = await give(GRANT)
    const { account, revocation } = await revoke(refused)
    assert.deepEqual([account.status, revocation?.status], ['REVOKED', 'failed'])
    assert.match(revocation?.reason ?? '', /invalid_client/)
    assert.equal((await revocationRow(refused)).sealed, null)

    world.revoke = (body) => (body.includes('refresh-1') ? { body: {} } : { status: 400, body: { error: 'invalid_request' } })
    const halfKnown = await give(GRANT)
    assert.equal((await revoke(halfKnown)).revocation?.status, 'revoked', 'its access token went with the refresh token')

    world.revoke = () => ({ status: 500, body: 'down' })
    const silent = await give({ ...GRANT, access_token: 'access-2' })
    await deleteAndRevoke(deps, projectId, silent)
    for (let passed = 0; passed <= GIVE_UP_AFTER_MS; passed += DAY / 4) {
      await schedule.runOnce()
      world.now += DAY / 4
    }
    const row = await revocationRow(silent)
    assert.deepEqual([row.status, row.sealed, row.next_at], ['failed', null, null])
    assert.match(row.reason ?? '', /500; given up after \d+ attempts/)
    assert.equal((await ended()).length, 3)
  })

  test(`what its provider cannot revoke is said to be so, and ends all the same (${database.name})`, async (t) => {
    const { give, revoke, ended, asked } = await setUp(t, {})
    const id = await give(GRANT)
    const { account, revocation } = await revoke(id)
    assert.deepEqual([account.status, revocation?.status], ['REVOKED', 'unsupported'])
    assert.match(revocation?.reason ?? '', /offers no way to revoke/)
    assert.deepEqual([(await ended()).length, asked()], [1, 0])
  })

  test(`what a refresh under way brings is what is revoked (${database.name})`, async (t) => {
    const { world, give, revoke, revocations, deps, projectId } = await setUp(t)
    const id = await give(GRANT)
    let answer = () => {}
    const arrived = new Promise<void>((resolve) => {
      world.token = () => {
        resolve()
        const body = new Promise((done) => {
          answer = () => done({ access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 })
        })
        return { body }
      }
    })
    const refreshing = refreshAccount(deps, projectId, id)
    await arrived
    const busy = revokeAccount(deps, projectId, id, { budgetMs: 50 })
    await assert.rejects(busy, { code: 'credential_conflict' })
    const revoking = revoke(id)
    answer()
    await refreshing
    assert.equal((await revoking).revocation?.status, 'revoked')
    assert.deepEqual(
      revocations().map(({ body }) => new URLSearchParams(body).get('token')),
      ['refresh-2', 'access-2'],
    )
  })

  test(`where the access token asks for its own end, one that has expired is refreshed first (${database.name})`, async (t) => {
    const { world, give, revoke, revocations, revocationRow } = await setUp(t, BEARER)
    world.revoke = (_, authorization) => ({ status: authorization === 'Bearer access-2' ? 200 : 401, body: {} })
    world.token = rotating({ value: 1 })
    const id = await give({ ...GRANT, expires_in: -1 })
    assert.equal((await revoke(id)).revocation?.status, 'revoked')
    assert.deepEqual(
      revocations().map(({ headers }) => headers.authorization),
      ['Bearer access-1', 'Bearer access-2'],
    )
    assert.equal((await revocationRow(id)).sealed, null)

    world.token = () => ({ status: 400, body: { error: 'invalid_grant' } })
    assert.equal((await revoke(await give(GRANT))).revocation?.status, 'revoked', 'there is nothing left of it')
    assert.equal((await revoke(await give({ access_token: 'dead' }))).revocation?.status, 'revoked')
  })

  test(`a refresh that was needed for revoking is not lost when the provider stumbles after it (${database.name})`, async (t) => {
    const { world, give, revoke, schedule, revocationRow, asked } = await setUp(t, BEARER)
    world.token = rotating({ value: 1 })
    world.revoke = (_, authorization) => ({ status: authorization === 'Bearer access-2' ? 503 : 401, body: {} })
    const id = await give(GRANT)
    assert.equal((await revoke(id)).revocation?.status, 'pending')
    world.revoke = (_, authorization) => ({ status: authorization === 'Bearer access-2' ? 200 : 401, body: {} })
    world.now += 60_000
    await schedule.runOnce()
    assert.deepEqual([(await revocationRow(id)).status, asked()], ['revoked', 1])
  })
}
