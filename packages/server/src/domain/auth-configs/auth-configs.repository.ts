import { sql } from 'kysely'
import type { AuthConfigId, ProjectId } from '../../ids.ts'
import type { AuthConfigTable, Db } from '../../platform/storage/schema.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import { type AuthConfig, settingsFromText } from './auth-config.ts'

const columns = [
  'project_id',
  'id',
  'name',
  'toolkit_slug',
  'auth_scheme',
  'kind',
  'status',
  'settings',
  'created_at',
  'updated_at',
] as const

export const insertAuthConfig = (db: Db, config: AuthConfig) => db.insertInto('auth_config').values(toRow(config)).execute()

export async function findAuthConfig(db: Db, projectId: ProjectId, id: string): Promise<AuthConfig | undefined> {
  const row = await living(db, projectId).where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

export interface AuthConfigFilter {
  readonly toolkitSlugs?: readonly string[] | undefined
  readonly scheme?: AuthScheme | undefined
  readonly kind?: AuthConfig['kind'] | undefined
  /** Part of the name, or the id. */
  readonly search?: string | undefined
  readonly includeDisabled?: boolean | undefined
}

export interface ListPosition {
  readonly time: number
  readonly id: string
}

const filtered = (db: Db, projectId: ProjectId, filter: AuthConfigFilter) => {
  const { toolkitSlugs, scheme, kind, search, includeDisabled } = filter
  let query = living(db, projectId)
  if (toolkitSlugs) query = query.where('toolkit_slug', 'in', toolkitSlugs)
  if (scheme) query = query.where('auth_scheme', '=', scheme)
  if (kind) query = query.where('kind', '=', kind)
  if (!includeDisabled) query = query.where('status', '=', 'ENABLED')
  if (search) {
    const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) => eb.or([eb('id', '=', search), sql<boolean>`lower(name) like ${pattern} escape '\\'`]))
  }
  return query
}

/** Newest first. */
export async function listAuthConfigs(
  db: Db,
  projectId: ProjectId,
  filter: AuthConfigFilter,
  after: ListPosition | undefined,
  limit: number,
): Promise<AuthConfig[]> {
  let query = filtered(db, projectId, filter)
  if (after) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after.time, after.id)))
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return rows.map(fromRow)
}

/** Up to `atMost`: counting further costs more than anyone gains from it. */
export async function countAuthConfigs(db: Db, projectId: ProjectId, filter: AuthConfigFilter, atMost: number): Promise<number> {
  const some = filtered(db, projectId, filter).clearSelect().select('id').limit(atMost)
  const { count } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/**
 * Before a transaction reads what it is going to change: others who hold the auth config wait until it ends, on every database.
 * False when there is no such one.
 */
export async function holdAuthConfig(trx: Db, projectId: ProjectId, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('auth_config')
    .set({ updated_at: now })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function updateAuthConfig(db: Db, config: AuthConfig): Promise<boolean> {
  const { name, status, settings, enabled_for_sessions, updated_at } = toRow(config)
  const { numUpdatedRows } = await db
    .updateTable('auth_config')
    .set({ name, status, settings, enabled_for_sessions, updated_at })
    .where('project_id', '=', config.projectId)
    .where('id', '=', config.id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const markAuthConfigDeleted = (db: Db, projectId: ProjectId, id: AuthConfigId, now: number) =>
  db
    .updateTable('auth_config')
    .set({ deleted_at: now, updated_at: now })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()

const living = (db: Db, projectId: ProjectId) =>
  db.selectFrom('auth_config').select(columns).where('project_id', '=', projectId).where('deleted_at', 'is', null)

const toRow = (config: AuthConfig): AuthConfigTable => ({
  project_id: config.projectId,
  id: config.id,
  name: config.name,
  toolkit_slug: config.toolkitSlug,
  auth_scheme: config.scheme,
  kind: config.kind,
  status: config.enabled ? 'ENABLED' : 'DISABLED',
  settings: JSON.stringify(config.settings),
  enabled_for_sessions: config.settings.enabledForToolRouter ? 1 : 0,
  created_at: config.createdAt,
  updated_at: config.updatedAt,
  deleted_at: null,
})

const fromRow = (row: Pick<AuthConfigTable, (typeof columns)[number]>): AuthConfig => ({
  id: row.id as AuthConfigId,
  projectId: row.project_id as ProjectId,
  name: row.name,
  toolkitSlug: row.toolkit_slug,
  scheme: row.auth_scheme as AuthScheme,
  kind: row.kind === 'default' ? 'default' : 'custom',
  enabled: row.status === 'ENABLED',
  settings: settingsFromText(row.settings),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
