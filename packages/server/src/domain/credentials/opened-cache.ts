import type { Credential, CredentialOwner, SealedCredential } from './credential.ts'

/** Opened credentials by row version: a row that changed, here or on another server, is never answered from here. */
export interface OpenedCache {
  get(owner: CredentialOwner, stored: SealedCredential): Credential | undefined
  set(owner: CredentialOwner, stored: SealedCredential, credential: Credential): void
  delete(owner: CredentialOwner): void
}

interface Entry {
  readonly sealed: Buffer
  readonly credential: Credential
}

/**
 * The sealed bytes are compared whole, not the version number: they are authentic or the entry would not exist, so equal bytes
 * on the same owner mean the same secret, while an altered row misses and then fails to open.
 */
export function createOpenedCache(maxEntries = 5_000): OpenedCache {
  const entries = new Map<string, Entry>()
  const keyOf = ({ projectId, ownerId }: CredentialOwner) => `${projectId}/${ownerId}`
  return {
    get(owner, stored) {
      const entry = entries.get(keyOf(owner))
      return entry?.sealed.equals(stored.sealed) ? entry.credential : undefined
    },
    set(owner, stored, credential) {
      const key = keyOf(owner)
      entries.delete(key)
      const [oldest] = entries.size >= maxEntries ? entries.keys() : []
      if (oldest !== undefined) entries.delete(oldest)
      entries.set(key, { sealed: Buffer.from(stored.sealed), credential })
    },
    delete: (owner) => void entries.delete(keyOf(owner)),
  }
}
