import { HoldfastError } from '../../errors.ts'
import type { ListExpansion } from '../toolkits/definition.ts'
import { readPath, writePath } from '../toolkits/json-path.ts'

export interface FetchedItem {
  readonly data: Record<string, unknown>
  readonly error: string | null
  /** Bytes that the upstream sent for it. */
  readonly size: number
}

/** Calls the expansion's tool with these arguments. */
export type FetchItem = (args: Readonly<Record<string, unknown>>) => Promise<FetchedItem>

const DEFAULT_CONCURRENCY = 4
/** As much as a single answer may have: what comes after that stays as it was listed. */
const MAX_TOTAL_BYTES = 25 * 1024 * 1024
/** No further item is asked for after this: the caller waits for all of it. */
const MAX_TIME_MS = 60_000

/** The answer with its list fetched item by item, in order. `args` are the call's own, with their defaults. */
export async function expandList(
  expansion: ListExpansion,
  data: Record<string, unknown>,
  args: Readonly<Record<string, unknown>>,
  fetchItem: FetchItem,
  now: () => number,
): Promise<Record<string, unknown>> {
  const list = readPath(data, expansion.items)
  if (!Array.isArray(list) || (expansion.unless !== undefined && args[expansion.unless] === true)) return data
  const fixed = { ...expansion.arguments, ...pick(expansion.from_arguments, (own) => args[own]) }
  const expanded: unknown[] = [...list]
  const until = now() + MAX_TIME_MS
  const count = Math.min(list.length, expansion.max)
  let next = 0
  let total = 0

  const work = async () => {
    while (next < count) {
      const index = next++
      const item: unknown = list[index]
      if (total > MAX_TOTAL_BYTES || now() > until) {
        expanded[index] = withError(item, 'The answer is large enough, or took long enough, without it. Fetch it by itself.')
        continue
      }
      const fetched = await attempt(() => fetchItem({ ...fixed, ...pick(expansion.from_item, (path) => readPath(item, path)) }))
      total += fetched.size
      expanded[index] = fetched.error === null ? fetched.data : withError(item, fetched.error)
    }
  }
  await Promise.all(Array.from({ length: Math.min(expansion.concurrency ?? DEFAULT_CONCURRENCY, count) }, work))

  const result = { ...data }
  writePath(result, expansion.items, expanded)
  return result
}

const pick = (names: Readonly<Record<string, string>> = {}, read: (source: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, source]) => {
      const value = read(source)
      return value === undefined || value === null ? [] : [[name, value]]
    }),
  )

/** One item that cannot be had must not take the others with it. */
async function attempt(fetchItem: () => Promise<FetchedItem>): Promise<FetchedItem> {
  try {
    return await fetchItem()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { data: {}, error: error.message, size: 0 }
  }
}

const withError = (item: unknown, reason: string): unknown =>
  typeof item === 'object' && item !== null ? { ...item, expand_error: reason } : { item, expand_error: reason }
