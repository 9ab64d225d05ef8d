import type { FieldError } from '../../errors.ts'
import { isDeeperThan } from '../../json-depth.ts'

/** As far as a schema says what is text: the rest of it does not matter here. */
interface TextSchema {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, TextSchema>>
  readonly patternProperties?: Readonly<Record<string, TextSchema>>
  readonly items?: TextSchema
  readonly anyOf?: readonly TextSchema[]
}

/** PostgreSQL has no NUL in texts, and half a surrogate pair becomes another character in UTF-8: two ids would be one. */
export const isStorableText = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/**
 * The first text that no database keeps as it is. Only what the schema declares as text is looked at: credentials, arguments
 * and bodies to pass on are the caller's own.
 */
export function findUnstorableText(schema: TextSchema, value: unknown, path = ''): FieldError | undefined {
  if (typeof value === 'string') {
    const isText = schema.type === 'string' || schema.anyOf?.some(({ type }) => type === 'string')
    return isText && !isStorableText(value) ? { path, message: 'must be text without NUL or broken characters' } : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { properties, items, anyOf } = schema
  const others = schema.patternProperties && Object.values(schema.patternProperties)[0]
  const fields = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(fields)) {
    const at = Array.isArray(value) ? items : properties && Object.hasOwn(properties, name) ? properties[name] : others
    const found = at && findUnstorableText(at, fields[name], path === '' ? name : `${path}.${name}`)
    if (found) return found
  }
  for (const branch of anyOf ?? []) {
    const found = findUnstorableText(branch, value, path)
    if (found) return found
  }
  return undefined
}

/** Far beyond what any API takes, far below what a recursive reader of JSON survives. */
const MAX_LEVELS = 200

export const isTooDeep = (value: unknown): boolean => isDeeperThan(value, MAX_LEVELS)

export const TOO_DEEP: FieldError = { path: '', message: `must not be nested deeper than ${MAX_LEVELS} levels` }
