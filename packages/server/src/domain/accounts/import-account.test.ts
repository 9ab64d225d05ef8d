import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { rotating, setUpGrants } from '../../../testing/grants.ts'
import { requireAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { setAccountEnabled } from './accounts.service.ts'
import { importAccount } from './import-account.ts'
import type { NewAccount } from './new-account.ts'

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 }

for (const database of testDatabases()) {
  const setUp = async (t: Parameters<typeof setUpGrants>[0]) => {
    const world = await setUpGrants(t, database)
    const { deps, projectId, authConfigId } = world
    const config = await requireAuthConfig(deps, projectId, authConfigId)
    const refreshed = (val: object = GRANT, more: Partial<NewAccount> = {}, by = deps) =>
      importAccount(
        by,
        projectId,
        { authConfigId, userId: 'u', credential: { val: { ...val } }, validateRefresh: true, ...more },
        config,
      )
    const left = async () => {
      const rows = (table: 'connected_account' | 'event') => deps.db.selectFrom(table).selectAll().execute()
      const secrets = await deps.db.selectFrom('credential').select('owner_id').where('owner_id', 'like', 'ca_%').execute()
      return [(await rows('connected_account')).length, secrets.length, (await rows('event')).length]
    }
    return { ...world, refreshed, left }
  }

  test(`validate_refresh spends the refresh token once and stores what came of it (${database.name})`, async (t) => {
    const { world, refreshed, asked, stored, statusOf, call, sent, events } = await setUp(t)
    world.token = rotating({ value: 1 })
    const { account, values } = await refreshed()
    assert.deepEqual([asked(), account.status, values['refresh_token']], [1, 'ACTIVE', 'refresh-2'])
    assert.deepEqual(await stored(account.id), values)
    const read = await statusOf(account.id)
    assert.deepEqual([read.status, read.statusReason], ['ACTIVE', null])
    await call(account.id)
    assert.deepEqual([sent(), asked()], [['Bearer access-2'], 1])
    const created = await events('connected_account.created')
    assert.deepEqual([created.length, JSON.parse(created[0]?.data ?? '{}').status], [1, 'ACTIVE'])
    assert.equal((await refreshed({ ...GRANT, refresh_token: 'x', status: 'INACTIVE' })).account.status, 'INACTIVE')
  })

  test(`a refresh that fails refuses the import with the provider's word, and leaves nothing (${database.name})`, async (t) => {
    const { world, refreshed, left } = await setUp(t)
    for (const [answer, expected] of [
      [
        { status: 400, body: { error: 'invalid_grant' } },
        { code: 'credential_rejected', message: /invalid_grant.*Nothing was stored/ },
      ],
      [
        { status: 401, body: { error: 'invalid_client' } },
        { code: 'credential_unverifiable', message: /invalid_client.*Nothing/ },
      ],
      [
        { status: 503, body: 'busy' },
        { code: 'credential_unverifiable', message: /503.*Nothing/, fix: /may have spent/ },
      ],
    ] as const) {
      world.token = () => answer
      await assert.rejects(refreshed(), expected)
      assert.deepEqual(await left(), [0, 0, 0])
    }
    await assert.rejects(refreshed({ access_token: 'a' }), { code: 'credential_unverifiable', message: /no refresh token/ })
    assert.deepEqual(await left(), [0, 0, 0])
  })

  test(`whatever can refuse the import does so before the token is spent (${database.name})`, async (t) => {
    const { world, refreshed, asked, left } = await setUp(t)
    world.token = rotating({ value: 1 })
    await refreshed(GRANT, { alias: 'work' })
    await assert.rejects(refreshed(GRANT, { alias: 'work' }), { code: 'alias_taken' })
    await assert.rejects(refreshed(GRANT, { refreshOwner: 'app' }), { code: 'invalid_request', message: /refresh_owner "app"/ })
    await assert.rejects(refreshed({ refresh_token: 'r' }), { code: 'missing_credential_field' })
    assert.deepEqual([asked(), (await left())[0]], [1, 1])
  })

  test(`an import that is cut off in the middle is there to be seen, with the way on (${database.name})`, async (t) => {
    const { world, refreshed, deps, projectId, call, asked, statusOf } = await setUp(t)
    world.token = rotating({ value: 1 })
    let die = () => {}
    const dead = new Promise<void>((resolve) => {
      die = resolve
    })
    const send: typeof deps.outbound.send = async (request) => {
      await deps.outbound.send(request)
      die()
      return new Promise(() => {})
    }
    void refreshed(GRANT, {}, { ...deps, outbound: { ...deps.outbound, send } })
    await dead
    const { id } = await deps.db.selectFrom('connected_account').select('id').executeTakeFirstOrThrow()
    const { status, statusReason } = await statusOf(id)
    assert.deepEqual([status, /cut off.*Enable it/.test(statusReason ?? '')], ['INITIALIZING', true])
    await assert.rejects(call(id), { code: 'account_not_active' })
    await setAccountEnabled(deps, projectId, id, true)
    assert.equal((await call(id)).successful, true)
    assert.equal(asked(), 1)
  })
}
