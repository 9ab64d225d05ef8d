import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { HoldfastError } from '../../errors.ts'
import { createAccount, deleteAccount, setAccountEnabled } from '../accounts/accounts.service.ts'
import type { NewAccount } from '../accounts/new-account.ts'
import { patchAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { SessionConfig } from './session.ts'
import { createSession, deleteSession, requireSession } from './sessions.service.ts'

const fieldsOf = (error: unknown) => {
  assert.ok(error instanceof HoldfastError, String(error))
  assert.equal(error.code, 'invalid_request')
  return Object.fromEntries(error.fields.map(({ path, message }) => [path, message]))
}

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext) {
    const deps = await testDeps(t, testDatabase, { catalogue: testCatalogue() })
    const projectId = await testProject(deps)
    const mailer = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    const notes = await testAuthConfig(deps, projectId, 'notes', 'API_KEY')
    const connect = async (userId: string, more: Partial<NewAccount> = {}) =>
      (await createAccount(deps, projectId, { authConfigId: mailer, userId, credential: { val: { api_key: 'k' } }, ...more }))
        .account.id
    const create = (change: Partial<SessionConfig>, userId = 'ann') =>
      createSession(deps, projectId, { userId, config: anySession(change) })
    const refusal = async (change: Partial<SessionConfig>) =>
      fieldsOf(
        await create(change).then(
          () => assert.fail('the session was created'),
          (error: unknown) => error,
        ),
      )
    return { deps, projectId, mailer, notes, connect, create, refusal }
  }

  test(`a session is found again as it was made, by its own project only, until it is deleted (${name})`, async (t) => {
    const { deps, projectId, create } = await setUp(t)
    const session = await create({ toolkits: { enabled: ['MAILER'] }, tools: { mailer: { enabled: ['mailer_send'] } } })
    assert.deepEqual(session.config.toolkits, { enabled: ['mailer'] })
    assert.deepEqual(session.config.tools, { mailer: { enabled: ['MAILER_SEND_MESSAGE'] } })
    assert.deepEqual(await requireSession(deps, projectId, session.id), session)
    const other = await testProject(deps, 'other')
    await assert.rejects(requireSession(deps, other, session.id), { code: 'session_not_found' })
    await assert.rejects(deleteSession(deps, other, session.id), { code: 'session_not_found' })
    await deleteSession(deps, projectId, session.id)
    await assert.rejects(requireSession(deps, projectId, session.id), { code: 'session_not_found' })
    await assert.rejects(deleteSession(deps, projectId, session.id), { code: 'session_not_found' })
  })

  test(`every name that is not there is told at once, with those most like it (${name})`, async (t) => {
    const { refusal } = await setUp(t)
    const fields = await refusal({
      toolkits: { enabled: ['mailr', 'notes'] },
      tools: { notes: { enabled: ['NOTES_READ_NOTES', 'MAILER_SEND_MESSAGE'] }, wether: { disabled: [] } },
      authConfigs: { nowhere: 'ac_none' },
    })
    assert.match(fields['toolkits.enable'] ?? '', /no toolkit "mailr".*mailer/)
    assert.match(fields['tools.notes.enable'] ?? '', /notes has no tool "MAILER_SEND_MESSAGE"/)
    assert.match(fields['tools.wether'] ?? '', /weather/)
    assert.match(fields['auth_configs.nowhere'] ?? '', /no toolkit "nowhere"|no auth config/)
  })

  test(`what is preloaded must be in the session, and "all" needs an allowlist (${name})`, async (t) => {
    const { refusal, create } = await setUp(t)
    assert.match((await refusal({ preload: 'all' }))['preload.tools'] ?? '', /needs a list/)
    assert.match((await refusal({ preload: 'all', toolkits: { disabled: ['notes'] } }))['preload.tools'] ?? '', /needs a list/)
    await create({ preload: 'all', tags: { enabled: ['readOnlyHint'] } })
    assert.match((await refusal({ preload: ['MAILER_SEND_MESAGE'] }))['preload.tools'] ?? '', /MAILER_SEND_MESSAGE/)
    assert.match((await refusal({ preload: ['COMPOSIO_SEARCH_TOOLS'] }))['preload.tools'] ?? '', /helper tool/)
    const outside = { preload: ['NOTES_READ_NOTE'], toolkits: { enabled: ['mailer'] } }
    assert.match((await refusal(outside))['preload.tools'] ?? '', /left out/)
  })

  test(`an auth config must be there, be enabled and fit its toolkit (${name})`, async (t) => {
    const { deps, projectId, mailer, notes, create, refusal } = await setUp(t)
    assert.match((await refusal({ authConfigs: { mailer: 'ac_none' } }))['auth_configs.mailer'] ?? '', /no auth config ac_none/)
    assert.match((await refusal({ authConfigs: { mailer: notes } }))['auth_configs.mailer'] ?? '', /is for notes/)
    await create({ authConfigs: { mailer } })
    await patchAuthConfig(deps, projectId, mailer, { enabled: false })
    assert.match((await refusal({ authConfigs: { mailer } }))['auth_configs.mailer'] ?? '', /disabled/)
  })

  test(`only connections that the user may use can be pinned (${name})`, async (t) => {
    const { deps, projectId, notes, connect, create, refusal } = await setUp(t)
    const pin = async (id: string, more: Partial<SessionConfig> = {}) =>
      (await refusal({ connectedAccounts: { mailer: [id] }, ...more }))['connected_accounts.mailer'] ?? ''
    const own = await connect('ann')
    await create({ connectedAccounts: { mailer: [own] } })
    assert.match(await pin('ca_none'), /no connection ca_none of this user/)
    assert.match(await pin(await connect('bob')), /of this user/)
    assert.match(await pin(await connect('ann', { authConfigId: notes })), /is a connection to notes/)
    const shared = (acl: NewAccount['acl']) => connect('bob', { type: 'SHARED', acl })
    assert.match(await pin(await shared(undefined)), /is not shared with this user/)
    await create({ connectedAccounts: { mailer: [await shared({ allowedUserIds: ['ann'] })] } })
    assert.match(await pin(await shared({ allowAllUsers: true, notAllowedUserIds: ['ann'] })), /is not shared/, 'deny wins')
    const gone = await connect('ann')
    await deleteAccount(deps, projectId, gone)
    assert.match(await pin(gone), /no connection/)
    await setAccountEnabled(deps, projectId, own, false)
    assert.match(await pin(own), /is disabled/)
  })

  test(`several pins need multi_account, and only one of them may be shared (${name})`, async (t) => {
    const { connect, create, refusal } = await setUp(t)
    const ids = [await connect('ann'), await connect('ann')]
    assert.match(
      (await refusal({ connectedAccounts: { mailer: ids } }))['connected_accounts.mailer'] ?? '',
      /takes one connection/,
    )
    await create({ connectedAccounts: { mailer: ids }, multiAccount: { enable: true, maxAccountsPerToolkit: 2 } })
    const shared = { type: 'SHARED', acl: { allowAllUsers: true } } as const
    const two = [await connect('bob', shared), await connect('bob', shared)]
    const fields = await refusal({ connectedAccounts: { mailer: two }, multiAccount: { enable: true } })
    assert.match(fields['connected_accounts.mailer'] ?? '', /more than one SHARED/)
  })
}
