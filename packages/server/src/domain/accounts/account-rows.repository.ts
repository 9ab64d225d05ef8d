import { type ExpressionBuilder, sql } from 'kysely'
import type { AccountId, AuthConfigId, ProjectId } from '../../ids.ts'
import { unindexed } from '../../platform/storage/index-choice.ts'
import type { ConnectedAccountTable, Db, Tables } from '../../platform/storage/schema.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import {
  type Account,
  type AccountAcl,
  type AccountStatus,
  type AccountType,
  CLOSED_ACL,
  type ListedAccount,
  type UpstreamIdentity,
} from './account.ts'

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
  'a.identity',
  'a.created_at',
  'a.updated_at',
] as const

export const living = (db: Db, projectId: string) =>
  db.selectFrom('connected_account as a').where('a.project_id', '=', projectId).where('a.deleted_at', 'is', null)

export const withAuthConfig = (db: Db, projectId: string) =>
  living(db, projectId)
    .leftJoin('auth_config as c', (join) =>
      join.onRef('c.project_id', '=', 'a.project_id').onRef('c.id', '=', 'a.auth_config_id'),
    )
    .select(columns)
    .select(['c.kind as config_kind', 'c.status as config_status', 'c.deleted_at as config_deleted_at'])
    .select('c.enabled_for_sessions as config_for_sessions')

export interface AccountFilter {
  readonly ids?: readonly string[] | undefined
  readonly userIds?: readonly string[] | undefined
  readonly toolkitSlugs?: readonly string[] | undefined
  readonly authConfigIds?: readonly string[] | undefined
  readonly statuses?: readonly AccountStatus[] | undefined
  readonly type?: AccountType | undefined
  /** Only under auth configs that sessions may use. */
  readonly forSessions?: boolean | undefined
}

export type AccountExpressions = ExpressionBuilder<Tables & { a: ConnectedAccountTable }, 'a'>

/** The most selective filter first: it is the one that an index should serve. */
export function matches(db: Db, eb: AccountExpressions, filter: AccountFilter) {
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

/** Where a connection came from that an import made. */
export interface AccountOrigin {
  readonly externalId: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly importId: string | null
  readonly importRow: number | null
}

const NO_ORIGIN: AccountOrigin = { externalId: null, metadata: null, importId: null, importRow: null }

/** The id that a provider's own answer gives and the subject of OpenID Connect may be two names of one account: never compared. */
export const identityColumns = (identity: UpstreamIdentity | null) => ({
  identity: identity && JSON.stringify(identity),
  identity_id: identity?.id ? `${identity.source}:${identity.id}` : null,
})

export const toRow = (account: Account, origin: AccountOrigin = NO_ORIGIN): ConnectedAccountTable => ({
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
  ...identityColumns(account.identity),
  created_at: account.createdAt,
  updated_at: account.updatedAt,
  deleted_at: null,
  external_id: origin.externalId,
  metadata: origin.metadata && JSON.stringify(origin.metadata),
  import_id: origin.importId,
  import_row: origin.importRow,
})

export type AccountRow = Omit<
  ConnectedAccountTable,
  'deleted_at' | 'identity_id' | 'external_id' | 'metadata' | 'import_id' | 'import_row'
>

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
  identity: row.identity === null ? null : (JSON.parse(row.identity) as UpstreamIdentity),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

export interface ConfigColumns {
  readonly config_kind: string | null
  readonly config_status: string | null
  readonly config_deleted_at: number | null
  readonly config_for_sessions: number | null
}

export const toListed = (row: AccountRow & ConfigColumns): ListedAccount => ({
  account: fromRow(row),
  authConfig: {
    managed: row.config_kind === 'default',
    disabled: row.config_status !== 'ENABLED' || row.config_deleted_at !== null,
    forSessions: row.config_for_sessions !== 0,
  },
})
