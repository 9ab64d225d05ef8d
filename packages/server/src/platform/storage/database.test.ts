import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'

for (const testDatabase of testDatabases()) {
  test(`migrating twice, and from many servers at once, applies each migration once (${testDatabase.name})`, async () => {
    const database = await testDatabase.open()
    assert.deepEqual(await database.pendingMigrations(), [])
    assert.deepEqual(await Promise.all([database.migrate(), database.migrate()]), [[], []])
  })

  test(`times past 2^31 come back as numbers and bytes as bytes (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    const sealed = Uint8Array.of(0, 255, 1)
    const row = {
      project_id: 'pr_a',
      owner_id: 'ca_a',
      version: 1,
      key_id: 'k',
      sealed,
      expires_at: 4_102_444_800_000,
      updated_at: 1,
    }
    await db
      .insertInto('credential')
      .values({ ...row, lease_until: 0, failed_refreshes: 0, refresh_owner: 'holdfast' })
      .execute()
    const found = await db.selectFrom('credential').selectAll().executeTakeFirstOrThrow()
    assert.equal(found.expires_at, 4_102_444_800_000)
    assert.deepEqual(Buffer.from(found.sealed), Buffer.from(sealed))
  })

  test(`a failed transaction leaves nothing behind (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    const row = { hash: 'h', project_id: 'pr_a', created_at: 1 }
    await assert.rejects(
      db.transaction().execute(async (trx) => {
        await trx.insertInto('api_key').values(row).execute()
        throw new Error('changed my mind')
      }),
    )
    assert.deepEqual(await db.selectFrom('api_key').selectAll().execute(), [])
  })

  test(`concurrent transactions do not see each other's half-done work (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        db.transaction().execute(async (trx) => {
          await trx
            .insertInto('api_key')
            .values({ hash: `a${index}`, project_id: `pr_${index}`, created_at: 1 })
            .execute()
          await trx
            .insertInto('api_key')
            .values({ hash: `b${index}`, project_id: `pr_${index}`, created_at: 1 })
            .execute()
          return trx.selectFrom('api_key').selectAll().where('project_id', '=', `pr_${index}`).execute()
        }),
      ),
    )
    assert.ok(seen.every((rows) => rows.length === 2))
  })
}
