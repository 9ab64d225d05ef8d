import { HoldfastError } from '../../errors.ts'
import { isStorableText } from './acceptable-values.ts'

export type CursorValue = string | number

const VERSION = 1
const MAX_LENGTH = 2048

/** Opaque to clients. `tag` names the list and its order, such as `accounts:created_at:desc`. */
export const encodeCursor = (values: readonly CursorValue[], tag: string): string =>
  Buffer.from(JSON.stringify([VERSION, tag, ...values])).toString('base64url')

/** The values that `encodeCursor` got for the same `tag`; a cursor of another list or order is refused. */
export function decodeCursor(cursor: string, tag: string): CursorValue[] {
  const [version, itsTag, ...values] = parseCursor(cursor)
  if (version !== VERSION || itsTag !== tag || !values.every(isCursorValue)) throw refusal()
  return values
}

/** Of a list that is ordered by a time and then by id. Whatever the cursor holds reaches the database: it is checked first. */
export function decodePosition(cursor: string, tag: string): { readonly time: number; readonly id: string } {
  const [time, id, ...others] = decodeCursor(cursor, tag)
  if (typeof time !== 'number' || typeof id !== 'string' || others.length > 0) throw refusal()
  return { time, id }
}

function parseCursor(cursor: string): unknown[] {
  if (cursor.length > MAX_LENGTH || !/^[\w-]+$/.test(cursor)) throw refusal()
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parsed)) return parsed
  } catch {
    // not ours: refused below
  }
  throw refusal()
}

const isCursorValue = (value: unknown): value is CursorValue =>
  typeof value === 'string' ? isStorableText(value) : Number.isSafeInteger(value)

const refusal = () =>
  new HoldfastError('invalid_cursor', 'This cursor does not belong to this list in this order.', {
    fix: 'Pass next_cursor of the previous page unchanged, with the same filters and order, or leave cursor out.',
    fields: [{ path: 'cursor', message: 'does not belong to this list' }],
  })

export interface Page<Item> {
  readonly items: Item[]
  readonly next_cursor: string | null
  readonly total_items: number
  readonly total_pages: number
  readonly current_page: number
}

export interface PageInput<Item> {
  readonly items: Item[]
  readonly nextCursor: string | null | undefined
  readonly totalItems: number
  readonly limit: number
  readonly currentPage?: number
}

export const toPage = <Item>({ items, nextCursor, totalItems, limit, currentPage = 1 }: PageInput<Item>): Page<Item> => ({
  items,
  next_cursor: nextCursor ?? null,
  total_items: totalItems,
  total_pages: Math.ceil(totalItems / limit),
  current_page: currentPage,
})
