import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { testDatabases } from '../../../testing/databases.ts'
import type { Db, EventTable } from './schema.ts'
import { unsyncedTransaction } from './unsynced-transaction.ts'

const event = (id: string): EventTable => ({ project_id: 'pr_a', id, type: 't', subject_id: 's', data: '{}', created_at: 1 })
const FULL = 2

for (const testDatabase of testDatabases()) {
  const idsOf = async (db: Db) => (await db.selectFrom('event').select('id').execute()).map(({ id }) => id)

  test(`an unsynced transaction is whole or not at all (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    await unsyncedTransaction(db, (trx) => trx.insertInto('event').values(event('kept')).execute())
    const failing = unsyncedTransaction(db, async (trx) => {
      await trx.insertInto('event').values(event('lost')).execute()
      throw new Error('rolled back')
    })
    await assert.rejects(failing, /rolled back/)
    assert.deepEqual(await idsOf(db), ['kept'])
  })

  if (testDatabase.name === 'sqlite')
    test('only an unsynced transaction does without the disk: every other write waits for it', async () => {
      const { db } = await testDatabase.open()
      const level = async (on: Db) => {
        const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(on)
        return rows[0]?.synchronous
      }
      assert.equal(await level(db), FULL)
      const within = await unsyncedTransaction(db, level)
      assert.equal(within, 1)
      assert.equal(await level(db), FULL)
      await assert.rejects(unsyncedTransaction(db, () => Promise.reject(new Error('no'))))
      assert.equal(await level(db), FULL)
      // Somebody's transaction that waits for the connection meanwhile gets it as it always is.
      const [, promised] = await Promise.all([
        unsyncedTransaction(db, (trx) => trx.insertInto('event').values(event('e')).execute()),
        db.transaction().execute(level),
      ])
      assert.equal(promised, FULL)
    })
}
