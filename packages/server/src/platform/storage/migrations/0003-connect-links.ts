import { type Kysely, type Migration, sql } from 'kysely'
import type { DialectName } from '../database.ts'

/** Both are looked up by a secret that a browser brings, before any project is known: as with API keys, its hash is the key. */
export const connectLinks = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const bytes = dialect === 'postgres' ? 'bytea' : 'blob'
    await db.schema
      .createTable('connect_link')
      .addColumn('hash', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('reconnects', 'integer', (c) => c.notNull())
      .addColumn('callback_url', 'text')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .execute()
    await db.schema.createIndex('connect_link_account').on('connect_link').columns(['project_id', 'account_id']).execute()
    await db.schema
      .createIndex('connect_link_overdue')
      .on('connect_link')
      .column('expires_at')
      .where(sql.ref('finished_at'), 'is', null)
      .execute()
    await db.schema.createIndex('connect_link_created').on('connect_link').column('created_at').execute()

    await db.schema
      .createTable('connect_authorization')
      .addColumn('state_hash', 'text', (c) => c.primaryKey())
      .addColumn('link_hash', 'text', (c) => c.notNull())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('browser_hash', 'text', (c) => c.notNull())
      .addColumn('sealed', sql.raw(bytes), (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('connect_authorization_expires').on('connect_authorization').column('expires_at').execute()
  },
})
