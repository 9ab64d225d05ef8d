import type { AccountId, ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { CredentialTable, Db } from '../../platform/storage/schema.ts'
import type { CredentialOwner, GrantTimes, SealedCredential, StoredCredential } from './credential.ts'

const columns = ['owner_id', 'version', 'key_id', 'sealed', 'expires_at', 'refresh_at', 'failed_refreshes'] as const
type Row = Pick<CredentialTable, (typeof columns)[number]>
const fromRow = (row: Row): StoredCredential => ({
  version: row.version,
  keyId: row.key_id,
  sealed: row.sealed,
  expiresAt: row.expires_at,
  refreshAt: row.refresh_at,
  failedRefreshes: row.failed_refreshes,
})

export const insertCredential = (
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  sealed: SealedCredential,
  now: number,
  times: GrantTimes,
) =>
  db
    .insertInto('credential')
    .values({
      project_id: projectId,
      owner_id: ownerId,
      version: sealed.version,
      key_id: sealed.keyId,
      sealed: sealed.sealed,
      expires_at: times.expiresAt,
      lease_until: 0,
      refresh_at: times.refreshAt,
      failed_refreshes: 0,
      updated_at: now,
    })
    .execute()

const credentialOf = hotQuery(['projectId', 'ownerId'], (db, { projectId, ownerId }) =>
  db.selectFrom('credential').select(columns).where('project_id', '=', projectId).where('owner_id', '=', ownerId),
)

export async function findCredential(db: Db, { projectId, ownerId }: CredentialOwner): Promise<StoredCredential | undefined> {
  const [row] = await credentialOf(db, { projectId, ownerId })
  return row && fromRow(row)
}

export async function listCredentials(
  db: Db,
  projectId: ProjectId,
  ownerIds: readonly string[],
): Promise<Map<string, SealedCredential>> {
  const rows = await db
    .selectFrom('credential')
    .select(columns)
    .where('project_id', '=', projectId)
    .where('owner_id', 'in', ownerIds)
    .execute()
  return new Map(rows.map((row) => [row.owner_id, fromRow(row)]))
}

/** Whose secrets there are, without the secrets. For owners that are few. */
export async function listCredentialOwners(db: Db, projectId: ProjectId): Promise<{ ownerId: string }[]> {
  const rows = await db.selectFrom('credential').select('owner_id').where('project_id', '=', projectId).execute()
  return rows.map((row) => ({ ownerId: row.owner_id }))
}

export interface CredentialChange {
  /** Left out, they stay as they are. */
  readonly times?: GrantTimes | undefined
  /** The writer held the lease and needs it no longer. */
  readonly leaseDone?: boolean
}

/** False when someone else has written since `readVersion`: read again, merge again. */
export async function replaceCredential(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  readVersion: number,
  sealed: SealedCredential,
  now: number,
  change: CredentialChange = {},
): Promise<boolean> {
  const { times, leaseDone } = change
  const { numUpdatedRows } = await db
    .updateTable('credential')
    .set({
      version: sealed.version,
      key_id: sealed.keyId,
      sealed: sealed.sealed,
      updated_at: now,
      ...(times && { expires_at: times.expiresAt, refresh_at: times.refreshAt, failed_refreshes: 0 }),
      ...(leaseDone && { lease_until: 0 }),
    })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', readVersion)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const deleteCredential = (db: Db, { projectId, ownerId }: CredentialOwner) =>
  db.deleteFrom('credential').where('project_id', '=', projectId).where('owner_id', '=', ownerId).execute()

/**
 * True for one caller only, on whichever server: a rotating refresh token is spent by its first use. What was read is
 * compared in the same statement, so whoever wins holds the newest credential and the last failure, and need not read again.
 */
export async function takeLease(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  read: Pick<StoredCredential, 'version' | 'failedRefreshes'>,
  { now, leaseUntil }: { readonly now: number; readonly leaseUntil: number },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('credential')
    .set({ lease_until: leaseUntil })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', read.version)
    .where('failed_refreshes', '=', read.failedRefreshes)
    .where('lease_until', '<=', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Of one's own lease: one that ran out may be another's by now. */
export const endLease = (
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  leaseUntil: number,
  next?: { readonly refreshAt: number | null; readonly failedRefreshes: number },
) =>
  db
    .updateTable('credential')
    .set({ lease_until: 0, ...(next && { refresh_at: next.refreshAt, failed_refreshes: next.failedRefreshes }) })
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
