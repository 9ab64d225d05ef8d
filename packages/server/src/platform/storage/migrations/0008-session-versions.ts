import { type Kysely, type Migration, sql } from 'kysely'

export const sessionVersions: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    // What a session was before a change; the current settings stay in `session`, where calls read them.
    await schema
      .createTable('session_version')
      .addColumn('project_id', 'text', (c) => c.notNull())
      .addColumn('session_id', 'text', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('config', 'text', (c) => c.notNull())
      .addColumn('archived_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('session_version_pk', ['project_id', 'session_id', 'version'])
      .execute()
    // JSON: the calls that the user has allowed for the rest of the session.
    await schema.alterTable('session').addColumn('confirmed', 'text').execute()
    // A column, not a part of the settings: the choice of a connection filters by it.
    await schema
      .alterTable('auth_config')
      .addColumn('enabled_for_sessions', 'integer', (c) => c.notNull().defaultTo(1))
      .execute()
    await sql`update auth_config set enabled_for_sessions = 0 where settings like '%"enabledForToolRouter":false%'`.execute(db)
  },
}
