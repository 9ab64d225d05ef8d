import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { openDatabase } from './database.ts'
import { hotInsert } from './hot-insert.ts'
import { hotQuery } from './hot-query.ts'
import type { EventTable, ExecutionLogTable } from './schema.ts'
import { unsyncedTransaction } from './unsynced-transaction.ts'

const event = (id: string, type = 'some'): EventTable => ({
  project_id: 'pr_a',
  id,
  type,
  subject_id: 's',
  data: '{}',
  created_at: 1,
})

const typeOf = hotQuery(['project', 'id'], (db, { project, id }) =>
  db.selectFrom('event').select('type').where('project_id', '=', project).where('id', '=', id),
)
const insertEvents = hotInsert((db, rows: readonly EventTable[]) => db.insertInto('event').values(rows))

const insertRecord = hotInsert((db, rows: readonly ExecutionLogTable[]) =>
  db
    .insertInto('execution_log')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)
const record = (id: string): ExecutionLogTable => ({
  project_id: 'pr_a',
  id,
  kind: 'proxy',
  tool_slug: null,
  toolkit_slug: null,
  account_id: null,
  user_id: null,
  session_id: null,
  upstream_status: 200,
  successful: 1,
  error: null,
  duration_ms: 1,
  created_at: 1,
})

for (const testDatabase of testDatabases()) {
  const types = async (db: Parameters<typeof typeOf>[0], id: string) =>
    (await typeOf(db, { project: 'pr_a', id })).map(({ type }) => type)

  test(`a hot read sees every write at once, whoever made it (${testDatabase.name})`, async () => {
    const database = await testDatabase.open()
    const { db } = database
    const another = openDatabase(database)
    try {
      assert.deepEqual(await types(db, 'e'), [])
      await db.insertInto('event').values(event('e', 'one')).execute()
      assert.deepEqual(await types(db, 'e'), ['one'])
      await db.updateTable('event').set({ type: 'two' }).where('id', '=', 'e').execute()
      assert.deepEqual(await types(db, 'e'), ['two'])
      // By another connection, as another process would.
      await another.db.updateTable('event').set({ type: 'three' }).where('id', '=', 'e').execute()
      assert.deepEqual(await types(db, 'e'), ['three'])
      await db.deleteFrom('event').where('id', '=', 'e').execute()
      assert.deepEqual(await types(db, 'e'), [])
    } finally {
      await another.close()
    }
  })

  test(`a hot read sees what its own transaction wrote, and no other's before it is committed (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    await db.insertInto('event').values(event('e', 'before')).execute()
    assert.deepEqual(await types(db, 'e'), ['before'])
    let outside: Promise<string[]> | undefined
    const failing = db.transaction().execute(async (trx) => {
      await trx.updateTable('event').set({ type: 'within' }).where('id', '=', 'e').execute()
      assert.deepEqual(await types(trx, 'e'), ['within'])
      outside = types(db, 'e')
      await new Promise((resolve) => setTimeout(resolve, 20))
      throw new Error('rolled back')
    })
    await assert.rejects(failing, /rolled back/)
    assert.deepEqual(await outside, ['before'])
    assert.deepEqual(await types(db, 'e'), ['before'])
  })

  if (testDatabase.name === 'sqlite')
    test('a hot read is repeated after a change, and not after the records of calls', async () => {
      let reads = 0
      const { db } = await testDatabase.open({ onStatement: (sql) => void (sql.startsWith('select') && reads++) })
      const readsOf = async (between: () => Promise<unknown>) => {
        await types(db, 'e')
        const before = reads
        await between()
        await types(db, 'e')
        return reads - before
      }
      assert.equal(
        await readsOf(() => unsyncedTransaction(db, (trx) => insertRecord(trx, [record('log_a'), record('log_b')]))),
        0,
      )
      assert.equal(await readsOf(() => db.insertInto('event').values(event('other')).execute()), 1)
    })

  test(`what is made of the rows of a hot read is made anew after a change (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    const made = hotQuery(
      ['id'],
      (on, { id }) => on.selectFrom('event').select('type').where('project_id', '=', 'pr_a').where('id', '=', id),
      ([row]) => row && { of: row.type },
    )
    assert.equal(await made(db, { id: 'e' }), undefined)
    await db.insertInto('event').values(event('e', 'one')).execute()
    const first = await made(db, { id: 'e' })
    assert.deepEqual(first, { of: 'one' })
    assert.equal((await made(db, { id: 'e' })) === first, testDatabase.name === 'sqlite')
    await db.updateTable('event').set({ type: 'two' }).where('id', '=', 'e').execute()
    assert.deepEqual(await made(db, { id: 'e' }), { of: 'two' })
  })

  test(`values that could be taken for each other are not (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    await db
      .insertInto('event')
      .values({ ...event('1:b'), project_id: 'a' })
      .execute()
    assert.equal((await typeOf(db, { project: 'a', id: '1:b' })).length, 1)
    assert.equal((await typeOf(db, { project: 'a,3:1:b', id: '' })).length, 0)
  })

  test(`a hot insert writes every row of any number, with few statements (${testDatabase.name})`, async () => {
    const statements = new Set<string>()
    const { db } = await testDatabase.open({ onStatement: (sql) => void statements.add(sql) })
    let total = 0
    for (const size of [0, 1, 2, 3, 5, 63, 64, 65, 200]) {
      const rows = Array.from({ length: size }, (_, index) => event(`e_${size}_${index}`, `type ${index}`))
      await db.transaction().execute((trx) => insertEvents(trx, rows))
      total += size
    }
    const stored = await db.selectFrom('event').select(['id', 'type']).execute()
    assert.equal(stored.length, total)
    for (const { id, type } of stored) assert.equal(type, `type ${id.split('_')[2]}`)
    assert.equal([...statements].filter((sql) => sql.startsWith('insert into "event"')).length, 4)
  })
}
