import type { AccountId, ProjectId } from '../../ids.ts'
import { hotInsert } from '../../platform/storage/hot-insert.ts'
import type { ConnectedAccountTable, Db, Trx } from '../../platform/storage/schema.ts'
import type { AccountStatus, ListedAccount } from './account.ts'
import { type AccountOrigin, toListed, toRow, withAuthConfig } from './account-rows.repository.ts'
import type { PreparedAccount } from './new-account.ts'

export interface ImportedAccount extends PreparedAccount {
  readonly origin: AccountOrigin
}

const insertRows = hotInsert((db, rows: readonly ConnectedAccountTable[]) => db.insertInto('connected_account').values(rows))

export const insertAccounts = (trx: Trx, accounts: readonly ImportedAccount[]): Promise<void> =>
  insertRows(
    trx,
    accounts.map(({ account, origin }) => toRow(account, origin)),
  )

export interface KnownAccount extends ListedAccount {
  readonly origin: AccountOrigin
}

/** Those of the living ones that have one of these external ids, or one of these ids. */
export async function findKnownAccounts(
  db: Db,
  projectId: ProjectId,
  by: 'external_id' | 'id',
  values: readonly string[],
): Promise<KnownAccount[]> {
  if (values.length === 0) return []
  const rows = await withAuthConfig(db, projectId)
    .select(['a.external_id', 'a.metadata', 'a.import_id', 'a.import_row'])
    .where(`a.${by}`, 'in', values)
    .execute()
  return rows.map((row) => ({
    ...toListed(row),
    origin: {
      externalId: row.external_id,
      metadata: row.metadata === null ? null : (JSON.parse(row.metadata) as Record<string, unknown>),
      importId: row.import_id,
      importRow: row.import_row,
    },
  }))
}

export interface AliasHolder {
  readonly userId: string
  readonly toolkitSlug: string
  readonly alias: string
  readonly accountId: string
}

/** Who has these aliases, and perhaps others of the same users. */
export async function findAliasHolders(
  db: Db,
  projectId: ProjectId,
  wanted: readonly { readonly userId: string; readonly alias: string }[],
): Promise<AliasHolder[]> {
  if (wanted.length === 0) return []
  const rows = await db
    .selectFrom('connected_account')
    .select(['id', 'user_id', 'toolkit_slug', 'alias'])
    .where('project_id', '=', projectId)
    .where('deleted_at', 'is', null)
    .where('alias', 'is not', null)
    .where('user_id', 'in', [...new Set(wanted.map(({ userId }) => userId))])
    .where('alias', 'in', [...new Set(wanted.map(({ alias }) => alias))])
    .execute()
  return rows.map((row) => ({ userId: row.user_id, toolkitSlug: row.toolkit_slug, alias: row.alias ?? '', accountId: row.id }))
}

export interface UserConnection {
  readonly userId: string
  readonly authConfigId: string
  readonly accountId: string
}

/** One connection for each of these users and each auth config under which they have any. */
export async function findUserConnections(db: Db, projectId: ProjectId, userIds: readonly string[]): Promise<UserConnection[]> {
  if (userIds.length === 0) return []
  const rows = await db
    .selectFrom('connected_account')
    .select(['user_id', 'auth_config_id', (eb) => eb.fn.min('id').as('account_id')])
    .where('project_id', '=', projectId)
    .where('deleted_at', 'is', null)
    .where('user_id', 'in', userIds)
    .groupBy(['user_id', 'auth_config_id'])
    .execute()
  return rows.map((row) => ({ userId: row.user_id, authConfigId: row.auth_config_id, accountId: row.account_id }))
}

export interface ImportedState {
  readonly accountId: AccountId
  readonly importRow: number
  readonly externalId: string | null
  readonly userId: string
  readonly status: AccountStatus
  readonly isDeleted: boolean
  /** Neither the connection nor its secret was written since the import. */
  readonly isUntouched: boolean
}

/** What an import made, in the order of its rows; deleted ones too. */
export async function listImported(
  db: Db,
  projectId: ProjectId,
  importId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<ImportedState[]> {
  const rows = await db
    .selectFrom('connected_account as a')
    .leftJoin('credential as s', (join) => join.onRef('s.project_id', '=', 'a.project_id').onRef('s.owner_id', '=', 'a.id'))
    .select([
      'a.id',
      'a.import_row',
      'a.external_id',
      'a.user_id',
      'a.status',
      'a.created_at',
      'a.updated_at',
      'a.deleted_at',
      's.version',
    ])
    .where('a.project_id', '=', projectId)
    .where('a.import_id', '=', importId)
    .where('a.import_row', '>', page.after)
    .orderBy('a.import_row')
    .limit(page.limit)
    .execute()
  return rows.map((row) => ({
    accountId: row.id as AccountId,
    importRow: row.import_row ?? 0,
    externalId: row.external_id,
    userId: row.user_id,
    status: row.status as AccountStatus,
    isDeleted: row.deleted_at !== null,
    isUntouched: row.deleted_at === null && row.version === 1 && row.updated_at === row.created_at,
  }))
}

export const setMetadata = (db: Db, projectId: ProjectId, id: AccountId, metadata: Readonly<Record<string, unknown>>) =>
  db
    .updateTable('connected_account')
    .set({ metadata: JSON.stringify(metadata) })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .execute()
