import type { AccountId, ProjectId, RevocationId } from '../../ids.ts'
import type { Db, RevocationTable } from '../../platform/storage/schema.ts'
import type { Revocation, RevocationStatus } from './revocation.ts'

export const insertRevocation = (db: Db, revocation: Revocation, sealed: Uint8Array | null) =>
  db
    .insertInto('revocation')
    .values({
      project_id: revocation.projectId,
      id: revocation.id,
      account_id: revocation.accountId,
      status: revocation.status,
      reason: revocation.reason,
      sealed,
      attempts: revocation.attempts,
      next_at: sealed === null ? null : revocation.createdAt,
      lease_until: 0,
      created_at: revocation.createdAt,
      updated_at: revocation.updatedAt,
    })
    .execute()

const columns = ['project_id', 'id', 'account_id', 'status', 'reason', 'attempts', 'created_at', 'updated_at'] as const

const fromRow = (row: Pick<RevocationTable, (typeof columns)[number]>): Revocation => ({
  projectId: row.project_id as ProjectId,
  id: row.id as RevocationId,
  accountId: row.account_id as AccountId,
  status: row.status as RevocationStatus,
  reason: row.reason,
  attempts: row.attempts,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const inProject = (db: Db, projectId: ProjectId) =>
  db.selectFrom('revocation').select(columns).where('project_id', '=', projectId)

export async function findRevocation(db: Db, projectId: ProjectId, id: string): Promise<Revocation | undefined> {
  const row = await inProject(db, projectId).where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

export async function findLatestRevocation(db: Db, projectId: ProjectId, accountId: string): Promise<Revocation | undefined> {
  const query = inProject(db, projectId).where('account_id', '=', accountId).orderBy('created_at', 'desc').limit(1)
  const row = await query.executeTakeFirst()
  return row && fromRow(row)
}

export interface DueRevocation {
  readonly projectId: ProjectId
  readonly id: RevocationId
}

export async function listDueRevocationsAcrossProjects(db: Db, now: number, limit: number): Promise<DueRevocation[]> {
  const rows = await db
    .selectFrom('revocation')
    .select(['project_id', 'id'])
    .where('next_at', '<=', now)
    .where('lease_until', '<=', now)
    .orderBy('next_at')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ projectId: row.project_id as ProjectId, id: row.id as RevocationId }))
}

/** For one server only, while it is due. */
export async function takeRevocation(
  db: Db,
  { projectId, id }: DueRevocation,
  { now, leaseUntil }: { readonly now: number; readonly leaseUntil: number },
): Promise<(Revocation & { readonly sealed: Uint8Array }) | undefined> {
  const row = await db
    .updateTable('revocation')
    .set((eb) => ({ lease_until: leaseUntil, attempts: eb('attempts', '+', 1) }))
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('next_at', '<=', now)
    .where('lease_until', '<=', now)
    .returning([...columns, 'sealed'])
    .executeTakeFirst()
  return row?.sealed ? { ...fromRow(row), sealed: row.sealed } : undefined
}

export const replaceRevocationNote = (db: Db, { projectId, id }: DueRevocation, leaseUntil: number, sealed: Uint8Array) =>
  db
    .updateTable('revocation')
    .set({ sealed })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('lease_until', '=', leaseUntil)
    .execute()

export interface RevocationStep {
  readonly status: RevocationStatus
  readonly reason: string | null
  /** Null: nobody asks any more, and what was needed for it is destroyed. */
  readonly nextAt: number | null
}

/** Of one's own lease: one that ran out may be another's by now. */
export async function writeRevocation(
  db: Db,
  { projectId, id }: DueRevocation,
  leaseUntil: number,
  { status, reason, nextAt }: RevocationStep,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('revocation')
    .set({ status, reason, next_at: nextAt, lease_until: 0, updated_at: now, ...(nextAt === null && { sealed: null }) })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('lease_until', '=', leaseUntil)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
