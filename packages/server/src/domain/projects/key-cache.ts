import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'

/** Another server may have revoked a key: for so long it may still open its project here. On the server that did it, no longer. */
const TRUSTED_MS = 2_000
const MAX_KEYS = 10_000

/** Which project a key opens, by the key's hash, so that a call does not have to ask the database again. */
export interface KeyCache {
  find(hash: string, now: number): ProjectId | undefined
  /** Reads, and remembers what was read unless a key was revoked meanwhile. */
  readThrough(hash: string, now: number, read: () => Promise<ProjectId | undefined>): Promise<ProjectId | undefined>
  /** Called once the revocation is committed. */
  forgetAll(): void
}

export function createKeyCache(): KeyCache {
  const known = new Map<string, { readonly projectId: ProjectId; readonly until: number }>()
  let revocations = 0
  return {
    find(hash, now) {
      const entry = known.get(hash)
      return entry && now < entry.until ? entry.projectId : undefined
    },
    async readThrough(hash, now, read) {
      const seen = revocations
      const projectId = await read()
      if (projectId === undefined) known.delete(hash)
      else if (seen === revocations) {
        if (known.size >= MAX_KEYS) known.clear()
        known.set(hash, { projectId, until: now + TRUSTED_MS })
      }
      return projectId
    },
    forgetAll() {
      revocations += 1
      known.clear()
    },
  }
}

const caches = new WeakMap<Db, KeyCache>()

/** One for a database, whoever asks: a cache that the revoking code did not know of would keep a revoked key alive. */
export function keyCacheOf(db: Db): KeyCache {
  const existing = caches.get(db)
  if (existing) return existing
  const created = createKeyCache()
  caches.set(db, created)
  return created
}
