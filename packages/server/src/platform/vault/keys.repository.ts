import type { Db, Trx } from '../storage/schema.ts'

export interface DataKeyRow {
  readonly project_id: string
  readonly id: string
  readonly kek_id: string
  readonly wrapped: Uint8Array
  readonly is_active: number
  readonly created_at: number
}

const columns = ['project_id', 'id', 'kek_id', 'wrapped', 'is_active', 'created_at'] as const

export const listMasterKeysAcrossProjects = (db: Db) =>
  db.selectFrom('master_key').select(['kek_id', 'is_current']).orderBy('created_at').execute()

/** The first server to start names the master key; one that starts at the same moment finds it named. */
export const insertFirstMasterKeyAcrossProjects = (db: Db, kekId: string, now: number) =>
  db
    .insertInto('master_key')
    .values({ kek_id: kekId, is_current: 1, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

export async function setCurrentMasterKeyAcrossProjects(db: Db, kekId: string, now: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.updateTable('master_key').set({ is_current: 0 }).execute()
    await trx
      .insertInto('master_key')
      .values({ kek_id: kekId, is_current: 1, created_at: now })
      .onConflict((conflict) => conflict.column('kek_id').doUpdateSet({ is_current: 1 }))
      .execute()
  })
}

/**
 * False when it is the current one no more. Until the caller's transaction ends, a rotation waits here: a data key wrapped under
 * a master key that is dropped in the same moment would be lost.
 */
export async function holdMasterKeyAcrossProjects(trx: Trx, kekId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('master_key')
    .set({ is_current: 1 })
    .where('kek_id', '=', kekId)
    .where('is_current', '=', 1)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const deleteOtherMasterKeysAcrossProjects = (db: Db, kekId: string) =>
  db.deleteFrom('master_key').where('kek_id', '!=', kekId).execute()

export const insertDataKey = (db: Db, row: DataKeyRow) => db.insertInto('data_key').values(row).execute()

export const findDataKey = (db: Db, projectId: string, id: string): Promise<DataKeyRow | undefined> =>
  db.selectFrom('data_key').select(columns).where('project_id', '=', projectId).where('id', '=', id).executeTakeFirst()

export const findActiveDataKey = (db: Db, projectId: string): Promise<DataKeyRow | undefined> =>
  db
    .selectFrom('data_key')
    .select(columns)
    .where('project_id', '=', projectId)
    .where('is_active', '=', 1)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()

export const listDataKeysNotWrappedByAcrossProjects = (db: Db, kekId: string, limit: number): Promise<DataKeyRow[]> =>
  db.selectFrom('data_key').select(columns).where('kek_id', '!=', kekId).limit(limit).execute()

/** Unchanged when another process has wrapped it anew meanwhile. */
export const rewrapDataKey = (db: Db, row: DataKeyRow, kekId: string, wrapped: Uint8Array) =>
  db
    .updateTable('data_key')
    .set({ kek_id: kekId, wrapped })
    .where('project_id', '=', row.project_id)
    .where('id', '=', row.id)
    .where('kek_id', '=', row.kek_id)
    .execute()
