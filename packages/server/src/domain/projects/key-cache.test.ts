import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { newApiKey, type ProjectId } from '../../ids.ts'
import { createKeyRing } from '../../platform/vault/key-ring.ts'
import { givenMasterKeys } from '../../platform/vault/master-keys.ts'
import { createKeyCache } from './key-cache.ts'
import { createProject, deleteProject, findProjectByKey, regenerateApiKey } from './projects.service.ts'

for (const testDatabase of testDatabases()) {
  test(`a key is answered from memory until it is revoked, and not once more (${testDatabase.name})`, async () => {
    let reads = 0
    const { db } = await testDatabase.open({ onStatement: (sql) => void (sql.includes('from "api_key"') && reads++) })
    const keys = createKeyRing(givenMasterKeys([Buffer.alloc(32, 1)]))
    await keys.assertMasterKeys(db, 0)
    const deps = { db, keys, now: Date.now }
    const apiKey = newApiKey()
    const project = await createProject(deps, { name: 'p', apiKey })

    assert.equal(await findProjectByKey(deps, apiKey), project.id)
    reads = 0
    assert.equal(await findProjectByKey(deps, apiKey), project.id)
    assert.equal(reads, 0)

    const { apiKey: next } = await regenerateApiKey(deps, project.id)
    assert.equal(await findProjectByKey(deps, apiKey), undefined)
    assert.equal(await findProjectByKey(deps, next), project.id)
    await deleteProject(deps, project.id)
    assert.equal(await findProjectByKey(deps, next), undefined)
  })
}

const PROJECT: ProjectId = 'pr_a'

test('a key that was revoked while it was being read is not remembered', async () => {
  const cache = createKeyCache()
  await cache.readThrough('hash', 0, async () => {
    cache.forgetAll()
    return PROJECT
  })
  assert.equal(cache.find('hash', 0), undefined)
})

test('what another server may have revoked is asked again within five seconds', async () => {
  const cache = createKeyCache()
  await cache.readThrough('hash', 1_000, async () => PROJECT)
  assert.equal(cache.find('hash', 1_500), PROJECT)
  assert.equal(cache.find('hash', 6_000), undefined)
})
