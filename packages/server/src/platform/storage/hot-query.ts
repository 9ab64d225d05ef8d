import type { Compilable, CompiledQuery } from 'kysely'
import { directReadOf } from './direct-reads.ts'
import type { Db } from './schema.ts'

/**
 * A read that is built and compiled once and then only filled in: Kysely does both anew at each call, which takes longer than
 * SQLite takes to answer. `build` gets a stand-in for each named text value; where one lands among the parameters, the value
 * of the call lands.
 */
export function hotQuery<Name extends string, Row>(
  names: readonly Name[],
  build: (db: Db, standIns: Readonly<Record<Name, string>>) => Compilable<Row>,
): (db: Db, values: Readonly<Record<Name, string>>) => Promise<Row[]> {
  const standIns = Object.fromEntries(names.map((name) => [name, `\0${name}`])) as Record<Name, string>
  const nameOf = new Map<unknown, Name>(names.map((name) => [standIns[name], name]))
  // The adapter is one and the same for a database and for all of its transactions.
  const compiled = new WeakMap<object, CompiledQuery<Row>>()

  const compile = (db: Db, adapter: object): CompiledQuery<Row> => {
    const query = build(db, standIns).compile()
    compiled.set(adapter, query)
    return query
  }
  return async (db, values) => {
    const { adapter } = db.getExecutor()
    const { query, queryId, sql, parameters } = compiled.get(adapter) ?? compile(db, adapter)
    const filled = parameters.map((parameter) => {
      const name = nameOf.get(parameter)
      return name === undefined ? parameter : values[name]
    })
    // Within a transaction the connection is its own, and only Kysely knows which one that is.
    const rows = db.isTransaction ? undefined : directReadOf(adapter)?.(sql, filled)
    return rows ? (rows as Row[]) : (await db.executeQuery<Row>({ query, queryId, sql, parameters: filled })).rows
  }
}
