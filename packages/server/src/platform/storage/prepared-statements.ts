import { hash } from 'node:crypto'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'

/** By their text. Only what the server itself builds once gets here, so that they are few. */
const names = new Map<string, string>()

/** PostgreSQL plans this statement once for each connection: planning a join of four tables takes ten times as long as the join. */
export function keepPrepared(sql: string): void {
  // The same for the same text on every server, should a pooler hand connections around between them.
  if (!names.has(sql)) names.set(sql, `hot_${hash('sha256', sql, 'hex').slice(0, 24)}`)
}

/**
 * Invalid and duplicate statement name: a pooler in between gives each transaction another connection, and keeps no names apart.
 * And a plan whose table has changed its columns under it.
 */
const NOT_KEPT = new Set(['26000', '42P05', '0A000'])

/** The pool as Kysely uses it. What `keepPrepared` was told of goes by name, until a pooler turns out not to know names. */
export function preparing(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  let namesHold = true

  const wrap = (client: pg.PoolClient): PostgresPoolClient => {
    const plainly = (text: string, values: readonly unknown[]) => client.query(text, [...values])
    const byName = async (name: string, text: string, values: readonly unknown[]) => {
      try {
        return await client.query({ name, text, values: [...values] })
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && NOT_KEPT.has(String(error.code)))) throw error
        namesHold = false
        return plainly(text, values)
      }
    }
    const query = (text: unknown, values: readonly unknown[] = []) => {
      if (typeof text !== 'string') throw new Error('cursors are not used here')
      const name = namesHold ? names.get(text) : undefined
      return name === undefined ? plainly(text, values) : byName(name, text, values)
    }
    return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release() }
  }
  return {
    async connect() {
      const client = await pool.connect()
      const known = wrapped.get(client) ?? wrap(client)
      wrapped.set(client, known)
      return known
    },
    end: () => pool.end(),
  }
}
