import { type Kysely, type Migration, sql } from 'kysely'

/** Only what will be refreshed is in the index: keys that never expire, and grants that are dead, cost the schedule nothing. */
export const refreshSchedule: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('credential').addColumn('refresh_at', 'bigint').execute()
    await db.schema
      .alterTable('credential')
      .addColumn('failed_refreshes', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createIndex('credential_refresh')
      .on('credential')
      .columns(['refresh_at', 'project_id', 'owner_id'])
      .where(sql.ref('refresh_at'), 'is not', null)
      .execute()
  },
}
