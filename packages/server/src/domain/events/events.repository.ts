import type { Db, EventTable } from '../../platform/storage/schema.ts'

export const insertEvent = (db: Db, row: EventTable) => db.insertInto('event').values(row).execute()

export const insertEvents = (db: Db, rows: EventTable[]) => db.insertInto('event').values(rows).execute()
