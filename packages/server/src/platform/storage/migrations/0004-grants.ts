import { type Kysely, type Migration, sql } from 'kysely'

/** Who refreshes a grant, what is known of a refresh that nobody finished, and whose account it is upstream. */
export const grants: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('credential')
      .addColumn('refresh_owner', 'text', (c) => c.notNull().defaultTo('holdfast'))
      .execute()
    await db.schema.alterTable('credential').addColumn('unanswered_since', 'bigint').execute()
    await db.schema.alterTable('credential').addColumn('told_expired', 'integer').execute()
    await db.schema.alterTable('connected_account').addColumn('identity', 'text').execute()
    await db.schema.alterTable('connected_account').addColumn('identity_id', 'text').execute()
    await db.schema
      .createIndex('connected_account_identity')
      .on('connected_account')
      .columns(['project_id', 'user_id', 'toolkit_slug', 'identity_id'])
      .where(sql.ref('identity_id'), 'is not', null)
      .where(sql.ref('deleted_at'), 'is', null)
      .execute()
  },
}
