import type { CompiledQuery, DatabaseConnection, Dialect, Driver } from 'kysely'
import { HoldfastError } from '../../errors.ts'

/** SQLSTATEs that say nothing about the statement: connections broken or refused, a server that starts, stops or fails over. */
const POSTGRES_TRANSIENT = /^(?:08...|57P0[1235]|53300|25006|40001|40P01)$/
const SOCKET = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EADDRNOTAVAIL'.split(' '),
)
/** The driver and its pool give these no code. */
const MESSAGES = /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/
/** SQLITE_BUSY and its kin: another process has held the file for longer than we wait. */
const SQLITE_BUSY = 5

/** Whether the database could not be asked, in contrast to having refused what it was asked. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errcode' in error) return (Number(error.errcode) & 0xff) === SQLITE_BUSY
  const code = 'code' in error ? String(error.code) : ''
  return POSTGRES_TRANSIENT.test(code) || SOCKET.has(code) || MESSAGES.test(error.message)
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isOutage(error)) throw error
    throw new HoldfastError('service_unavailable', 'The database cannot be reached at this moment.', {
      cause: error,
      fix: 'Try again in a moment.',
    })
  }
}

/** The same dialect, whose outages are `service_unavailable` and not faults that nobody knows. */
export const reportingOutages = (dialect: Dialect): Dialect => ({
  createAdapter: () => dialect.createAdapter(),
  createDriver: () => reporting(dialect.createDriver()),
  createIntrospector: (db) => dialect.createIntrospector(db),
  createQueryCompiler: () => dialect.createQueryCompiler(),
})

interface ReportingConnection extends DatabaseConnection {
  readonly inner: DatabaseConnection
}

function reporting(driver: Driver): Driver {
  // The driver knows its connections again by identity, and so does whoever holds one of these.
  const known = new WeakMap<DatabaseConnection, ReportingConnection>()
  const wrap = (inner: DatabaseConnection): ReportingConnection => {
    const wrapped = known.get(inner) ?? {
      inner,
      executeQuery: <R>(query: CompiledQuery) => orUnavailable(inner.executeQuery<R>(query)),
      streamQuery: <R>(query: CompiledQuery, chunkSize?: number) => inner.streamQuery<R>(query, chunkSize),
    }
    known.set(inner, wrapped)
    return wrapped
  }
  const unwrap = (connection: DatabaseConnection) => (connection as ReportingConnection).inner
  return {
    init: () => driver.init(),
    acquireConnection: async () => wrap(await orUnavailable(driver.acquireConnection())),
    beginTransaction: (connection, settings) => orUnavailable(driver.beginTransaction(unwrap(connection), settings)),
    commitTransaction: (connection) => orUnavailable(driver.commitTransaction(unwrap(connection))),
    rollbackTransaction: (connection) => orUnavailable(driver.rollbackTransaction(unwrap(connection))),
    releaseConnection: (connection) => driver.releaseConnection(unwrap(connection)),
    destroy: () => driver.destroy(),
  }
}
