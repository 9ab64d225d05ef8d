import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { deleteAuthConfig, patchAuthConfig, readAuthConfigSecrets, requireAuthConfig } from './auth-configs.service.ts'

const TURNS = 10

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`of concurrent changes to an auth config none is lost, a restriction least of all (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    const projectId = await testProject(deps)
    for (let turn = 0; turn < TURNS; turn++) {
      const id = await testAuthConfig(deps, projectId, 'github', 'OAUTH2')
      await Promise.all([
        patchAuthConfig(deps, projectId, id, { enabled: false }),
        patchAuthConfig(deps, projectId, id, { settings: { toolsForExecution: ['GITHUB_GET_A_REPOSITORY'] } }),
        patchAuthConfig(deps, projectId, id, { settings: { enabledForToolRouter: false } }),
        patchAuthConfig(deps, projectId, id, { name: 'renamed' }),
        ...['one', 'two', 'three'].map((field) => patchAuthConfig(deps, projectId, id, { credentials: { [field]: field } })),
      ])
      const config = await requireAuthConfig(deps, projectId, id)
      assert.deepEqual([config.enabled, config.name], [false, 'renamed'])
      assert.deepEqual(config.settings, {
        enabledForToolRouter: false,
        hasSharedCredentials: false,
        toolsForExecution: ['GITHUB_GET_A_REPOSITORY'],
      })
      assert.deepEqual((await readAuthConfigSecrets(deps, config)).credentials, { one: 'one', two: 'two', three: 'three' })
    }
  })

  test(`a change to an auth config that is being deleted succeeds before it or finds nothing after it (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    const projectId = await testProject(deps)
    for (let turn = 0; turn < TURNS; turn++) {
      const id = await testAuthConfig(deps, projectId, 'github', 'OAUTH2')
      const results = await Promise.allSettled([
        patchAuthConfig(deps, projectId, id, { credentials: { one: 'one' } }),
        deleteAuthConfig(deps, projectId, id),
        patchAuthConfig(deps, projectId, id, { credentials: { two: 'two' }, enabled: true }),
      ])
      const refused = results.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code?: string }).code] : []))
      assert.ok(
        refused.every((code) => code === 'auth_config_not_found'),
        String(refused),
      )
      assert.deepEqual(await deps.db.selectFrom('credential').select('version').where('owner_id', '=', id).execute(), [])
    }
  })
}
