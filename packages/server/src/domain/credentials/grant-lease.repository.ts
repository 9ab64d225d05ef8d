import { sql } from 'kysely'
import type { AccountId, ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { CredentialOwner, StoredCredential } from './credential.ts'

export interface TakenLease {
  /** When an earlier attempt went out with this refresh token of which nobody stored an answer. */
  readonly unansweredSince: number | undefined
}

/**
 * For one caller only, on whichever server: a rotating refresh token is spent by its first use. What was read is compared in
 * the same statement, so whoever wins holds the newest credential and the last failure, and need not read again. That the token
 * goes out is on the row before it does.
 */
export async function takeLease(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  read: Pick<StoredCredential, 'version' | 'failedRefreshes'>,
  { now, leaseUntil }: { readonly now: number; readonly leaseUntil: number },
): Promise<TakenLease | undefined> {
  const row = await db
    .updateTable('credential')
    .set({ lease_until: leaseUntil, unanswered_since: sql<number>`coalesce(unanswered_since, ${now})` })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', read.version)
    .where('failed_refreshes', '=', read.failedRefreshes)
    .where('lease_until', '<=', now)
    .where('refresh_owner', '=', 'holdfast')
    .returning('unanswered_since')
    .executeTakeFirst()
  const since = row?.unanswered_since ?? now
  return row && { unansweredSince: since < now ? since : undefined }
}

/** Of one's own lease: one that ran out may be another's by now. */
export const endLease = (
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  leaseUntil: number,
  next?: { readonly refreshAt: number | null; readonly failedRefreshes: number; readonly answered: boolean },
) =>
  db
    .updateTable('credential')
    .set({
      lease_until: 0,
      ...(next && { refresh_at: next.refreshAt, failed_refreshes: next.failedRefreshes }),
      ...(next?.answered && { unanswered_since: null }),
    })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('lease_until', '=', leaseUntil)
    .execute()

/** Takes a grant off the schedule that is not to be refreshed after all, unless it changed since it was read. */
export const stopRefreshing = (db: Db, { projectId, ownerId }: CredentialOwner, readVersion: number) =>
  db
    .updateTable('credential')
    .set({ refresh_at: null })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', readVersion)
    .execute()

export interface DueGrant {
  readonly projectId: ProjectId
  readonly accountId: AccountId
}

/** The longest overdue first, whosever they are; those that a server works on are left out. */
export async function listDueGrantsAcrossProjects(db: Db, now: number, limit: number): Promise<DueGrant[]> {
  const rows = await db
    .selectFrom('credential')
    .select(['project_id', 'owner_id'])
    .where('refresh_at', '<=', now)
    .where('lease_until', '<=', now)
    .orderBy('refresh_at')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ projectId: row.project_id as ProjectId, accountId: row.owner_id as AccountId }))
}
