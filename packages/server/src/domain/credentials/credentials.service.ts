import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Db, Trx } from '../../platform/storage/schema.ts'
import { open, seal } from '../../platform/vault/envelope.ts'
import type { KeyRing } from '../../platform/vault/key-ring.ts'
import {
  type Credential,
  type CredentialOwner,
  type GrantTimes,
  NO_TIMES,
  type RefreshOwner,
  type SealedCredential,
} from './credential.ts'
import {
  type CredentialChange,
  deleteCredential,
  deleteCredentialOfVersion,
  deleteUnleased,
  findCredential,
  insertCredential,
  insertCredentials,
  listCredentials,
  replaceCredential,
} from './credentials.repository.ts'
import { createOpenedCache, type OpenedCache } from './opened-cache.ts'

export interface CredentialsDeps {
  readonly db: Db
  readonly keys: KeyRing
  readonly opened: OpenedCache
}

export { listCredentialOwners } from './credentials.repository.ts'
export { endLease, listDueGrantsAcrossProjects, stopRefreshing, takeLease } from './grant-lease.repository.ts'
export { changeRefreshOwner, listRefreshOwners, markExpiryTold, type RefreshOwnership } from './refresh-owner.repository.ts'
export { createOpenedCache }

/** Authenticated with the ciphertext, so a row copied onto another account, project or version will not open. */
const contextOf = ({ projectId, ownerId }: CredentialOwner, version: number) => `credential/${projectId}/${ownerId}/${version}`

async function sealCredential(
  deps: CredentialsDeps,
  db: Db,
  owner: CredentialOwner,
  version: number,
  credential: Credential,
): Promise<SealedCredential> {
  const key = await deps.keys.activeKey(db, owner.projectId)
  return { version, keyId: key.id, sealed: seal(key, Buffer.from(JSON.stringify(credential)), contextOf(owner, version)) }
}

/**
 * Opens what a query of the owner's row brought along. Opened ones are remembered by row version, so a hot account opens
 * once. `db` is the caller's transaction, where there is one: it may hold the only connection.
 */
export async function openCredential(
  deps: CredentialsDeps,
  owner: CredentialOwner,
  stored: SealedCredential,
  db: Db = deps.db,
): Promise<Credential> {
  const remembered = deps.opened.get(owner, stored)
  if (remembered) return remembered
  const key = await deps.keys.keyById(db, owner.projectId, stored.keyId)
  const credential = JSON.parse(open(key, stored.sealed, contextOf(owner, stored.version)).toString()) as Credential
  deps.opened.set(owner, stored, credential)
  return credential
}

export async function saveCredential(
  deps: CredentialsDeps,
  trx: Db,
  owner: CredentialOwner,
  credential: Credential,
  now: number,
  times: GrantTimes = NO_TIMES,
  refreshOwner: RefreshOwner = 'holdfast',
): Promise<void> {
  await insertCredential(trx, owner, await sealCredential(deps, trx, owner, 1, credential), now, times, refreshOwner)
}

export interface NewCredential {
  readonly owner: CredentialOwner
  readonly credential: Credential
  readonly times?: GrantTimes | undefined
  readonly refreshOwner: RefreshOwner
}

/** Many new ones of one project, at about the price of the sealing. */
export async function saveCredentials(
  deps: CredentialsDeps,
  trx: Trx,
  credentials: readonly NewCredential[],
  now: number,
): Promise<void> {
  const rows = []
  for (const { owner, credential, refreshOwner, times = NO_TIMES } of credentials)
    rows.push({ owner, times, refreshOwner, sealed: await sealCredential(deps, trx, owner, 1, credential) })
  await insertCredentials(trx, rows, now)
}

export async function readCredential(
  deps: CredentialsDeps,
  owner: CredentialOwner,
  db: Db = deps.db,
): Promise<{ credential: Credential; version: number } | undefined> {
  const stored = await findCredential(db, owner)
  return stored && { credential: await openCredential(deps, owner, stored, db), version: stored.version }
}

/** Of many owners at once, by owner id; one whose secret was destroyed is not in it. */
export async function readCredentials(
  deps: CredentialsDeps,
  projectId: ProjectId,
  ownerIds: readonly CredentialOwner['ownerId'][],
): Promise<Map<string, { credential: Credential; refreshOwner: RefreshOwner }>> {
  if (ownerIds.length === 0) return new Map()
  const stored = await listCredentials(deps.db, projectId, ownerIds)
  const opened = new Map<string, { credential: Credential; refreshOwner: RefreshOwner }>()
  for (const ownerId of ownerIds) {
    const sealed = stored.get(ownerId)
    if (!sealed) continue
    const credential = await openCredential(deps, { projectId, ownerId }, sealed)
    opened.set(ownerId, { credential, refreshOwner: sealed.refreshOwner })
  }
  return opened
}

/** False when the row has moved on from `readVersion`; nothing is written then. */
export async function updateCredential(
  deps: CredentialsDeps,
  trx: Db,
  owner: CredentialOwner,
  readVersion: number,
  credential: Credential,
  now: number,
  change?: CredentialChange,
): Promise<boolean> {
  const sealed = await sealCredential(deps, trx, owner, readVersion + 1, credential)
  return replaceCredential(trx, owner, readVersion, sealed, now, change)
}

/** The row goes, and with it (`secure_delete`) its bytes. */
export async function destroyCredential(deps: CredentialsDeps, trx: Db, owner: CredentialOwner): Promise<void> {
  await deleteCredential(trx, owner)
  deps.opened.delete(owner)
}

/** Only while it is what `version` was; false when somebody wrote it since. */
export async function destroyCredentialOfVersion(
  deps: CredentialsDeps,
  trx: Db,
  owner: CredentialOwner,
  version: number,
): Promise<boolean> {
  if (!(await deleteCredentialOfVersion(trx, owner, version))) return false
  deps.opened.delete(owner)
  return true
}

/** The same, unless it is being refreshed or is another one by now: false, and it stays. */
export async function destroyUnleased(
  deps: CredentialsDeps,
  trx: Db,
  owner: CredentialOwner,
  readVersion: number,
  now: number,
): Promise<boolean> {
  if (!(await deleteUnleased(trx, owner, readVersion, now))) return false
  deps.opened.delete(owner)
  return true
}

export const credentialMissing = () =>
  new HoldfastError('credential_unreadable', 'This connection has no stored credential any more.', {
    fix: 'Connect the account again.',
  })
