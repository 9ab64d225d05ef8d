import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { open, seal } from '../../platform/vault/envelope.ts'
import type { CredentialsDeps } from './credentials.service.ts'

export interface SealedPayload {
  readonly keyId: string
  readonly sealed: Uint8Array
}

/** Bytes that hold credentials but are not one yet, such as an upload. `place` names where they belong: elsewhere they do not open. */
export async function sealPayload(
  { keys }: Pick<CredentialsDeps, 'keys'>,
  db: Db,
  projectId: ProjectId,
  place: string,
  bytes: Uint8Array,
): Promise<SealedPayload> {
  const key = await keys.activeKey(db, projectId)
  return { keyId: key.id, sealed: seal(key, bytes, contextOf(projectId, place)) }
}

/** @throws HoldfastError `credential_unreadable` */
export async function openPayload(
  { keys }: Pick<CredentialsDeps, 'keys'>,
  db: Db,
  projectId: ProjectId,
  place: string,
  { keyId, sealed }: SealedPayload,
): Promise<Buffer> {
  return open(await keys.keyById(db, projectId, keyId), sealed, contextOf(projectId, place))
}

const contextOf = (projectId: ProjectId, place: string) => `payload/${projectId}/${place}`
