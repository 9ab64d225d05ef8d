import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAccount, deleteAccount } from '../accounts/accounts.service.ts'
import { changeSession, listSessionVersions, type SessionChange } from './change-session.ts'
import { executeInSession } from './execute-in-session.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { SessionConfig } from './session.ts'
import { VERSIONS_KEPT } from './session-versions.repository.ts'
import { createSession, deleteSession, requireSession } from './sessions.service.ts'

const to = (change: Partial<SessionConfig>, more: Partial<SessionChange> = {}): SessionChange => ({
  apply: (config) => ({ ...config, ...change }),
  changesConnections: 'connectedAccounts' in change || 'authConfigs' in change || 'multiAccount' in change,
  ...more,
})

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext) {
    const deps = await testDeps(t, testDatabase, { catalogue: testCatalogue() })
    const projectId = await testProject(deps)
    const create = (change: Partial<SessionConfig> = {}) =>
      createSession(deps, projectId, { userId: 'ann', config: anySession(change) })
    return { deps, projectId, create }
  }

  test(`a change is in force at the next call, and the version before it is kept (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const { id } = await create()
    const changed = await changeSession(deps, projectId, id, to({ toolkits: { enabled: ['MAILER'] } }))
    assert.deepEqual([changed.version, changed.config.toolkits], [2, { enabled: ['mailer'] }])
    assert.deepEqual(await requireSession(deps, projectId, id), changed)
    await assert.rejects(executeInSession(deps, changed, { toolSlug: 'WEATHER_FORECAST', arguments: {} }), {
      code: 'tool_not_allowed',
    })
    const { items, nextBefore, total } = await listSessionVersions(deps, changed, { limit: 10 })
    assert.deepEqual([nextBefore, total], [undefined, 2])
    assert.deepEqual(
      items.map(({ version, isCurrent, config }) => [version, isCurrent, config.toolkits]),
      [
        [2, true, { enabled: ['mailer'] }],
        [1, false, undefined],
      ],
    )
  })

  test(`a change that is refused changes nothing, nor does one of another project or of a deleted session (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const session = await create()
    const { id } = session
    const bad = to({ toolkits: { enabled: ['mailr'] }, authConfigs: { notes: 'ac_none' } })
    await assert.rejects(changeSession(deps, projectId, id, bad), (error: { code: string; fields: { path: string }[] }) => {
      assert.deepEqual(
        [error.code, error.fields.map(({ path }) => path)],
        ['invalid_request', ['toolkits.enable', 'auth_configs.notes']],
      )
      return true
    })
    await assert.rejects(changeSession(deps, await testProject(deps, 'other'), id, to({})), { code: 'session_not_found' })
    assert.deepEqual(await requireSession(deps, projectId, id), session)
    await deleteSession(deps, projectId, id)
    await assert.rejects(changeSession(deps, projectId, id, to({})), { code: 'session_not_found' })
  })

  test(`of changes at the same time none is lost; one made for another version is a conflict (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const { id } = await create()
    const toolkits = ['mailer', 'notes', 'weather']
    const adding = (slug: string): SessionChange => ({
      apply: (config) => ({ ...config, tools: { ...config.tools, [slug]: { disabled: [] } } }),
      changesConnections: false,
    })
    await Promise.all(toolkits.map((slug) => changeSession(deps, projectId, id, adding(slug))))
    const session = await requireSession(deps, projectId, id)
    assert.deepEqual([session.version, Object.keys(session.config.tools).sort()], [4, toolkits])
    const first = { basedOn: 4 }
    const results = await Promise.allSettled([
      changeSession(deps, projectId, id, to({ search: false }, first)),
      changeSession(deps, projectId, id, to({ multiExecute: false }, first)),
    ])
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    assert.deepEqual(refused, ['session_conflict'])
    assert.equal((await requireSession(deps, projectId, id)).version, 5)
  })

  test(`the history is read page by page, newest first, and keeps the last ${VERSIONS_KEPT} (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const { id } = await create()
    for (let version = 2; version <= VERSIONS_KEPT + 5; version++)
      await changeSession(deps, projectId, id, to({ search: version % 2 === 0 }))
    const session = await requireSession(deps, projectId, id)
    const seen: number[] = []
    let before: number | undefined
    do {
      const page = await listSessionVersions(deps, session, { before, limit: 40 })
      assert.equal(page.total, VERSIONS_KEPT + 1)
      seen.push(...page.items.map(({ version }) => version))
      assert.equal(page.items.filter(({ isCurrent }) => isCurrent).length, before === undefined ? 1 : 0)
      before = page.nextBefore
    } while (before !== undefined)
    assert.deepEqual(
      seen,
      Array.from({ length: VERSIONS_KEPT + 1 }, (_, index) => VERSIONS_KEPT + 5 - index),
    )
  })

  test(`a pin that went since stands only in the way of changes to pins (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const authConfigId = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    const { account } = await createAccount(deps, projectId, {
      authConfigId,
      userId: 'ann',
      credential: { val: { api_key: 'k' } },
    })
    const { id } = await create({ connectedAccounts: { mailer: [account.id] } })
    await deleteAccount(deps, projectId, account.id)
    assert.equal((await changeSession(deps, projectId, id, to({ search: false }))).config.search, false)
    await assert.rejects(changeSession(deps, projectId, id, to({ multiAccount: { enable: true } })), { code: 'invalid_request' })
  })
}
