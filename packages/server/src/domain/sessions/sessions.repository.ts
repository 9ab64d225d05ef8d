import type { ProjectId, SessionId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { Session, SessionConfig } from './session.ts'

export const insertSession = (db: Db, session: Session) =>
  db
    .insertInto('session')
    .values({
      project_id: session.projectId,
      id: session.id,
      user_id: session.userId,
      config: JSON.stringify(session.config),
      version: session.version,
      confirmed: null,
      created_at: session.createdAt,
      updated_at: session.updatedAt,
      deleted_at: null,
    })
    .execute()

/** Read at every call of a session. */
const sessionById = hotQuery(['projectId', 'id'], (db, { projectId, id }) =>
  db
    .selectFrom('session')
    .select(['id', 'user_id', 'config', 'version', 'created_at', 'updated_at'])
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null),
)

export async function findSession(db: Db, projectId: ProjectId, id: string): Promise<Session | undefined> {
  const [row] = await sessionById(db, { projectId, id })
  return (
    row && {
      id: row.id as SessionId,
      projectId,
      userId: row.user_id,
      config: JSON.parse(row.config) as SessionConfig,
      version: row.version,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }
  )
}

export async function markSessionDeleted(db: Db, projectId: ProjectId, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('session')
    .set({ deleted_at: now, updated_at: now })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
