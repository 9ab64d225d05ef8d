import type { ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { CredentialTable, Db } from '../../platform/storage/schema.ts'
import type { CredentialOwner, SealedCredential } from './credential.ts'

type Row = Pick<CredentialTable, 'owner_id' | 'version' | 'key_id' | 'sealed'>
const columns = ['owner_id', 'version', 'key_id', 'sealed'] as const
const fromRow = (row: Row): SealedCredential => ({ version: row.version, keyId: row.key_id, sealed: row.sealed })

export const insertCredential = (db: Db, { projectId, ownerId }: CredentialOwner, sealed: SealedCredential, now: number) =>
  db
    .insertInto('credential')
    .values({
      project_id: projectId,
      owner_id: ownerId,
      version: sealed.version,
      key_id: sealed.keyId,
      sealed: sealed.sealed,
      expires_at: null,
      lease_until: 0,
      updated_at: now,
    })
    .execute()

const credentialOf = hotQuery(['projectId', 'ownerId'], (db, { projectId, ownerId }) =>
  db.selectFrom('credential').select(columns).where('project_id', '=', projectId).where('owner_id', '=', ownerId),
)

export async function findCredential(db: Db, { projectId, ownerId }: CredentialOwner): Promise<SealedCredential | undefined> {
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

/** False when someone else has written since `readVersion`: read again, merge again. */
export async function replaceCredential(
  db: Db,
  { projectId, ownerId }: CredentialOwner,
  readVersion: number,
  sealed: SealedCredential,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('credential')
    .set({ version: sealed.version, key_id: sealed.keyId, sealed: sealed.sealed, updated_at: now })
    .where('project_id', '=', projectId)
    .where('owner_id', '=', ownerId)
    .where('version', '=', readVersion)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const deleteCredential = (db: Db, { projectId, ownerId }: CredentialOwner) =>
  db.deleteFrom('credential').where('project_id', '=', projectId).where('owner_id', '=', ownerId).execute()
