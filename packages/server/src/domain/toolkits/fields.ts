import type { FieldError } from '../../errors.ts'
import type { FieldDescriptor } from './definition.ts'
import { isFieldShown } from './field-visibility.ts'
import { jsonFaultOf } from './json-fields.ts'

export interface NormalisedFields {
  /** Under the fields' own names; what no field describes is kept as it came and never used. */
  readonly values: Readonly<Record<string, unknown>>
  /** `path` is the field's name; the message continues it ("is required") and never repeats a value. */
  readonly errors: readonly FieldError[]
}

/** Longer than any key or service-account file; what is longer is a mistake or an attack on the patterns. */
const MAX_VALUE_CHARACTERS = 65_536
const HOST_NAME = /^(?=.{1,253}$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i

const isIpv6 = (value: string): boolean => /^[\da-f:.]+$/i.test(value) && URL.canParse(`https://[${value}]/`)

const FORMATS: Readonly<Record<NonNullable<FieldDescriptor['format']>, { test: (value: string) => boolean; says: string }>> = {
  hostname: { test: (value) => HOST_NAME.test(value) || isIpv6(value), says: 'must be a host name such as api.example.com' },
  uri: { test: (value) => /^https?:\/\//i.test(value) && URL.canParse(value), says: 'must be a URL such as https://example.com' },
  uuid: { test: (value) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value), says: 'must be a UUID' },
  email: { test: (value) => /^[^\s@]+@[^\s@]+$/.test(value), says: 'must be an e-mail address' },
}

/** Null and empty text stand for nothing. */
export const hasValue = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/** Text for numbers and booleans is taken: environment files and tables know nothing else. */
function coerce({ type = 'string', json }: FieldDescriptor, value: unknown): unknown {
  if (json && typeof value === 'object' && value !== null) return JSON.stringify(value)
  if (typeof value !== 'string') return typeof value === type ? value : undefined
  if (type === 'number') return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : undefined
  return value
}

const patterns = new Map<string, RegExp>()

function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const pattern = new RegExp(`^(?:${source})$`, 'u')
  patterns.set(source, pattern)
  return pattern
}

function bareOf({ prefix = '', suffix = '' }: FieldDescriptor, value: string): string {
  const start = prefix !== '' && value.startsWith(prefix) ? prefix.length : 0
  const end = suffix !== '' && value.length > start && value.endsWith(suffix) ? value.length - suffix.length : value.length
  return value.slice(start, Math.max(end, start))
}

function faultOf(field: FieldDescriptor, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value.length > MAX_VALUE_CHARACTERS) return `must not be longer than ${MAX_VALUE_CHARACTERS} characters`
  const bare = bareOf(field, value)
  if (field.enum && !field.enum.includes(value) && !field.enum.includes(bare)) return `must be one of ${field.enum.join(', ')}`
  if (field.pattern !== undefined && !patternOf(field.pattern).test(bare) && !patternOf(field.pattern).test(value))
    return `must match ${field.pattern}${field.example === undefined ? '' : `, as ${field.example} does`}`
  if (field.json) return jsonFaultOf(field.json, value)
  const format = field.format && FORMATS[field.format]
  return format && !format.test(value) ? format.says : undefined
}

const completed = (field: FieldDescriptor, value: unknown): unknown =>
  typeof value === 'string' && (field.prefix || field.suffix)
    ? `${field.prefix ?? ''}${bareOf(field, value)}${field.suffix ?? ''}`
    : value

/** The names of a field under which something came, its own first. */
const givenNames = ({ name, aliases = [] }: FieldDescriptor, given: Readonly<Record<string, unknown>>): string[] =>
  [name, ...aliases].filter((candidate) => Object.hasOwn(given, candidate))

/**
 * What an import brought, under the names that the descriptors give, with defaults, prefixes and suffixes filled in.
 * A field counts as left out when it is absent, null or empty text.
 */
export function normaliseFields(
  descriptors: readonly FieldDescriptor[],
  given: Readonly<Record<string, unknown>>,
): NormalisedFields {
  const values: Record<string, unknown> = { ...given }
  const errors: FieldError[] = []
  const own = new Set(descriptors.map(({ name }) => name))
  const taken = new Map<FieldDescriptor, unknown>()
  for (const field of descriptors) {
    const names = givenNames(field, given).filter((name) => name === field.name || !own.has(name))
    taken.set(field, names.map((name) => given[name]).find(hasValue) ?? field.default)
    for (const name of names) delete values[name]
  }
  const isFilled = (name: string) => [...taken].some(([field, value]) => field.name === name && hasValue(value))
  const valueNamed = (name: string) => [...taken].find(([field]) => field.name === name)?.[1]
  for (const [field, raw] of taken) {
    if (!hasValue(raw)) {
      if (field.required && isFieldShown(field, valueNamed) && !field.required_unless?.some(isFilled))
        errors.push({ path: field.name, message: 'is required' })
      continue
    }
    const value = coerce(field, raw)
    const fault = value === undefined ? `must be of type ${field.type ?? 'string'}` : faultOf(field, value)
    if (fault !== undefined) errors.push({ path: field.name, message: fault })
    else values[field.name] = completed(field, value)
  }
  return { values, errors }
}
