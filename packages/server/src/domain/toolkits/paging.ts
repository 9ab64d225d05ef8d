import { HoldfastError } from '../../errors.ts'

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Null on the last page. */
  readonly nextCursor: string | null
  /** All that match, on every page. */
  readonly total: number
}

type SortKey = string | number

export interface Ranked<Item> {
  readonly item: Item
  /** Ascending order of the list; the last part must be unique. */
  readonly key: readonly SortKey[]
}

export function compareKeys(a: readonly SortKey[], b: readonly SortKey[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined || left > right) return 1
    if (left < right) return -1
  }
  return 0
}

const encodeCursor = (key: readonly SortKey[]): string => Buffer.from(JSON.stringify(key)).toString('base64url')

function decodeCursor(cursor: string, shape: readonly SortKey[] | undefined): readonly SortKey[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const isKey = (value: unknown): value is SortKey[] =>
      Array.isArray(value) &&
      (!shape || (value.length === shape.length && value.every((part, index) => typeof part === typeof shape[index])))
    if (isKey(key)) return key
  } catch {
    // Whatever it was, we did not write it.
  }
  throw new HoldfastError('invalid_cursor', 'The cursor is not one that this list gave.', {
    fix: 'Use next_cursor of the page before, with the same filters and order, or leave the cursor out.',
    fields: [{ path: 'cursor', message: 'does not belong to this list' }],
  })
}

/** A page after the cursor's place: a place, not a number, so it stays right when the catalogue changes between two pages. */
export function pageOf<Item>(sorted: readonly Ranked<Item>[], limit: number, cursor: string | undefined): Page<Item> {
  const after = cursor === undefined || cursor === '' ? undefined : decodeCursor(cursor, sorted[0]?.key)
  const found = after === undefined ? 0 : sorted.findIndex(({ key }) => compareKeys(key, after) > 0)
  const start = found < 0 ? sorted.length : found
  const rows = sorted.slice(start, start + limit)
  const last = rows.at(-1)
  return {
    items: rows.map(({ item }) => item),
    nextCursor: last && start + rows.length < sorted.length ? encodeCursor(last.key) : null,
    total: sorted.length,
  }
}
