import { hotInsert } from '../../platform/storage/hot-insert.ts'
import type { Db, EventTable } from '../../platform/storage/schema.ts'

export const insertEvent = (db: Db, row: EventTable) => db.insertInto('event').values(row).execute()

export const insertEvents = hotInsert((db, rows: readonly EventTable[]) => db.insertInto('event').values(rows))
