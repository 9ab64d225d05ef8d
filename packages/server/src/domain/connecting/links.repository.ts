import type { AccountId, ProjectId } from '../../ids.ts'
import type { ConnectAuthorizationTable, ConnectLinkTable, Db } from '../../platform/storage/schema.ts'

/** A link as it is kept: whoever has the id can make the hash, and nobody the other way round. */
export interface StoredLink {
  readonly hash: string
  readonly projectId: ProjectId
  readonly accountId: AccountId
  /** The account was connected before. */
  readonly reconnects: boolean
  readonly callbackUrl: string | null
  readonly createdAt: number
  readonly expiresAt: number
  readonly finishedAt: number | null
}

const toRow = (link: StoredLink): ConnectLinkTable => ({
  hash: link.hash,
  project_id: link.projectId,
  account_id: link.accountId,
  reconnects: link.reconnects ? 1 : 0,
  callback_url: link.callbackUrl,
  created_at: link.createdAt,
  expires_at: link.expiresAt,
  finished_at: link.finishedAt,
})

const fromRow = (row: ConnectLinkTable): StoredLink => ({
  hash: row.hash,
  projectId: row.project_id as ProjectId,
  accountId: row.account_id as AccountId,
  reconnects: row.reconnects === 1,
  callbackUrl: row.callback_url,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  finishedAt: row.finished_at,
})

export const insertLink = (db: Db, link: StoredLink) => db.insertInto('connect_link').values(toRow(link)).execute()

/** Whose link it is, is what is being asked. */
export async function findLinkAcrossProjects(db: Db, hash: string): Promise<StoredLink | undefined> {
  const row = await db.selectFrom('connect_link').selectAll().where('hash', '=', hash).executeTakeFirst()
  return row && fromRow(row)
}

/** The account's newest one. */
export async function findLinkOfAccount(db: Db, projectId: ProjectId, accountId: AccountId): Promise<StoredLink | undefined> {
  const row = await db
    .selectFrom('connect_link')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** True for one caller only, on whichever server: a link has one end. */
export async function finishLink(db: Db, { projectId, hash }: StoredLink, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('connect_link')
    .set({ finished_at: now })
    .where('project_id', '=', projectId)
    .where('hash', '=', hash)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whoever holds an older link of this account can no longer end it. */
export const finishLinksOfAccount = (db: Db, projectId: ProjectId, accountId: AccountId, now: number) =>
  db
    .updateTable('connect_link')
    .set({ finished_at: now })
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .where('finished_at', 'is', null)
    .execute()

export const extendLink = (db: Db, { projectId, hash }: StoredLink, expiresAt: number) =>
  db
    .updateTable('connect_link')
    .set({ expires_at: expiresAt })
    .where('project_id', '=', projectId)
    .where('hash', '=', hash)
    .where('finished_at', 'is', null)
    .where('expires_at', '<', expiresAt)
    .execute()

export async function listOverdueLinksAcrossProjects(db: Db, now: number, limit: number): Promise<StoredLink[]> {
  const rows = await db
    .selectFrom('connect_link')
    .selectAll()
    .where('finished_at', 'is', null)
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  return rows.map(fromRow)
}

/** What nobody will ask for any more. */
export async function deleteOldAcrossProjects(db: Db, linksBefore: number, now: number): Promise<void> {
  await db.deleteFrom('connect_authorization').where('expires_at', '<=', now).execute()
  await db.deleteFrom('connect_link').where('created_at', '<', linksBefore).where('finished_at', 'is not', null).execute()
}

/** One way to the provider, begun in one browser. */
export interface StoredAuthorization {
  readonly stateHash: string
  readonly linkHash: string
  readonly projectId: ProjectId
  readonly browserHash: string
  readonly sealed: Uint8Array
  readonly expiresAt: number
}

const authorizationFromRow = (row: ConnectAuthorizationTable): StoredAuthorization => ({
  stateHash: row.state_hash,
  linkHash: row.link_hash,
  projectId: row.project_id as ProjectId,
  browserHash: row.browser_hash,
  sealed: row.sealed,
  expiresAt: row.expires_at,
})

export const insertAuthorization = (db: Db, one: StoredAuthorization) =>
  db
    .insertInto('connect_authorization')
    .values({
      state_hash: one.stateHash,
      link_hash: one.linkHash,
      project_id: one.projectId,
      browser_hash: one.browserHash,
      sealed: one.sealed,
      expires_at: one.expiresAt,
    })
    .execute()

export async function findAuthorizationAcrossProjects(db: Db, stateHash: string): Promise<StoredAuthorization | undefined> {
  const row = await db.selectFrom('connect_authorization').selectAll().where('state_hash', '=', stateHash).executeTakeFirst()
  return row && authorizationFromRow(row)
}

/** True for one caller only: a `state` is good once. */
export async function spendAuthorization(db: Db, { projectId, stateHash }: StoredAuthorization): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('connect_authorization')
    .where('project_id', '=', projectId)
    .where('state_hash', '=', stateHash)
    .executeTakeFirst()
  return numDeletedRows === 1n
}
