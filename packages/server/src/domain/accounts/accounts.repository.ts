import { type ExpressionBuilder, sql } from 'kysely'
import type { AccountId, AuthConfigId, ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import { unindexed } from '../../platform/storage/index-choice.ts'
import type { ConnectedAccountTable, Db, Tables } from '../../platform/storage/schema.ts'
import { type AuthConfigSettings, settingsFromText } from '../auth-configs/auth-config.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { SealedCredential, StoredCredential } from '../credentials/credential.ts'
import { type Account, type AccountAcl, type AccountStatus, type AccountType, CLOSED_ACL, type ListedAccount } from './account.ts'

export const insertAccount = (db: Db, account: Account) => db.insertInto('connected_account').values(toRow(account)).execute()

const columns = [
  'a.project_id',
  'a.id',
  'a.user_id',
  'a.auth_config_id',
  'a.toolkit_slug',
  'a.auth_scheme',
  'a.status',
  'a.status_reason',
  'a.alias',
  'a.account_type',
  'a.acl',
  'a.created_at',
  'a.updated_at',
] as const

const living = (db: Db, projectId: string) =>
  db.selectFrom('connected_account as a').where('a.project_id', '=', projectId).where('a.deleted_at', 'is', null)

const withAuthConfig = (db: Db, projectId: string) =>
  living(db, projectId)
    .leftJoin('auth_config as c', (join) =>
      join.onRef('c.project_id', '=', 'a.project_id').onRef('c.id', '=', 'a.auth_config_id'),
    )
    .select(columns)
    .select(['c.kind as config_kind', 'c.status as config_status', 'c.deleted_at as config_deleted_at'])

const accountById = hotQuery(['projectId', 'id'], (db, { projectId, id }) => withAuthConfig(db, projectId).where('a.id', '=', id))

export async function findAccount(db: Db, projectId: ProjectId, id: string): Promise<ListedAccount | undefined> {
  const [row] = await accountById(db, { projectId, id })
  return row && toListed(row)
}

export interface AccountFilter {
  readonly ids?: readonly string[] | undefined
  readonly userIds?: readonly string[] | undefined
  readonly toolkitSlugs?: readonly string[] | undefined
  readonly authConfigIds?: readonly string[] | undefined
  readonly statuses?: readonly AccountStatus[] | undefined
  readonly type?: AccountType | undefined
}

export interface AccountOrder {
  readonly by: 'created_at' | 'updated_at'
  readonly direction: 'asc' | 'desc'
}

export interface ListPosition {
  readonly time: number
  readonly id: string
}

type AccountExpressions = ExpressionBuilder<Tables & { a: ConnectedAccountTable }, 'a'>

/** The most selective filter first: it is the one that an index should serve. */
function matches(db: Db, eb: AccountExpressions, filter: AccountFilter) {
  const byStatus = ['a.status', filter.statuses] as const
  const rareStatus = filter.statuses !== undefined && !filter.statuses.includes('ACTIVE')
  const wanted = [
    ['a.id', filter.ids] as const,
    ['a.user_id', filter.userIds] as const,
    ...(rareStatus ? [byStatus] : []),
    ['a.auth_config_id', filter.authConfigIds] as const,
    ['a.toolkit_slug', filter.toolkitSlugs] as const,
    ...(rareStatus ? [] : [byStatus]),
    ['a.account_type', filter.type && [filter.type]] as const,
  ]
  const given = wanted.filter(([, values]) => values !== undefined)
  return eb.and(
    given.map(([column, values = []], index) => {
      if (values.length === 0) return sql<boolean>`1 = 0`
      const operand = index === 0 ? eb.ref(column) : unindexed(db, column)
      return values.length === 1 ? eb(operand, '=', values[0] ?? '') : eb(operand, 'in', values)
    }),
  )
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

/** Everything that a call needs, in one statement: the account, its secret, and what its auth config says. */
export interface AccountForUse extends ListedAccount {
  readonly credential: StoredCredential | undefined
  readonly authConfigSettings: AuthConfigSettings | null
  readonly authConfigSecrets: SealedCredential | undefined
}

const forUse = (db: Db, projectId: string) =>
  withAuthConfig(db, projectId)
    .leftJoin('credential as s', (join) => join.onRef('s.project_id', '=', 'a.project_id').onRef('s.owner_id', '=', 'a.id'))
    .leftJoin('credential as cs', (join) =>
      join.onRef('cs.project_id', '=', 'a.project_id').onRef('cs.owner_id', '=', 'a.auth_config_id'),
    )
    .select(['s.version', 's.key_id', 's.sealed', 's.expires_at', 's.refresh_at', 's.failed_refreshes'])
    .select('c.settings as config_settings')
    .select(['cs.version as config_version', 'cs.key_id as config_key_id', 'cs.sealed as config_sealed'])

const accountForUseById = hotQuery(['projectId', 'id'], (db, { projectId, id }) => forUse(db, projectId).where('a.id', '=', id))

export async function findAccountForUse(db: Db, projectId: ProjectId, id: string): Promise<AccountForUse | undefined> {
  const [row] = await accountForUseById(db, { projectId, id })
  return row && toAccountForUse(row)
}

export interface AccountChoice {
  readonly userId: string
  readonly toolkitSlug: string
  readonly authConfigId?: string | undefined
}

const latestForUse = (db: Db, projectId: string, userId: string, toolkitSlug: string, authConfigId?: string) => {
  const filter = {
    userIds: [userId],
    toolkitSlugs: [toolkitSlug],
    statuses: ['ACTIVE' as const],
    type: 'PRIVATE' as const,
    ...(authConfigId && { authConfigIds: [authConfigId] }),
  }
  return forUse(db, projectId)
    .where((eb) => matches(db, eb as unknown as AccountExpressions, filter))
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(1)
}

const latestOfToolkit = hotQuery(['projectId', 'userId', 'toolkitSlug'], (db, { projectId, userId, toolkitSlug }) =>
  latestForUse(db, projectId, userId, toolkitSlug),
)
const latestOfAuthConfig = hotQuery(['projectId', 'userId', 'toolkitSlug', 'authConfigId'], (db, names) =>
  latestForUse(db, names.projectId, names.userId, names.toolkitSlug, names.authConfigId),
)

/** The user's most recent ACTIVE private account of a toolkit. */
export async function findActiveAccountForUse(
  db: Db,
  projectId: ProjectId,
  { userId, toolkitSlug, authConfigId }: AccountChoice,
): Promise<AccountForUse | undefined> {
  const [row] = authConfigId
    ? await latestOfAuthConfig(db, { projectId, userId, toolkitSlug, authConfigId })
    : await latestOfToolkit(db, { projectId, userId, toolkitSlug })
  return row && toAccountForUse(row)
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

export async function markAccountDeleted(db: Db, projectId: ProjectId, id: AccountId, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('connected_account')
    .set({ deleted_at: now, updated_at: now })
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

const toRow = (account: Account): ConnectedAccountTable => ({
  project_id: account.projectId,
  id: account.id,
  user_id: account.userId,
  auth_config_id: account.authConfigId,
  toolkit_slug: account.toolkitSlug,
  auth_scheme: account.scheme,
  status: account.status,
  status_reason: account.statusReason,
  alias: account.alias,
  account_type: account.type,
  acl: account.type === 'SHARED' ? JSON.stringify(account.acl) : null,
  created_at: account.createdAt,
  updated_at: account.updatedAt,
  deleted_at: null,
})

type AccountRow = Omit<ConnectedAccountTable, 'deleted_at'>

const fromRow = (row: AccountRow): Account => ({
  id: row.id as AccountId,
  projectId: row.project_id as ProjectId,
  userId: row.user_id,
  authConfigId: row.auth_config_id as AuthConfigId,
  toolkitSlug: row.toolkit_slug,
  scheme: row.auth_scheme as AuthScheme,
  status: row.status as AccountStatus,
  statusReason: row.status_reason,
  alias: row.alias,
  type: row.account_type as AccountType,
  acl: row.acl === null ? CLOSED_ACL : (JSON.parse(row.acl) as AccountAcl),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

interface ConfigColumns {
  readonly config_kind: string | null
  readonly config_status: string | null
  readonly config_deleted_at: number | null
}

const toListed = (row: AccountRow & ConfigColumns): ListedAccount => ({
  account: fromRow(row),
  authConfig: {
    managed: row.config_kind === 'default',
    disabled: row.config_status !== 'ENABLED' || row.config_deleted_at !== null,
  },
})

interface CredentialColumns {
  readonly version: number | null
  readonly key_id: string | null
  readonly sealed: Uint8Array | null
  readonly expires_at: number | null
  readonly refresh_at: number | null
  readonly failed_refreshes: number | null
  readonly config_settings: string | null
  readonly config_version: number | null
  readonly config_key_id: string | null
  readonly config_sealed: Uint8Array | null
}

const toSealed = (version: number | null, keyId: string | null, sealed: Uint8Array | null): SealedCredential | undefined =>
  version !== null && keyId !== null && sealed !== null ? { version, keyId, sealed } : undefined

const toStored = (row: CredentialColumns): StoredCredential | undefined => {
  const sealed = toSealed(row.version, row.key_id, row.sealed)
  const { expires_at: expiresAt, refresh_at: refreshAt, failed_refreshes: failedRefreshes } = row
  return sealed && { ...sealed, expiresAt, refreshAt, failedRefreshes: failedRefreshes ?? 0 }
}

const toAccountForUse = (row: AccountRow & ConfigColumns & CredentialColumns): AccountForUse => ({
  ...toListed(row),
  credential: toStored(row),
  authConfigSettings: row.config_settings === null ? null : settingsFromText(row.config_settings),
  authConfigSecrets: toSealed(row.config_version, row.config_key_id, row.config_sealed),
})
