/** The parts of /openapi.json that tests walk through. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly minItems?: number
}

interface RawOperation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
  }
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>>
}

export interface ApiDocument {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Operation extends RawOperation {
  readonly method: Method
  /** As the document has it: `/api/v3.1/auth_configs/{id}`. */
  readonly path: string
  readonly label: string
  readonly body: JsonSchema | undefined
  readonly query: readonly { readonly name: string; readonly schema: JsonSchema }[]
}

export const operationsOf = ({ paths }: ApiDocument): Operation[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([name, raw]) => {
      const method = name.toUpperCase() as Method
      return {
        ...raw,
        method,
        path,
        label: `${method} ${path}`,
        body: raw.requestBody?.content['application/json']?.schema,
        query: (raw.parameters ?? []).filter((parameter) => parameter.in === 'query'),
      }
    }),
  )

/** The smallest value that a schema takes; `undefined` where it says nothing. */
export function sampleOf(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return schema.anyOf[0] && sampleOf(schema.anyOf[0])
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return 'text'
    case 'number':
    case 'integer':
      return 1
    case 'boolean':
      return true
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}))
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]))
    default:
      return undefined
  }
}

export interface BodyField {
  /** `['parameters', '0', 'name']`. */
  readonly path: readonly string[]
  readonly schema: JsonSchema
}

/** Every declared field of a body, however deep, each before the ones in it. */
export function bodyFieldsOf(schema: JsonSchema, path: readonly string[] = []): BodyField[] {
  const own = path.length === 0 ? [] : [{ path, schema }]
  const branches = (schema.anyOf ?? []).flatMap((branch) => bodyFieldsOf(branch, path).slice(path.length === 0 ? 0 : 1))
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => bodyFieldsOf(inner, [...path, name]))
  const items = schema.items ? bodyFieldsOf(schema.items, [...path, '0']) : []
  return [...own, ...branches, ...properties, ...items]
}

/** A copy of `body` with one field replaced; what is missing on the way to it is made as its schema asks. */
export function withField(body: unknown, schema: JsonSchema, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const inner = innerSchema(schema, name)
  const replaced = (before: unknown) => withField(before ?? sampleOf(inner), inner, rest, value)
  if (name === '0') return [replaced(Array.isArray(body) ? body[0] : undefined)]
  const object = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
  return { ...object, [name]: replaced(object[name]) }
}

function innerSchema(schema: JsonSchema, name: string): JsonSchema {
  const found = schema.properties?.[name] ?? (name === '0' ? schema.items : undefined)
  if (found) return found
  const branch = schema.anyOf?.find((one) => one.properties?.[name] ?? (name === '0' && one.items))
  return branch ? innerSchema(branch, name) : {}
}
