import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { testDatabases } from '../../../testing/databases.ts'
import { openDatabase } from './database.ts'
import { hotQuery } from './hot-query.ts'
import type { Db } from './schema.ts'

const event = { project_id: 'pr_a', id: 'e', type: 'one', subject_id: 's', data: '{}', created_at: 1 }

const typeOf = hotQuery(
  ['id'],
  (db, { id }) => db.selectFrom('event').select('type').where('project_id', '=', 'pr_a').where('id', '=', id),
  ([row]) => row?.type,
)

const namesOn = async (db: Db) => (await sql<{ name: string }>`select name from pg_prepared_statements`.execute(db)).rows

for (const testDatabase of testDatabases()) {
  if (testDatabase.name !== 'postgres') continue

  /** One connection, so that what is known to it can be asked for. */
  const openOne = async () => {
    const database = openDatabase({ ...(await testDatabase.address()), poolSize: 1 })
    await database.migrate()
    await database.db.insertInto('event').values(event).execute()
    return database
  }

  test('a hot read is planned once for a connection, any other statement each time', async () => {
    const { db, close } = await openOne()
    try {
      for (let round = 0; round < 3; round++) assert.equal(await typeOf(db, { id: 'e' }), 'one')
      await db.selectFrom('event').select('id').execute()
      assert.equal((await namesOn(db)).length, 1)
      await db.updateTable('event').set({ type: 'two' }).execute()
      assert.equal(await typeOf(db, { id: 'e' }), 'two')
    } finally {
      await close()
    }
  })

  test('behind a pooler that forgets what was prepared, hot reads go on without it', async () => {
    const { db, close } = await openOne()
    try {
      assert.equal(await typeOf(db, { id: 'e' }), 'one')
      await sql`deallocate all`.execute(db) // as if the next transaction had got another connection
      assert.equal(await typeOf(db, { id: 'e' }), 'one')
      assert.equal(await typeOf(db, { id: 'e' }), 'one')
      assert.equal((await namesOn(db)).length, 0)
    } finally {
      await close()
    }
  })
}
