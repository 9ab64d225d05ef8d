/**
 * Where the database is in the process, a read is a function call: it needs no turn of the event loop, unless somebody holds
 * the connection. Undefined then: ask again the usual way, which waits.
 */
export type DirectRead = (sql: string, parameters: readonly unknown[]) => unknown[] | undefined

const byAdapter = new WeakMap<object, DirectRead>()

export const offerDirectReads = (adapter: object, read: DirectRead): void => void byAdapter.set(adapter, read)

export const directReadOf = (adapter: object): DirectRead | undefined => byAdapter.get(adapter)
