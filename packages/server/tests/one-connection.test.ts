import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAccountPage } from '../src/domain/accounts/account-views.ts'
import { createAccount, deleteAccount, patchAccount, setAccountEnabled } from '../src/domain/accounts/accounts.service.ts'
import { deleteAuthConfig, patchAuthConfig } from '../src/domain/auth-configs/auth-configs.service.ts'
import { createOpenedCache } from '../src/domain/credentials/credentials.service.ts'
import { createProject, deleteProject, patchProjectConfig, regenerateApiKey } from '../src/domain/projects/projects.service.ts'
import { createSession, deleteSession, requireSession } from '../src/domain/sessions/sessions.service.ts'
import { createKeyRing } from '../src/platform/vault/key-ring.ts'
import { givenMasterKeys } from '../src/platform/vault/master-keys.ts'
import { testDatabases } from '../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../testing/test-deps.ts'

const CALLERS = 8

for (const testDatabase of testDatabases())
  test(`every change finishes where there is one connection for all, and nothing is cached yet (${testDatabase.name})`, {
    timeout: 60_000,
  }, async (t) => {
    const { keys: _keys, ...shared } = await testDeps(t, testDatabase, { poolSize: 1 })
    const masterKeys = givenMasterKeys([Buffer.alloc(32, 'one-connection')])
    await shared.db.deleteFrom('master_key').execute()
    await createKeyRing(masterKeys).assertMasterKeys(shared.db, Date.now())
    const life = async () => {
      // What a process that has just started knows: no data key, no opened credential.
      const cold = () => {
        const keys = createKeyRing(masterKeys)
        return { ...shared, keys, credentials: { db: shared.db, keys, opened: createOpenedCache() } }
      }
      const projectId = await testProject(cold())
      const authConfigId = await testAuthConfig(cold(), projectId, 'sendgrid', 'API_KEY')
      const credential = (api_key: string) => ({ scheme: 'API_KEY' as const, val: { api_key } })
      const create = () => createAccount(cold(), projectId, { authConfigId, userId: 'u', credential: credential('first-key') })
      const { account } = await create()
      await patchAccount(cold(), projectId, account.id, { alias: 'renamed', credential: credential('second-key') })
      await setAccountEnabled(cold(), projectId, account.id, false)
      await listAccountPage(
        cold(),
        projectId,
        {},
        { by: 'created_at', direction: 'desc' },
        { after: undefined, limit: 10, countAtMost: 10 },
      )
      const config = { tools: {}, authConfigs: {}, connectedAccounts: {}, preload: [], search: true, multiExecute: true }
      const session = await createSession(cold(), projectId, {
        userId: 'u',
        config: { ...config, manageConnections: { enabled: true } },
      })
      await requireSession(cold(), projectId, session.id)
      await deleteSession(cold(), projectId, session.id)
      await deleteAccount(cold(), projectId, account.id)
      await patchAuthConfig(cold(), projectId, authConfigId, { credentials: { client_secret: 'a-secret' }, enabled: false })
      await deleteAuthConfig(cold(), projectId, authConfigId)
      await patchProjectConfig(cold(), projectId, { displayName: 'One' })
      await regenerateApiKey(cold(), projectId)
      await createProject(cold(), { name: 'another' })
      await deleteProject(cold(), projectId)
      return 'done'
    }
    assert.deepEqual(await Promise.all(Array.from({ length: CALLERS }, life)), Array(CALLERS).fill('done'))
  })
