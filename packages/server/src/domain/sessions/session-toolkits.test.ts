import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAccount, setAccountEnabled } from '../accounts/accounts.service.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { SessionConfig } from './session.ts'
import { listSessionToolkits } from './session-toolkits.ts'
import { createSession } from './sessions.service.ts'

for (const testDatabase of testDatabases()) {
  test(`a toolkit shows the connection that a call would use, else the most recent one (${testDatabase.name})`, async (t) => {
    const deps = await testDeps(t, testDatabase, { catalogue: testCatalogue() })
    let now = Date.now()
    const ticking = { ...deps, now: () => ++now }
    const projectId = await testProject(deps)
    const [mailer, spare, notes] = [
      await testAuthConfig(deps, projectId, 'mailer', 'API_KEY'),
      await testAuthConfig(deps, projectId, 'mailer', 'API_KEY'),
      await testAuthConfig(deps, projectId, 'notes', 'API_KEY'),
    ]
    const connect = async (authConfigId: string, userId = 'ann') => {
      const input = { authConfigId, userId, credential: { val: { api_key: 'k' } } }
      return (await createAccount(ticking, projectId, input)).account.id
    }
    const shown = async (change: Partial<SessionConfig> = {}, onlyConnected = false) => {
      const session = await createSession(deps, projectId, { userId: 'ann', config: anySession(change) })
      const { items } = await listSessionToolkits(deps, session, { limit: 50, onlyConnected })
      return Object.fromEntries(items.map(({ toolkit, connection }) => [toolkit.slug, connection?.account.id]))
    }
    assert.deepEqual(await shown(), { mailer: undefined, notes: undefined, weather: undefined })
    const pinned = await connect(mailer)
    const bySpare = await connect(spare)
    const active = await connect(mailer)
    const disabled = await connect(mailer)
    await setAccountEnabled(deps, projectId, disabled, false)
    const off = await connect(notes)
    await setAccountEnabled(deps, projectId, off, false)
    await connect(mailer, 'bob')
    assert.deepEqual(await shown(), { mailer: active, notes: off, weather: undefined })
    assert.deepEqual(await shown({}, true), { mailer: active })
    assert.deepEqual(await shown({ authConfigs: { mailer: spare } }, true), { mailer: bySpare })
    assert.deepEqual(await shown({ connectedAccounts: { mailer: [pinned] } }, true), { mailer: pinned })
  })
}
