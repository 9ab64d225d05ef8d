import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDir, testDatabases } from '../../../testing/databases.ts'
import type { Db } from '../storage/schema.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { givenMasterKeys, storedMasterKeys } from './master-keys.ts'

const createDataKey = (db: Db, ring: KeyRing, projectId: string) =>
  db.transaction().execute((trx) => ring.createDataKey(trx, projectId, 1))

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`a wrong master key is refused by name before anything is touched (${name})`, async () => {
    const { db } = await testDatabase.open()
    await createKeyRing(givenMasterKeys([randomBytes(32)])).assertMasterKeys(db, 1)
    await assert.rejects(createKeyRing(givenMasterKeys([randomBytes(32)])).assertMasterKeys(db, 1), {
      code: 'master_key_mismatch',
      message: /sealed with master key [0-9a-f]{16}, and the key given is [0-9a-f]{16}/,
    })
  })

  test(`rotating the given master key needs both, keeps every data key, and retires the old one (${name})`, async () => {
    const { db } = await testDatabase.open()
    const [old, next] = [randomBytes(32), randomBytes(32)]
    const before = createKeyRing(givenMasterKeys([old]))
    await before.assertMasterKeys(db, 1)
    for (const project of ['pr_a', 'pr_b', 'pr_c']) await createDataKey(db, before, project)
    const key = await before.activeKey(db, 'pr_b')

    await assert.rejects(createKeyRing(givenMasterKeys([next])).rewrapAll(db, 2), { code: 'master_key_mismatch' })
    assert.equal(await createKeyRing(givenMasterKeys([next, old])).rewrapAll(db, 2), 3)

    const after = createKeyRing(givenMasterKeys([next]))
    await after.assertMasterKeys(db, 3)
    const same = await after.keyById(db, 'pr_b', key.id)
    assert.ok(same.key.equals(key.key))
    await assert.rejects(createKeyRing(givenMasterKeys([old])).assertMasterKeys(db, 3), { code: 'master_key_mismatch' })
  })

  test(`a server that runs while its key file is rotated goes on sealing and opening (${name})`, async () => {
    const { db } = await testDatabase.open()
    const dataDir = temporaryDir()
    const running = createKeyRing(storedMasterKeys(dataDir))
    await running.assertMasterKeys(db, 1)
    await createDataKey(db, running, 'pr_a')
    const key = await running.activeKey(db, 'pr_a')

    assert.equal(await createKeyRing(storedMasterKeys(dataDir)).rewrapAll(db, 2), 1)

    const cold = createKeyRing(storedMasterKeys(dataDir))
    assert.ok((await cold.activeKey(db, 'pr_a')).key.equals(key.key))
    await createDataKey(db, running, 'pr_new')
    assert.ok((await cold.activeKey(db, 'pr_new')).key.equals((await running.activeKey(db, 'pr_new')).key))
    assert.equal(readFileSync(join(dataDir, 'master-key'), 'utf8').trim().split('\n').length, 1)
    assert.equal(statSync(join(dataDir, 'master-key')).mode & 0o777, 0o600)
  })

  test(`projects made while the master key is rotated keep a key that opens (${name})`, async () => {
    const { db } = await testDatabase.open()
    const dataDir = temporaryDir()
    const running = createKeyRing(storedMasterKeys(dataDir))
    await running.assertMasterKeys(db, 1)
    const projects = Array.from({ length: 30 }, (_, index) => `pr_${index}`)
    const made = await Promise.allSettled([
      ...projects.map((project) => createDataKey(db, running, project)),
      createKeyRing(storedMasterKeys(dataDir)).rewrapAll(db, 2),
    ])
    const cold = createKeyRing(storedMasterKeys(dataDir))
    for (const [index, project] of projects.entries())
      if (made[index]?.status === 'fulfilled') assert.equal((await cold.activeKey(db, project)).key.symmetricKeySize, 32)
  })

  test(`a wrapped key copied onto another project does not unwrap (${name})`, async () => {
    const { db } = await testDatabase.open()
    const masterKeys = givenMasterKeys([randomBytes(32)])
    const ring = createKeyRing(masterKeys)
    await ring.assertMasterKeys(db, 1)
    await createDataKey(db, ring, 'pr_a')
    await db.updateTable('data_key').set({ project_id: 'pr_b' }).execute()
    await assert.rejects(createKeyRing(masterKeys).activeKey(db, 'pr_b'), { code: 'credential_unreadable' })
  })
}
