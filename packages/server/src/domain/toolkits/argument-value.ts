import { writePath } from './json-path.ts'
import type { ArgumentRoute } from './tool-input.ts'

/** How an argument's value is rewritten on its way: given plainly by the caller, shaped as the provider wants it. */
export type ValueShape = Pick<ArgumentRoute, 'each' | 'prefix' | 'quote'>

const QUOTED = {
  /** OData and SQL: a quote inside is doubled. */
  single: (text: string) => `'${text.replaceAll("'", "''")}'`,
  double: (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`,
} as const

function shapeText({ prefix, quote }: ValueShape, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = quote === undefined ? value : QUOTED[quote](value)
  return prefix === undefined || value.startsWith(prefix) ? text : `${prefix}${text}`
}

function wrapItem(path: string | undefined, item: unknown): unknown {
  if (path === undefined) return item
  const wrapper: Record<string, unknown> = {}
  writePath(wrapper, path, item)
  return wrapper
}

export function shapeValue(shape: ValueShape, value: unknown): unknown {
  if (shape.each === undefined && shape.prefix === undefined && shape.quote === undefined) return value
  if (!Array.isArray(value)) return shapeText(shape, value)
  return value.map((item) => wrapItem(shape.each, shapeText(shape, item)))
}
