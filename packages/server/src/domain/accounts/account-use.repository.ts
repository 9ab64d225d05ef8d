import type { ProjectId } from '../../ids.ts'
import { hotQuery } from '../../platform/storage/hot-query.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { type AuthConfigSettings, settingsFromText } from '../auth-configs/auth-config.ts'
import type { SealedCredential, StoredCredential } from '../credentials/credential.ts'
import type { ListedAccount } from './account.ts'
import {
  type AccountExpressions,
  type AccountRow,
  type ConfigColumns,
  matches,
  toListed,
  withAuthConfig,
} from './account-rows.repository.ts'

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
    .select(['s.version', 's.key_id', 's.sealed', 's.expires_at', 's.refresh_at', 's.failed_refreshes', 's.refresh_owner'])
    .select('c.settings as config_settings')
    .select(['cs.version as config_version', 'cs.key_id as config_key_id', 'cs.sealed as config_sealed'])

type Found = AccountForUse | undefined

const firstForUse = ([row]: readonly UseRow[]): Found => row && toAccountForUse(row)

const accountForUseById = hotQuery(
  ['projectId', 'id'],
  (db, { projectId, id }) => forUse(db, projectId).where('a.id', '=', id),
  firstForUse,
)

/** One and the same object for as long as nothing is written, where the database can tell. */
export const findAccountForUse = (db: Db, projectId: ProjectId, id: string): Found | Promise<Found> =>
  accountForUseById(db, { projectId, id })

export interface AccountChoice {
  readonly userId: string
  readonly toolkitSlug: string
  readonly authConfigId?: string | undefined
  /** Passes over connections whose auth config is not for sessions. */
  readonly forSessions?: boolean | undefined
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

const latestOfToolkit = hotQuery(
  ['projectId', 'userId', 'toolkitSlug'],
  (db, { projectId, userId, toolkitSlug }) => latestForUse(db, projectId, userId, toolkitSlug),
  firstForUse,
)
const latestOfToolkitForSessions = hotQuery(
  ['projectId', 'userId', 'toolkitSlug'],
  (db, names) => latestForUse(db, names.projectId, names.userId, names.toolkitSlug).where('c.enabled_for_sessions', '=', 1),
  firstForUse,
)
const latestOfAuthConfig = hotQuery(
  ['projectId', 'userId', 'toolkitSlug', 'authConfigId'],
  (db, names) => latestForUse(db, names.projectId, names.userId, names.toolkitSlug, names.authConfigId),
  firstForUse,
)

/** The user's most recent ACTIVE private account of a toolkit. */
export const findActiveAccountForUse = (
  db: Db,
  projectId: ProjectId,
  { userId, toolkitSlug, authConfigId, forSessions }: AccountChoice,
): Found | Promise<Found> => {
  if (authConfigId) return latestOfAuthConfig(db, { projectId, userId, toolkitSlug, authConfigId })
  const latest = forSessions ? latestOfToolkitForSessions : latestOfToolkit
  return latest(db, { projectId, userId, toolkitSlug })
}

interface CredentialColumns {
  readonly version: number | null
  readonly key_id: string | null
  readonly sealed: Uint8Array | null
  readonly expires_at: number | null
  readonly refresh_at: number | null
  readonly failed_refreshes: number | null
  readonly refresh_owner: string | null
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
  const refreshOwner = row.refresh_owner === 'app' ? 'app' : 'holdfast'
  return sealed && { ...sealed, expiresAt, refreshAt, failedRefreshes: failedRefreshes ?? 0, refreshOwner }
}

type UseRow = AccountRow & ConfigColumns & CredentialColumns

const toAccountForUse = (row: UseRow): AccountForUse => ({
  ...toListed(row),
  credential: toStored(row),
  authConfigSettings: row.config_settings === null ? null : settingsFromText(row.config_settings),
  authConfigSecrets: toSealed(row.config_version, row.config_key_id, row.config_sealed),
})
