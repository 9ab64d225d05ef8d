import type { Compilable, CompiledQuery } from 'kysely'
import { directReadsOf } from './direct-reads.ts'
import type { Db } from './schema.ts'

/** Answers remembered for one query of one database. */
const MAX_REMEMBERED = 5_000

interface Remembered<Row> {
  readonly epoch: number
  readonly rows: readonly Row[]
}

interface Prepared<Row> {
  readonly query: CompiledQuery<Row>
  readonly remembered: Map<string, Remembered<Row>>
}

/**
 * A read that is built and compiled once and then only filled in: Kysely does both anew at each call, which takes longer than
 * SQLite takes to answer. `build` gets a stand-in for each named text value; where one lands among the parameters, the value
 * of the call lands. Where the database says that nothing was written since, it is not asked again: rows are not to be changed.
 */
export function hotQuery<Name extends string, Row>(
  names: readonly Name[],
  build: (db: Db, standIns: Readonly<Record<Name, string>>) => Compilable<Row>,
): (db: Db, values: Readonly<Record<Name, string>>) => Promise<readonly Row[]> {
  const standIns = Object.fromEntries(names.map((name) => [name, `\0${name}`])) as Record<Name, string>
  const nameOf = new Map<unknown, Name>(names.map((name) => [standIns[name], name]))
  // The adapter is one and the same for a database and for all of its transactions.
  const preparedFor = new WeakMap<object, Prepared<Row>>()

  const prepare = (db: Db, adapter: object): Prepared<Row> => {
    const prepared = { query: build(db, standIns).compile(), remembered: new Map() }
    preparedFor.set(adapter, prepared)
    return prepared
  }
  const fillIn = ({ parameters }: CompiledQuery, values: Readonly<Record<Name, string>>): unknown[] =>
    parameters.map((parameter) => {
      const name = nameOf.get(parameter)
      return name === undefined ? parameter : values[name]
    })
  return async (db, values) => {
    const { adapter } = db.getExecutor()
    const { query, remembered } = preparedFor.get(adapter) ?? prepare(db, adapter)
    // A transaction holds the connection, so that nothing is read past it, by itself or by others.
    const direct = directReadsOf(adapter)
    const epoch = direct?.epoch()
    if (direct && epoch !== undefined) {
      const key = names.map((name) => `${values[name].length}:${values[name]}`).join()
      const known = remembered.get(key)
      if (known?.epoch === epoch) return known.rows
      const rows = direct.read(query.sql, fillIn(query, values)) as Row[] | undefined
      if (rows) {
        if (remembered.size >= MAX_REMEMBERED) remembered.clear()
        remembered.set(key, { epoch, rows })
        return rows
      }
    }
    const { query: node, queryId, sql } = query
    return (await db.executeQuery<Row>({ query: node, queryId, sql, parameters: fillIn(query, values) })).rows
  }
}
