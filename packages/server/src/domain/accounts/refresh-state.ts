import type { Account } from './account.ts'
import type { AccountForUse } from './account-use.repository.ts'
import type { Refreshed } from './grant-refresh.ts'

/** What one server remembers of its refreshes. What all of them must know stands in the database. */
export interface RefreshState {
  /** Refreshes under way here: calls of one server wait for one promise, not each for the database. */
  readonly flights: Map<string, Promise<Refreshed>>
  /** While another server refreshes, the row is looked at as often for a thousand waiting calls as for one. */
  readonly looks: Map<string, Promise<AccountForUse>>
  readonly pauses: Map<string, Promise<void>>
  /** The version of a grant that the upstream refused though it was fresh: refreshing it again would change nothing. */
  readonly refusedFresh: Map<string, number>
  /** The version of a grant of which the app was told here that it expired. */
  readonly toldExpired: Map<string, number>
}

export const createRefreshState = (): RefreshState => ({
  flights: new Map(),
  looks: new Map(),
  pauses: new Map(),
  refusedFresh: new Map(),
  toldExpired: new Map(),
})

/** What runs under this key already, or `begin` for all who come until it is done. */
export function joinOrBegin<T>(running: Map<string, Promise<T>>, key: string, begin: () => Promise<T>): Promise<T> {
  const joined = running.get(key)
  if (joined) return joined
  const begun = begin().finally(() => running.delete(key))
  running.set(key, begun)
  return begun
}

export const stateKey = ({ projectId, id }: Pick<Account, 'projectId' | 'id'>): string => `${projectId}/${id}`

const MAX_REMEMBERED = 5_000

export function remember(versions: Map<string, number>, key: string, version: number): void {
  const [oldest] = versions.size >= MAX_REMEMBERED ? versions.keys() : []
  if (oldest !== undefined) versions.delete(oldest)
  versions.set(key, version)
}
