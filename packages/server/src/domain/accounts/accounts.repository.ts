import type { AccountId, ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { Account, ListedAccount, UpstreamIdentity } from './account.ts'
import {
  type AccountExpressions,
  type AccountFilter,
  identityColumns,
  living,
  matches,
  toListed,
  toRow,
  withAuthConfig,
} from './account-rows.repository.ts'
import type { AccountChoice } from './account-use.repository.ts'

export const insertAccount = (db: Db, account: Account) => db.insertInto('connected_account').values(toRow(account)).execute()

const accountById = hotQuery(['projectId', 'id'], (db, { projectId, id }) => withAuthConfig(db, projectId).where('a.id', '=', id))

export async function findAccount(db: Db, projectId: ProjectId, id: string): Promise<ListedAccount | undefined> {
  const [row] = await accountById(db, { projectId, id })
  return row && toListed(row)
}

export interface AccountOrder {
  readonly by: 'created_at' | 'updated_at'
  readonly direction: 'asc' | 'desc'
}

export interface ListPosition {
  readonly time: number
  readonly id: string
}

export async function listAccounts(
  db: Db,
  projectId: ProjectId,
  filter: AccountFilter,
  order: AccountOrder,
  after: ListPosition | undefined,
  limit: number,
): Promise<ListedAccount[]> {
  const time = `a.${order.by}` as const
  let query = withAuthConfig(db, projectId).where((eb) => matches(db, eb as unknown as AccountExpressions, filter))
  if (filter.forSessions) query = query.where('c.enabled_for_sessions', '=', 1)
  if (after)
    query = query.where((eb) =>
      eb(eb.refTuple(time, 'a.id'), order.direction === 'asc' ? '>' : '<', eb.tuple(after.time, after.id)),
    )
  const rows = await query.orderBy(time, order.direction).orderBy('a.id', order.direction).limit(limit).execute()
  return rows.map(toListed)
}

/** Up to `atMost`: a list page may not cost more because there are more accounts. */
export async function countAccounts(db: Db, projectId: ProjectId, filter: AccountFilter, atMost: number): Promise<number> {
  const some = living(db, projectId)
    .where((eb) => matches(db, eb as unknown as AccountExpressions, filter))
    .select('a.id')
    .limit(atMost)
  const { count } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

export interface AccountChoiceOfAny extends AccountChoice {
  readonly onlyActive: boolean
}

/** For each choice its most recent private account, if there is one: one statement, whatever the number of accounts. */
export async function findLatestAccounts(
  db: Db,
  projectId: ProjectId,
  choices: readonly AccountChoiceOfAny[],
): Promise<ListedAccount[]> {
  const [first, ...others] = choices.map(({ userId, toolkitSlug, authConfigId, onlyActive }) => {
    const filter = {
      userIds: [userId],
      toolkitSlugs: [toolkitSlug],
      type: 'PRIVATE' as const,
      ...(onlyActive && { statuses: ['ACTIVE' as const] }),
      ...(authConfigId && { authConfigIds: [authConfigId] }),
    }
    const latest = withAuthConfig(db, projectId)
      .where((eb) => matches(db, eb as unknown as AccountExpressions, filter))
      .where('c.enabled_for_sessions', '=', 1)
      .orderBy('a.created_at', 'desc')
      .orderBy('a.id', 'desc')
      .limit(1)
    return db.selectFrom(latest.as('latest')).selectAll()
  })
  if (!first) return []
  const rows = await others.reduce((all, next) => all.unionAll(next), first).execute()
  return rows.map(toListed)
}

export async function findAccountByAlias(
  db: Db,
  projectId: ProjectId,
  { userId, toolkitSlug, alias }: { readonly userId: string; readonly toolkitSlug: string; readonly alias: string },
): Promise<ListedAccount | undefined> {
  const row = await withAuthConfig(db, projectId)
    .where('a.user_id', '=', userId)
    .where('a.toolkit_slug', '=', toolkitSlug)
    .where('a.alias', '=', alias)
    .executeTakeFirst()
  return row && toListed(row)
}

export type AccountChange = Partial<Pick<Account, 'status' | 'statusReason' | 'alias' | 'acl'>>

/**
 * Writes what changes and nothing else: what was read may have been changed by others since. False when the account is gone, or
 * what the change builds on, its state or its list of users, is no longer what was read.
 */
export async function updateAccount(db: Db, account: Account, change: AccountChange, now: number): Promise<boolean> {
  const { status, statusReason, alias, acl } = change
  let query = db
    .updateTable('connected_account')
    .set({
      updated_at: now,
      ...(status !== undefined && { status }),
      ...(statusReason !== undefined && { status_reason: statusReason }),
      ...(alias !== undefined && { alias }),
      ...(acl !== undefined && { acl: JSON.stringify(acl) }),
    })
    .where('project_id', '=', account.projectId)
    .where('id', '=', account.id)
    .where('status', '=', account.status)
    .where('deleted_at', 'is', null)
  if (acl) query = query.where('acl', '=', JSON.stringify(account.acl))
  const { numUpdatedRows } = await query.executeTakeFirst()
  return numUpdatedRows === 1n
}

/** No change of the connection itself: its place in lists by time stays. */
export const writeIdentity = (db: Db, { projectId, id }: Account, identity: UpstreamIdentity) =>
  db
    .updateTable('connected_account')
    .set(identityColumns(identity))
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()

export async function findSameIdentity(
  db: Db,
  { projectId, id, userId, toolkitSlug }: Account,
  identity: UpstreamIdentity,
  limit: number,
): Promise<string[]> {
  const rows = await living(db, projectId)
    .select('a.id')
    .where('a.user_id', '=', userId)
    .where('a.toolkit_slug', '=', toolkitSlug)
    .where('a.identity_id', '=', identityColumns(identity).identity_id)
    .where('a.id', '!=', id)
    .orderBy('a.id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Without a trace: for one that nobody has been told of. */
export const eraseAccount = (db: Db, { projectId, id }: Pick<Account, 'projectId' | 'id'>) =>
  db.deleteFrom('connected_account').where('project_id', '=', projectId).where('id', '=', id).execute()

export async function markAccountDeleted(db: Db, projectId: ProjectId, id: AccountId, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('connected_account')
    // Whose account it was is nobody's business any more.
    .set({ deleted_at: now, updated_at: now, identity: null, identity_id: null })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
