import type { Compilable, CompiledQuery } from 'kysely'
import { keepPrepared } from './prepared-statements.ts'
import type { Db, Trx } from './schema.ts'

/** Rows a statement. Few sizes, so that few statements stay prepared, whatever the number of rows. */
const SIZES = [64, 16, 4, 1]

/**
 * Inserts many rows by statements that are built and compiled once. `build` makes one for as many rows as it is given; all rows
 * have the same columns, none of them left undefined.
 */
export function hotInsert<Row extends object>(
  build: (db: Db, rows: readonly Row[]) => Compilable<unknown>,
): (trx: Trx, rows: readonly Row[]) => Promise<void> {
  const compiled = new WeakMap<object, Map<number, CompiledQuery>>()

  const compile = (trx: Trx, rows: readonly Row[]): CompiledQuery => {
    const { adapter } = trx.getExecutor()
    const bySize = compiled.get(adapter) ?? new Map<number, CompiledQuery>()
    compiled.set(adapter, bySize)
    const known = bySize.get(rows.length)
    if (known) return known
    const query = build(trx, rows).compile()
    bySize.set(rows.length, query)
    keepPrepared(query.sql)
    return query
  }
  return async (trx, rows) => {
    const [first] = rows
    if (!first) return
    // The order in which the builder met the columns.
    const columns = Object.keys(first) as (keyof Row)[]
    let at = 0
    for (const size of SIZES)
      for (; rows.length - at >= size; at += size) {
        const some = rows.slice(at, at + size)
        const { query, queryId, sql, parameters: expected } = compile(trx, some)
        const parameters = some.flatMap((row) => columns.map((column) => row[column]))
        if (parameters.length !== expected.length) throw new Error('a hot insert binds every column of every row')
        await trx.executeQuery({ query, queryId, sql, parameters })
      }
  }
}
