import { type Kysely, type Migration, sql } from 'kysely'
import type { DialectName } from '../database.ts'

/** Grants that are being given back. The sealed copy of what is needed for that is gone as soon as nobody asks any more. */
export const revocations = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const bytes = dialect === 'postgres' ? 'bytea' : 'blob'
    await db.schema
      .createTable('revocation')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('reason', 'text')
      .addColumn('sealed', sql.raw(bytes))
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('next_at', 'bigint')
      .addColumn('lease_until', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('revocation_pk', ['project_id', 'id'])
      .execute()
    await db.schema
      .createIndex('revocation_due')
      .on('revocation')
      .columns(['next_at', 'project_id', 'id'])
      .where(sql.ref('next_at'), 'is not', null)
      .execute()
    await db.schema
      .createIndex('revocation_account')
      .on('revocation')
      .columns(['project_id', 'account_id', 'created_at'])
      .execute()
  },
})
