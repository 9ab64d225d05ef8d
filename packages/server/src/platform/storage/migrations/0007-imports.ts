import { type Kysely, type Migration, sql } from 'kysely'
import type { DialectName } from '../database.ts'

export const imports = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const bytes = dialect === 'postgres' ? 'bytea' : 'blob'
    const { schema } = db

    await schema.alterTable('connected_account').addColumn('external_id', 'text').execute()
    await schema.alterTable('connected_account').addColumn('metadata', 'text').execute()
    await schema.alterTable('connected_account').addColumn('import_id', 'text').execute()
    await schema.alterTable('connected_account').addColumn('import_row', 'integer').execute()
    await schema
      .createIndex('connected_account_external_id')
      .unique()
      .on('connected_account')
      .columns(['project_id', 'external_id'])
      .where(sql.ref('external_id'), 'is not', null)
      .where(sql.ref('deleted_at'), 'is', null)
      .execute()
    // With the deleted ones: the report of an import tells what it once made.
    await schema
      .createIndex('connected_account_import')
      .on('connected_account')
      .columns(['project_id', 'import_id', 'import_row'])
      .where(sql.ref('import_id'), 'is not', null)
      .execute()

    await schema
      .createTable('import_job')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('options', 'text', (c) => c.notNull())
      .addColumn('progress', 'text', (c) => c.notNull())
      .addColumn('error', 'text')
      .addColumn('lease_until', 'bigint', (c) => c.notNull())
      .addColumn('lease_epoch', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('finished_at', 'bigint')
      .addPrimaryKeyConstraint('import_job_pk', ['project_id', 'id'])
      .execute()
    await schema.createIndex('import_job_created').on('import_job').columns(['project_id', 'created_at', 'id']).execute()
    // What somebody has to work on, whosever it is.
    await schema
      .createIndex('import_job_work')
      .on('import_job')
      .columns(['created_at'])
      .where(sql.ref('state'), 'in', sql`('queued', 'running', 'undoing')`)
      .execute()

    await schema
      .createTable('import_chunk')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('import_id', 'text', (c) => c.notNull())
      .addColumn('start_offset', 'bigint', (c) => c.notNull())
      .addColumn('bytes', 'integer', (c) => c.notNull())
      .addColumn('sealed', sql.raw(bytes), (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('import_chunk_pk', ['project_id', 'import_id', 'start_offset'])
      .execute()

    await schema
      .createTable('import_row')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('import_id', 'text', (c) => c.notNull())
      .addColumn('row_number', 'integer', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('external_id', 'text')
      .addColumn('user_id', 'text')
      .addColumn('account_id', 'text')
      .addColumn('problem', 'text')
      .addPrimaryKeyConstraint('import_row_pk', ['project_id', 'import_id', 'row_number'])
      .execute()
    await schema
      .createIndex('import_row_status')
      .on('import_row')
      .columns(['project_id', 'import_id', 'status', 'row_number'])
      .execute()
    await schema
      .createIndex('import_row_external_id')
      .on('import_row')
      .columns(['project_id', 'import_id', 'external_id'])
      .where(sql.ref('external_id'), 'is not', null)
      .execute()
  },
})
