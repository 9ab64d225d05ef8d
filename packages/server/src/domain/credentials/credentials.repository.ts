import { sql } from 'kysely'
import type { ProjectId } from '../../ids.ts'
import { hotInsert } from '../../platform/storage/hot-insert.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { CredentialTable, Db, Trx } from '../../platform/storage/schema.ts'
import type { CredentialOwner, GrantTimes, RefreshOwner, SealedCredential, StoredCredential } from './credential.ts'

const columns = [
  'owner_id',
  'version',
  'key_id',
  'sealed',
  'expires_at',
  'refresh_at',
  'failed_refreshes',
  'refresh_owner',
] as const
type Row = Pick<CredentialTable, (typeof columns)[number]>
const fromRow = (row: Row): StoredCredential => ({
  version: row.version,
  keyId: row.key_id,
  sealed: row.sealed,
  expiresAt: row.expires_at,
  refreshAt: row.refresh_at,
  failedRefreshes: row.failed_refreshes,
  refreshOwner: row.refresh_owner as RefreshOwner,
})

export const insertCredential = (
  db: Db,
  owner: CredentialOwner,
  sealed: SealedCredential,
  now: number,
  times: GrantTimes,
  refreshOwner: RefreshOwner,
) =>
  db
    .insertInto('credential')
    .values(toRow(owner, sealed, times, now, refreshOwner))
    .execute()

const toRow = (
  { projectId, ownerId }: CredentialOwner,
  sealed: SealedCredential,
  times: GrantTimes,
  now: number,
  refreshOwner: RefreshOwner,
): CredentialTable => ({
  project_id: projectId,
  owner_id: ownerId,
  version: sealed.version,
  key_id: sealed.keyId,
  sealed: sealed.sealed,
  expires_at: times.expiresAt,
  lease_until: 0,
  refresh_at: refreshOwner === 'app' ? null : times.refreshAt,
  refresh_owner: refreshOwner,
  failed_refreshes: 0,
  unanswered_since: null,
  told_expired: null,
  updated_at: now,
})

export interface NewCredentialRow {
  readonly owner: CredentialOwner
  readonly sealed: SealedCredential
  readonly times: GrantTimes
  readonly refreshOwner: RefreshOwner
}

const insertRows = hotInsert((db, rows: readonly CredentialTable[]) => db.insertInto('credential').values(rows))

export const insertCredentials = (trx: Trx, credentials: readonly NewCredentialRow[], now: number): Promise<void> =>
  insertRows(
    trx,
    credentials.map(({ owner, sealed, times, refreshOwner }) => toRow(owner, sealed, times, now, refreshOwner)),
  )

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
): Promise<Map<string, StoredCredential>> {
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
  readonly refreshOwner?: RefreshOwner | undefined
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
  const { times, refreshOwner, leaseDone } = change
  const { numUpdatedRows } = await db
    .updateTable('credential')
    .set({
      version: sealed.version,
      key_id: sealed.keyId,
      sealed: sealed.sealed,
      updated_at: now,
      ...(refreshOwner && { refresh_owner: refreshOwner }),
      ...(times && {
        expires_at: times.expiresAt,
        // Handed over since it was read, it is not scheduled all the same.
        refresh_at:
          refreshOwner === 'holdfast'
            ? times.refreshAt
            : sql<number | null>`case when refresh_owner = 'app' then null else cast(${times.refreshAt} as bigint) end`,
        failed_refreshes: 0,
        unanswered_since: null,
      }),
      ...(leaseDone && { lease_until: 0 }),
    })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', readVersion)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** False when it is gone, or was written since. */
export async function deleteCredentialOfVersion(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  version: number,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('credential')
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', version)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** False while a server refreshes it, and when it is another than the one that was read. */
export async function deleteUnleased(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  version: number,
  now: number,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('credential')
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', version)
    .where('lease_until', '<=', now)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export const deleteCredential = (db: Db, { projectId, ownerId }: CredentialOwner) =>
  db.deleteFrom('credential').where('project_id', '=', projectId).where('owner_id', '=', ownerId).execute()
