import type { Compilable, CompiledQuery } from 'kysely'
import { directReadsOf } from './direct-reads.ts'
import { keepPrepared } from './prepared-statements.ts'
import type { Db } from './schema.ts'

/** Answers remembered for one query of one database. */
const MAX_REMEMBERED = 5_000

interface Prepared<Row, Value> {
  readonly query: CompiledQuery<Row>
  /** All of them are of this moment: whatever is written ends them together. */
  epoch: number
  readonly remembered: Map<string, Value>
}

/**
 * A read that is built and compiled once and then only filled in: Kysely does both anew at each call, which takes longer than
 * SQLite takes to answer. `build` gets a stand-in for each named text value; where one lands among the parameters, the value
 * of the call lands. Where the database says that nothing was written since, it is not asked again, and what `toValue` made of
 * the rows is the same object: not to be changed, but whatever is derived from it may be kept with it.
 */
export function hotQuery<Name extends string, Row, Value = readonly Row[]>(
  names: readonly Name[],
  build: (db: Db, standIns: Readonly<Record<Name, string>>) => Compilable<Row>,
  toValue: (rows: readonly Row[]) => Value = (rows) => rows as Value,
): (db: Db, values: Readonly<Record<Name, string>>) => Value | Promise<Value> {
  const standIns = Object.fromEntries(names.map((name) => [name, `\0${name}`])) as Record<Name, string>
  const nameOf = new Map<unknown, Name>(names.map((name) => [standIns[name], name]))
  // The adapter is one and the same for a database and for all of its transactions.
  const preparedFor = new WeakMap<object, Prepared<Row, Value>>()

  const prepare = (db: Db, adapter: object): Prepared<Row, Value> => {
    const prepared = { query: build(db, standIns).compile(), epoch: 0, remembered: new Map() }
    keepPrepared(prepared.query.sql)
    preparedFor.set(adapter, prepared)
    return prepared
  }
  const keyOf = (values: Readonly<Record<Name, string>>): string => {
    let key = ''
    for (const name of names) key += `${values[name].length}:${values[name]},`
    return key
  }
  const fillIn = ({ parameters }: CompiledQuery, values: Readonly<Record<Name, string>>): unknown[] =>
    parameters.map((parameter) => {
      const name = nameOf.get(parameter)
      return name === undefined ? parameter : values[name]
    })
  const ask = async (db: Db, { query }: Prepared<Row, Value>, values: Readonly<Record<Name, string>>): Promise<Value> => {
    const { query: node, queryId, sql } = query
    return toValue((await db.executeQuery<Row>({ query: node, queryId, sql, parameters: fillIn(query, values) })).rows)
  }
  return (db, values) => {
    const { adapter } = db.getExecutor()
    const prepared = preparedFor.get(adapter) ?? prepare(db, adapter)
    // A transaction holds the connection, so that nothing is read past it, by itself or by others.
    const direct = directReadsOf(adapter)
    const epoch = direct?.epoch()
    if (direct === undefined || epoch === undefined) return ask(db, prepared, values)
    const { query, remembered } = prepared
    if (prepared.epoch !== epoch || remembered.size >= MAX_REMEMBERED) {
      remembered.clear()
      prepared.epoch = epoch
    }
    const key = keyOf(values)
    const known = remembered.get(key)
    if (known !== undefined) return known
    const rows = direct.read(query.sql, fillIn(query, values))
    if (rows === undefined) return ask(db, prepared, values)
    const value = toValue(rows as Row[])
    remembered.set(key, value)
    return value
  }
}
