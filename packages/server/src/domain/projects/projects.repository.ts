import type { ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { Db, ProjectTable } from '../../platform/storage/schema.ts'

const columns = ['id', 'name', 'email', 'config', 'created_at', 'updated_at', 'deleted_at'] as const

export const insertProject = (db: Db, row: ProjectTable) => db.insertInto('project').values(row).execute()

const livingProject = hotQuery(['id'], (db, { id }) =>
  db.selectFrom('project').select(columns).where('id', '=', id).where('deleted_at', 'is', null),
)

export async function findProject(db: Db, id: ProjectId): Promise<ProjectTable | undefined> {
  const [row] = await livingProject(db, { id })
  return row
}

export const listProjectsAcrossProjects = (db: Db, after: { createdAt: number; id: string } | undefined, limit: number) =>
  db
    .selectFrom('project')
    .select(columns)
    .where('deleted_at', 'is', null)
    .$if(after !== undefined, (query) =>
      query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after?.createdAt ?? 0, after?.id ?? ''))),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/**
 * Before a transaction reads what it is going to change: others who hold the project wait until it ends, on every database.
 * False when there is no such project.
 */
export async function holdProject(trx: Db, id: ProjectId, now: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('project')
    .set({ updated_at: now })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const updateProjectConfig = (db: Db, id: ProjectId, config: string, now: number) =>
  db
    .updateTable('project')
    .set({ config, updated_at: now })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()

export const markProjectDeleted = (db: Db, id: ProjectId, now: number) =>
  db
    .updateTable('project')
    .set({ deleted_at: now, updated_at: now })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()

export const insertApiKey = (db: Db, hash: string, projectId: ProjectId, now: number) =>
  db.insertInto('api_key').values({ hash, project_id: projectId, created_at: now }).execute()

export const deleteApiKeys = (db: Db, projectId: ProjectId) =>
  db.deleteFrom('api_key').where('project_id', '=', projectId).execute()

/** The one question asked before the project is known: whose key is this? */
export async function findProjectOfKeyAcrossProjects(
  db: Db,
  hash: string,
): Promise<{ hash: string; project_id: string } | undefined> {
  const [row] = await keyByHash(db, { hash })
  return row
}

const keyByHash = hotQuery(['hash'], (db, { hash }) =>
  db.selectFrom('api_key').select(['hash', 'project_id']).where('hash', '=', hash),
)

/** Destroyed, not marked: what a deleted project's secrets were sealed with and into. */
export async function deleteProjectSecrets(db: Db, projectId: ProjectId): Promise<void> {
  await db.deleteFrom('credential').where('project_id', '=', projectId).execute()
  await db.deleteFrom('data_key').where('project_id', '=', projectId).execute()
}
