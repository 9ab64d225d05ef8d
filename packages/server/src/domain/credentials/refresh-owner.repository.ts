import { sql } from 'kysely'
import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { CredentialOwner, RefreshOwner } from './credential.ts'
import { MARGIN_MS, MARGIN_SHARE } from './grant-times.ts'

export interface RefreshOwnership {
  readonly owner: RefreshOwner
  /** While it lies ahead, a refresh is under way. */
  readonly leaseUntil: number
}

export async function listRefreshOwners(
  db: Db,
  projectId: ProjectId,
  ownerIds: readonly string[],
): Promise<Map<string, RefreshOwnership>> {
  if (ownerIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('credential')
    .select(['owner_id', 'refresh_owner', 'lease_until'])
    .where('project_id', '=', projectId)
    .where('owner_id', 'in', ownerIds)
    .execute()
  return new Map(
    rows.map((row) => [row.owner_id, { owner: row.refresh_owner === 'app' ? 'app' : 'holdfast', leaseUntil: row.lease_until }]),
  )
}

/** Those that changed hands: not those that a server refreshes at this moment, nor those that were in these hands before. */
export async function changeRefreshOwner(
  db: Db,
  projectId: ProjectId,
  ownerIds: readonly string[],
  to: RefreshOwner,
  now: number,
): Promise<string[]> {
  const rows = await db
    .updateTable('credential')
    .set({ refresh_owner: to, refresh_at: to === 'app' ? null : dueAt(now), failed_refreshes: 0, told_expired: null })
    .where('project_id', '=', projectId)
    .where('owner_id', 'in', ownerIds)
    .where('refresh_owner', '!=', to)
    .where('lease_until', '<=', now)
    .returning('owner_id')
    .execute()
  return rows.map((row) => row.owner_id)
}

/** As for a grant that is stored at this moment (`timesUntil`). Whether it can be refreshed at all shows when it is due. */
function dueAt(now: number) {
  const share = Math.round(1 / MARGIN_SHARE)
  const margin = Math.round(MARGIN_MS * (1 + Math.random() / 4))
  return sql<number | null>`case
    when expires_at is null then null
    when expires_at - ${now} < ${MARGIN_MS * share} then expires_at - (expires_at - ${now}) / ${share}
    else expires_at - ${margin} end`
}

/** True once for each version: that a grant of the app's expired is told once, whatever the number of calls and servers. */
export async function markExpiryTold(db: Db, { projectId, ownerId }: CredentialOwner, version: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('credential')
    .set({ told_expired: version })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', version)
    .where((eb) => eb.or([eb('told_expired', 'is', null), eb('told_expired', '!=', version)]))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
