import type { ProjectId } from '../../ids.ts'
import { keyIdOf, open, seal } from '../../platform/vault/envelope.ts'
import type { CredentialsDeps } from './credentials.service.ts'

/** A secret that lives for minutes and stands in a row of its own, such as what must be remembered while a user is at a provider. */
export async function sealNote(deps: CredentialsDeps, projectId: ProjectId, name: string, note: object): Promise<Uint8Array> {
  const key = await deps.keys.activeKey(deps.db, projectId)
  return seal(key, Buffer.from(JSON.stringify(note)), contextOf(projectId, name))
}

/** @throws HoldfastError `credential_unreadable` when it was sealed for another project or under another name */
export async function openNote(deps: CredentialsDeps, projectId: ProjectId, name: string, sealed: Uint8Array): Promise<unknown> {
  const key = await deps.keys.keyById(deps.db, projectId, keyIdOf(sealed))
  return JSON.parse(open(key, sealed, contextOf(projectId, name)).toString())
}

const contextOf = (projectId: ProjectId, name: string) => `note/${projectId}/${name}`
