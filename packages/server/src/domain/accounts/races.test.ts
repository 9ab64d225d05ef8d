import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'
import { refreshAccount } from './account-refresh.ts'
import {
  type AccountsDeps,
  createAccount,
  deleteAccount,
  patchAccount,
  requireAccount,
  setAccountEnabled,
} from './accounts.service.ts'

const TURNS = 10
const key = (api_key: string) => ({ credential: { scheme: 'API_KEY' as const, val: { api_key } } })

/** Each alone would succeed; the codes of those that did not. */
const refusals = async (calls: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code?: string }).code] : []))

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext) {
    const deps = await testDeps(t, testDatabase)
    const projectId = await testProject(deps)
    const authConfigId = await testAuthConfig(deps, projectId, 'sendgrid', 'API_KEY')
    const importOne = async (type: 'PRIVATE' | 'SHARED' = 'PRIVATE') =>
      (await createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { val: { api_key: 'first-key' } }, type }))
        .account
    return { deps, projectId, importOne }
  }

  test(`who is taken off a shared connection stays off it, whatever is patched at the same moment (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    for (let turn = 0; turn < TURNS; turn++) {
      const { id } = await importOne('SHARED')
      await patchAccount(deps, projectId, id, { acl: { allowAllUsers: true } })
      const refused = await refusals([
        patchAccount(deps, projectId, id, key('second-key')),
        patchAccount(deps, projectId, id, { acl: { notAllowedUserIds: ['out'] } }),
        patchAccount(deps, projectId, id, { acl: { allowedUserIds: ['in'] } }),
        patchAccount(deps, projectId, id, { alias: `a${turn}` }),
        setAccountEnabled(deps, projectId, id, false),
      ])
      assert.deepEqual(refused, [])
      const { account } = await requireAccount(deps, projectId, id)
      assert.deepEqual(account.acl, { allowAllUsers: true, allowedUserIds: ['in'], notAllowedUserIds: ['out'] })
      assert.deepEqual([account.alias, account.status], [`a${turn}`, 'INACTIVE'])
    }
  })

  test(`disabling at the same moment as somebody else is no error, and one event (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const { id } = await importOne()
    assert.deepEqual(await refusals(Array.from({ length: 10 }, () => setAccountEnabled(deps, projectId, id, false))), [])
    const events = await deps.db.selectFrom('event').select('type').where('subject_id', '=', id).execute()
    assert.equal(events.filter(({ type }) => type === 'connected_account.status_changed').length, 1)
  })

  test(`a patch that meets a deletion succeeds before it or finds nothing after it (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    for (let turn = 0; turn < TURNS; turn++) {
      const { id } = await importOne()
      const patches = Array.from({ length: 4 }, (_, n) => patchAccount(deps, projectId, id, key(`key-number-${n}`)))
      const refused = await refusals([
        ...patches,
        deleteAccount(deps, projectId, id),
        patchAccount(deps, projectId, id, key('last-key')),
      ])
      assert.ok(
        refused.every((code) => code === 'account_not_found'),
        String(refused),
      )
      const rows = await deps.db.selectFrom('credential').select('version').where('owner_id', '=', id).execute()
      assert.deepEqual(rows, [])
    }
  })

  test(`a provider's verdict about a credential is not held against the one that replaced it meanwhile (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const answering = (status: number, meanwhile: () => Promise<unknown>): AccountsDeps => ({
      ...deps,
      outbound: {
        ...deps.outbound,
        async send(): Promise<OutboundReply> {
          await meanwhile()
          return { status, headers: {}, body: Buffer.from('{}'), url: 'https://api.sendgrid.com/v3/scopes' }
        },
      },
    })
    const { id } = await importOne()
    const rotate = () => patchAccount(deps, projectId, id, key('second-key'))
    assert.equal((await refreshAccount(answering(401, rotate), projectId, id)).status, 'ACTIVE')
    assert.equal(
      (
        await refreshAccount(
          answering(401, async () => {}),
          projectId,
          id,
        )
      ).status,
      'EXPIRED',
    )

    const disable = () => setAccountEnabled(deps, projectId, id, false)
    await refreshAccount(answering(200, disable), projectId, id)
    assert.equal((await requireAccount(deps, projectId, id)).account.status, 'INACTIVE')
  })
}
