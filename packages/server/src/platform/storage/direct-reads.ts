/**
 * Where the database is in the process, a read is a function call: it needs no turn of the event loop, unless somebody holds
 * the connection. Undefined then: ask again the usual way, which waits.
 */
export interface DirectReads {
  read(sql: string, parameters: readonly unknown[]): unknown[] | undefined
  /** While it stays the same number, every read gives the same rows: nothing was written, here or by another process. */
  epoch(): number | undefined
}

const byAdapter = new WeakMap<object, DirectReads>()

export const offerDirectReads = (adapter: object, reads: DirectReads): void => void byAdapter.set(adapter, reads)

export const directReadsOf = (adapter: object): DirectReads | undefined => byAdapter.get(adapter)
