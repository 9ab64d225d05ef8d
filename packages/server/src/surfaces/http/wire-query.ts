import { parse } from 'node:querystring'
import { Type } from 'typebox'
import { HoldfastError } from '../../errors.ts'

/**
 * Linear in the length of the query, which Node bounds with the head of the request. `a[]=x` and `a[0]=x` count as `a=x`;
 * no pair is dropped, since a filter that silently lost a value would answer with too much.
 */
export function parseQuery(text: string): Record<string, string | string[]> {
  const flat = parse(text, '&', '=', { maxKeys: 0 }) as Record<string, string | string[]>
  if (!text.includes('[') && !/%5b/i.test(text)) return flat
  const merged: Record<string, string[]> = Object.create(null)
  for (const [key, value] of Object.entries(flat)) {
    const name = /^[^[]+(?=\[\d*\]$)/.exec(key)?.[0] ?? key
    const list = merged[name] ?? []
    for (const one of typeof value === 'string' ? [value] : value) list.push(one)
    merged[name] = list
  }
  const result: Record<string, string | string[]> = Object.create(null)
  for (const [key, list] of Object.entries(merged)) result[key] = list.length === 1 ? (list[0] ?? '') : list
  return result
}

/** The schema of an array filter; read its value with `readList`. */
export const listParam = (description: string) =>
  Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String())], {
      description: `${description} Repeat the parameter, or give one comma list, or one JSON list (needed for values with commas).`,
    }),
  )

/** The values of an array filter, or undefined when it filters nothing. */
export function readList(value: string | readonly string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const values = new Set<string>()
  for (const text of typeof value === 'string' ? [value] : value) for (const one of splitList(text)) values.add(one)
  return values.size > 0 ? [...values] : undefined
}

function splitList(text: string): string[] {
  const list = text.trimStart().startsWith('[') ? readJsonList(text) : undefined
  return (list ?? text.split(',')).map((one) => one.trim()).filter((one) => one !== '')
}

function readJsonList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined
  } catch {
    return undefined // a value that merely begins with a bracket
  }
}

/** `true` and `false` as text or as JSON has them. */
export function readBoolean(value: string | boolean | undefined, field: string): boolean | undefined {
  if (value === undefined || value === '') return undefined
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw refuseField(field, 'must be true or false')
}

export interface LimitOptions {
  readonly default: number
  readonly max: number
  readonly field?: string
}

/** A page size. More than `max` is not an error: the answer is a page of `max` with a cursor to the next. */
export function readLimit(value: string | number | undefined, { default: fallback, max, field = 'limit' }: LimitOptions): number {
  if (value === undefined || value === '') return fallback
  const limit = Number(value)
  if (!Number.isInteger(limit) || limit < 1) throw refuseField(field, 'must be a whole number of 1 or more')
  return Math.min(limit, max)
}

const refuseField = (path: string, message: string) =>
  new HoldfastError('invalid_request', `${path} ${message}.`, { fields: [{ path, message }] })
