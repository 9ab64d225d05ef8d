import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { Session, SessionConfig } from './session.ts'

/** Former versions that are kept of one session: an agent that changes its session at every step must not fill the disk. */
export const VERSIONS_KEPT = 100

export interface FormerVersion {
  readonly version: number
  readonly config: SessionConfig
  readonly archivedAt: number
}

/** Takes the place of `before`, which goes into the history. False when somebody has changed or deleted the session since. */
export async function replaceSession(trx: Db, before: Session, after: Session): Promise<boolean> {
  const { projectId, id: sessionId } = before
  const { numUpdatedRows } = await trx
    .updateTable('session')
    .set({ config: JSON.stringify(after.config), version: after.version, updated_at: after.updatedAt })
    .where('project_id', '=', projectId)
    .where('id', '=', sessionId)
    .where('version', '=', before.version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await trx
    .insertInto('session_version')
    .values({
      project_id: projectId,
      session_id: sessionId,
      version: before.version,
      config: JSON.stringify(before.config),
      archived_at: after.updatedAt,
    })
    .execute()
  await trx
    .deleteFrom('session_version')
    .where('project_id', '=', projectId)
    .where('session_id', '=', sessionId)
    .where('version', '<=', before.version - VERSIONS_KEPT)
    .execute()
  return true
}

/** Newest first, those older than `before`. */
export async function listFormerVersions(
  db: Db,
  projectId: ProjectId,
  sessionId: string,
  before: number,
  limit: number,
): Promise<FormerVersion[]> {
  const rows = await db
    .selectFrom('session_version')
    .select(['version', 'config', 'archived_at'])
    .where('project_id', '=', projectId)
    .where('session_id', '=', sessionId)
    .where('version', '<', before)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ version, config, archived_at: archivedAt }) => ({
    version,
    config: JSON.parse(config) as SessionConfig,
    archivedAt,
  }))
}
