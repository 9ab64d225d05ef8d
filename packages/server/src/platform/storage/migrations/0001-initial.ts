import { type CreateTableBuilder, type Kysely, type Migration, sql } from 'kysely'
import type { DialectName } from '../database.ts'

export const initialSchema = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const bytes = dialect === 'postgres' ? 'bytea' : 'blob'
    const { schema } = db

    await schema
      .createTable('project')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('email', 'text')
      .addColumn('config', 'text', (c) => c.notNull())
      .$call(lifeTimes)
      .execute()
    await schema.createIndex('project_created').on('project').columns(['created_at', 'id']).execute()

    await schema
      .createTable('api_key')
      .addColumn('hash', 'text', (c) => c.primaryKey())
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()
    await schema.createIndex('api_key_project').on('api_key').column('project_id').execute()

    await schema
      .createTable('master_key')
      .addColumn('kek_id', 'text', (c) => c.primaryKey())
      .addColumn('is_current', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()

    await schema
      .createTable('data_key')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('kek_id', 'text', (c) => c.notNull())
      .addColumn('wrapped', sql.raw(bytes), (c) => c.notNull())
      .addColumn('is_active', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('data_key_pk', ['project_id', 'id'])
      .execute()
    await schema.createIndex('data_key_kek').on('data_key').columns(['kek_id', 'project_id', 'id']).execute()

    await schema
      .createTable('auth_config')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('toolkit_slug', 'text', (c) => c.notNull())
      .addColumn('auth_scheme', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('settings', 'text', (c) => c.notNull())
      .$call(lifeTimes)
      .addPrimaryKeyConstraint('auth_config_pk', ['project_id', 'id'])
      .execute()
    await indexLiving(db, 'auth_config', ['project_id', 'created_at', 'id'])
    await indexLiving(db, 'auth_config', ['project_id', 'toolkit_slug', 'created_at', 'id'])

    await schema
      .createTable('connected_account')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('auth_config_id', 'text', (c) => c.notNull())
      .addColumn('toolkit_slug', 'text', (c) => c.notNull())
      .addColumn('auth_scheme', 'text', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('status_reason', 'text')
      .addColumn('alias', 'text')
      .addColumn('account_type', 'text', (c) => c.notNull())
      .addColumn('acl', 'text')
      .$call(lifeTimes)
      .addPrimaryKeyConstraint('connected_account_pk', ['project_id', 'id'])
      .execute()
    // One index a filter, each in list order, so that a page costs the same whatever stands behind it.
    for (const time of ['created_at', 'updated_at']) {
      await indexLiving(db, 'connected_account', ['project_id', time, 'id'])
      for (const filter of ['user_id', 'toolkit_slug', 'auth_config_id', 'status'])
        await indexLiving(db, 'connected_account', ['project_id', filter, time, 'id'])
    }
    await schema
      .createIndex('connected_account_alias')
      .unique()
      .on('connected_account')
      .columns(['project_id', 'user_id', 'toolkit_slug', 'alias'])
      .where(sql.ref('alias'), 'is not', null)
      .where(sql.ref('deleted_at'), 'is', null)
      .execute()

    await schema
      .createTable('credential')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('owner_id', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('key_id', 'text', (c) => c.notNull())
      .addColumn('sealed', sql.raw(bytes), (c) => c.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('lease_until', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('credential_pk', ['project_id', 'owner_id'])
      .execute()
    await schema.createIndex('credential_key').on('credential').columns(['project_id', 'key_id', 'owner_id']).execute()

    await schema
      .createTable('session')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('config', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .$call(lifeTimes)
      .addPrimaryKeyConstraint('session_pk', ['project_id', 'id'])
      .execute()

    await schema
      .createTable('execution_log')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('tool_slug', 'text')
      .addColumn('toolkit_slug', 'text')
      .addColumn('account_id', 'text')
      .addColumn('user_id', 'text')
      .addColumn('session_id', 'text')
      .addColumn('upstream_status', 'integer')
      .addColumn('successful', 'integer', (c) => c.notNull())
      .addColumn('error', 'text')
      .addColumn('duration_ms', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('execution_log_pk', ['project_id', 'id'])
      .execute()
    await schema.createIndex('execution_log_time').on('execution_log').columns(['project_id', 'created_at', 'id']).execute()

    await schema
      .createTable('event')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('type', 'text', (c) => c.notNull())
      .addColumn('subject_id', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('event_pk', ['project_id', 'id'])
      .execute()
    await schema.createIndex('event_subject').on('event').columns(['project_id', 'subject_id', 'created_at', 'id']).execute()
  },
})

/** When a row was made, last changed, and deleted. A deleted row stays for the record; its secret does not. */
const lifeTimes = <T extends string, C extends string>(table: CreateTableBuilder<T, C>) =>
  table
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('deleted_at', 'bigint')

/** Deleted rows are in no list, so they are in none of its indexes. */
const indexLiving = (db: Kysely<unknown>, table: string, columns: string[]) =>
  db.schema
    .createIndex(`${table}_${columns.slice(1, -1).join('_')}`)
    .on(table)
    .columns(columns)
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
