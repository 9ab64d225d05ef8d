import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { testDatabases } from '../../../testing/databases.ts'
import { newLogId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { createExecutionLog, type Execution } from './execution-log.ts'

const execution = (): Execution => ({
  id: newLogId(),
  projectId: 'pr_a',
  kind: 'proxy',
  toolSlug: null,
  toolkitSlug: 'example',
  accountId: 'ca_a',
  userId: 'u',
  sessionId: null,
  upstreamStatus: 200,
  successful: true,
  error: null,
  durationMs: 1,
  createdAt: 1,
})

const countOf = async (db: Db) =>
  (
    await db
      .selectFrom('execution_log')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
  ).count

async function untilCount(db: Db, wanted: number): Promise<void> {
  while (Number(await countOf(db)) !== wanted) await sleep(5)
}

const NEVER_MS = 1_000_000
const LIMIT = { timeout: 60_000 }

for (const testDatabase of testDatabases()) {
  test(`a full batch of records is written at once, others when their time has come (${testDatabase.name})`, LIMIT, async () => {
    const { db } = await testDatabase.open()
    const patient = createExecutionLog(db, { flushEveryMs: NEVER_MS, batchSize: 3 })
    await patient.flush()
    for (let index = 0; index < 3; index++) patient.record(execution())
    await untilCount(db, 3)
    // The first of them begins the next batch's writing, the others arrive during it.
    for (let index = 0; index < 8; index++) patient.record(execution())
    await untilCount(db, 11)
    patient.record(execution())
    await patient.close()
    await untilCount(db, 12)

    const quick = createExecutionLog(db, { flushEveryMs: 1, batchSize: 3 })
    quick.record(execution())
    await untilCount(db, 13)
  })

  test(`records that could not be written are kept and tried again, not at once (${testDatabase.name})`, LIMIT, async () => {
    const { db } = await testDatabase.open()
    await sql`alter table execution_log rename to away`.execute(db)
    let failures = 0
    const log = createExecutionLog(db, { flushEveryMs: 50, batchSize: 2, onError: () => void failures++ })
    for (let index = 0; index < 40; index++) log.record(execution())
    const startedAt = performance.now()
    while (failures < 3) await sleep(5)
    assert.ok(performance.now() - startedAt >= 80, 'two waits lie between three failures')
    await sql`alter table away rename to execution_log`.execute(db)
    await untilCount(db, 40)
    await log.close()
  })
}
