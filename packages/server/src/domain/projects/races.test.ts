import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testDeps } from '../../../testing/test-deps.ts'
import {
  createProject,
  deleteProject,
  findProjectByKey,
  patchProjectConfig,
  regenerateApiKey,
  requireProject,
} from './projects.service.ts'

const TURNS = 20

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`a key that is made while its project is deleted opens nothing (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    for (let turn = 0; turn < TURNS; turn++) {
      const { id } = await createProject(deps, { name: 'short-lived' })
      const [made] = await Promise.allSettled([regenerateApiKey(deps, id), deleteProject(deps, id)])
      if (made.status === 'fulfilled') assert.equal(await findProjectByKey(deps, made.value.apiKey), undefined)
      else assert.equal((made.reason as { code?: string }).code, 'project_not_found')
    }
  })

  test(`of concurrent changes to the settings of a project none is lost (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    for (let turn = 0; turn < TURNS; turn++) {
      const { id } = await createProject(deps, { name: 'busy', config: { maskSecretKeys: false } })
      await Promise.all([
        patchProjectConfig(deps, id, { displayName: 'Busy' }),
        patchProjectConfig(deps, id, { maskSecretKeys: true }),
        patchProjectConfig(deps, id, { requireMcpApiKey: false }),
      ])
      const { config } = await requireProject(deps, id)
      assert.deepEqual([config.displayName, config.maskSecretKeys, config.requireMcpApiKey], ['Busy', true, false])
    }
  })

  test(`of two keys that are made at the same moment one opens the project (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    for (let turn = 0; turn < TURNS; turn++) {
      const { id } = await createProject(deps, { name: 'twice', apiKey: `hf_first-key-of-${turn}` })
      const made = await Promise.all([regenerateApiKey(deps, id), regenerateApiKey(deps, id)])
      const opened = await Promise.all(made.map(({ apiKey }) => findProjectByKey(deps, apiKey)))
      assert.equal(opened.filter((one) => one === id).length, 1)
    }
  })
}
