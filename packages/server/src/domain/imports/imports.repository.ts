import { sql } from 'kysely'
import type { ImportId, ProjectId } from '../../ids.ts'
import type { Db, ImportJobTable, ImportRowTable } from '../../platform/storage/schema.ts'
import type { HeldJob, ImportJob, ImportOptions, ImportProgress, ImportState } from './import-job.ts'

const columns = [
  'project_id',
  'id',
  'state',
  'options',
  'progress',
  'error',
  'lease_until',
  'lease_epoch',
  'created_at',
  'updated_at',
  'finished_at',
] as const

export const insertJob = (db: Db, job: ImportJob) =>
  db
    .insertInto('import_job')
    .values({
      project_id: job.projectId,
      id: job.id,
      state: job.state,
      options: JSON.stringify(job.options),
      progress: JSON.stringify(job.progress),
      error: job.error,
      lease_until: 0,
      lease_epoch: 0,
      created_at: job.createdAt,
      updated_at: job.updatedAt,
      finished_at: job.finishedAt,
    })
    .execute()

const one = (db: Db, projectId: string, id: string) =>
  db.selectFrom('import_job').select(columns).where('project_id', '=', projectId).where('id', '=', id)

export async function findJob(db: Db, projectId: ProjectId, id: string): Promise<ImportJob | undefined> {
  const row = await one(db, projectId, id).executeTakeFirst()
  return row && fromRow(row)
}

export interface ListPosition {
  readonly time: number
  readonly id: string
}

/** Newest first. */
export async function listJobs(
  db: Db,
  projectId: ProjectId,
  after: ListPosition | undefined,
  limit: number,
): Promise<ImportJob[]> {
  let query = db.selectFrom('import_job').select(columns).where('project_id', '=', projectId)
  if (after) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after.time, after.id)))
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return rows.map(fromRow)
}

/** False when the job is not in that state any more: what the change builds on no longer holds. */
export async function turnJob(
  db: Db,
  { projectId, id, state }: Pick<ImportJob, 'projectId' | 'id' | 'state'>,
  change: { readonly state: ImportState; readonly progress?: ImportProgress; readonly finishedAt?: number | null },
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('import_job')
    .set({
      state: change.state,
      updated_at: now,
      lease_until: 0,
      ...(change.progress && { progress: JSON.stringify(change.progress) }),
      ...(change.finishedAt !== undefined && { finished_at: change.finishedAt }),
    })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('state', '=', state)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whether there is work that nobody is doing, in any project. */
export async function hasWorkAcrossProjects(db: Db, now: number): Promise<boolean> {
  return (await waiting(db, now).limit(1).execute()).length > 0
}

/** For a server that knows to be the only one: whoever held a lease is gone, and need not be waited for. */
export const releaseLeasesAcrossProjects = (db: Db) =>
  db.updateTable('import_job').set({ lease_until: 0 }).where(sql<boolean>`state in ('queued', 'running', 'undoing')`).execute()

/** One that waits, or whose worker is gone: its lease ran out. Undefined when there is none, or another server was faster. */
export async function claimJobAcrossProjects(db: Db, now: number, leaseUntil: number): Promise<HeldJob | undefined> {
  for (const row of await waiting(db, now).limit(5).execute()) {
    const state = row.state === 'undoing' ? 'undoing' : 'running'
    const epoch = row.lease_epoch + 1
    const { numUpdatedRows } = await db
      .updateTable('import_job')
      .set({ state, lease_until: leaseUntil, lease_epoch: epoch, updated_at: now })
      .where('project_id', '=', row.project_id)
      .where('id', '=', row.id)
      .where('state', '=', row.state)
      .where('lease_epoch', '=', row.lease_epoch)
      .executeTakeFirst()
    if (numUpdatedRows === 1n) return { ...fromRow(row), state, epoch }
  }
  return undefined
}

const waiting = (db: Db, now: number) =>
  db
    .selectFrom('import_job')
    .select(columns)
    // As literals: the index holds these rows only, and is not used for parameters.
    .where(sql<boolean>`state in ('queued', 'running', 'undoing')`)
    .where('lease_until', '<=', now)
    .orderBy('created_at')

export interface HeldChange {
  readonly state?: ImportState
  readonly progress?: ImportProgress
  readonly error?: string
  readonly leaseUntil: number
  readonly finishedAt?: number
}

/** False when the job was stopped, or taken over by another worker: then nothing of this transaction may stay. */
export async function advanceJob(
  db: Db,
  { projectId, id, state, epoch }: HeldJob,
  change: HeldChange,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('import_job')
    .set({
      lease_until: change.leaseUntil,
      updated_at: now,
      ...(change.state && { state: change.state }),
      ...(change.progress && { progress: JSON.stringify(change.progress) }),
      ...(change.error !== undefined && { error: change.error }),
      ...(change.finishedAt !== undefined && { finished_at: change.finishedAt }),
    })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('state', '=', state)
    .where('lease_epoch', '=', epoch)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

const fromRow = (row: ImportJobTable): ImportJob => ({
  projectId: row.project_id as ProjectId,
  id: row.id as ImportId,
  state: row.state as ImportState,
  options: JSON.parse(row.options) as ImportOptions,
  progress: JSON.parse(row.progress) as ImportProgress,
  error: row.error,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  finishedAt: row.finished_at,
})

export const insertRows = async (db: Db, rows: readonly ImportRowTable[]) =>
  rows.length === 0
    ? undefined
    : await db
        .insertInto('import_row')
        .values([...rows])
        .execute()

/** Rows of this import that told of themselves, in their order. */
export const listRows = (
  db: Db,
  { projectId, id }: Pick<ImportJob, 'projectId' | 'id'>,
  { status, after, limit }: { readonly status?: string | undefined; readonly after: number; readonly limit: number },
): Promise<ImportRowTable[]> => {
  let query = db.selectFrom('import_row').selectAll().where('project_id', '=', projectId).where('import_id', '=', id)
  if (status !== undefined) query = query.where('status', '=', status)
  return query.where('row_number', '>', after).orderBy('row_number').limit(limit).execute()
}

/** First rows of this import with these external ids. */
export const findRowsByExternalId = (
  db: Db,
  { projectId, id }: Pick<ImportJob, 'projectId' | 'id'>,
  externalIds: readonly string[],
): Promise<Pick<ImportRowTable, 'external_id' | 'row_number'>[]> =>
  db
    .selectFrom('import_row')
    .select(['external_id', (eb) => eb.fn.min('row_number').as('row_number')])
    .where('project_id', '=', projectId)
    .where('import_id', '=', id)
    .where('external_id', 'in', externalIds)
    .groupBy('external_id')
    .execute()
