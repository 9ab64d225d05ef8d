import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { Value } from 'typebox/value'
import { type FieldError, HoldfastError } from '../../errors.ts'
import { findUnstorableText, isTooDeep, TOO_DEEP } from './acceptable-values.ts'
import { writeReply } from './written-reply.ts'

interface SchemaIssue {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

const compiled = new WeakMap<TSchema, Validator>()

/** Compiled at first use and once for both API versions: a hundred schemas at start-up would cost more than the start. */
function validatorFor(schema: TSchema): Validator {
  const existing = compiled.get(schema)
  if (existing) return existing
  const validator = Compile(schema) as unknown as Validator
  compiled.set(schema, validator)
  return validator
}

/** Bodies are taken as they are (a number is not a string); everything in a URL is text, so it is converted first. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const isText = httpPart !== 'body'
  return (value) => {
    const validator = validatorFor(schema)
    const part = httpPart ?? 'body'
    if (!isText && isTooDeep(value)) return { error: refuse([TOO_DEEP], part) }
    const input = isText ? Value.Convert(schema, value) : value
    if (!validator.Check(input)) return { error: toRefusal(validator.Errors(input) as SchemaIssue[], part) }
    const unstorable = findUnstorableText(schema, input)
    return unstorable ? { error: refuse([unstorable], part) } : { value: input }
  }
}

/**
 * Plain JSON: a serializer compiled for each route costs a quarter of a second at start-up, and what may leave is decided
 * by each `toWire`, typed by the same schema. With `check` a reply that is not what the document promises throws (tests).
 */
export const serializerCompiler =
  ({ check }: { check: boolean }): FastifySerializerCompiler<TSchema> =>
  ({ schema, url, httpStatus }) => {
    if (!check) return writeReply
    return (reply) => {
      const text = writeReply(reply)
      const [issue] = validatorFor(schema).Errors(JSON.parse(text)) as SchemaIssue[]
      if (issue) throw new Error(`the ${httpStatus} reply of ${url} breaks its schema: ${issue.instancePath} ${issue.message}`)
      return text
    }
  }

export const toRefusal = (issues: readonly SchemaIssue[], httpPart: string): HoldfastError =>
  refuse(describeIssues(issues), httpPart)

function refuse(fields: readonly FieldError[], httpPart: string): HoldfastError {
  const [first] = fields
  if (!first?.path) {
    const part = httpPart === 'body' ? 'The request needs a JSON body: it' : `The ${httpPart}`
    return new HoldfastError('invalid_request', `${part} ${first?.message ?? 'is not acceptable'}.`, { fields })
  }
  return new HoldfastError('invalid_request', `${first.path} ${first.message}.`, { fields })
}

/** One line a field. A union fails once for each branch: the branch that got furthest says what is really wrong. */
function describeIssues(issues: readonly SchemaIssue[]): FieldError[] {
  const byPath = new Map<string, SchemaIssue[]>()
  for (const issue of issues) byPath.set(issue.instancePath, [...(byPath.get(issue.instancePath) ?? []), issue])
  const fields: FieldError[] = []
  for (const [pointer, atPath] of byPath) {
    const missing = atPath.flatMap(({ keyword, params }) =>
      keyword === 'required' && 'requiredProperties' in params ? (params.requiredProperties as string[]) : [],
    )
    for (const name of new Set(missing)) fields.push({ path: toPath(`${pointer}/${name}`), message: 'is required' })
    const isUnion = atPath.some(({ keyword }) => keyword === 'anyOf')
    const wentDeeper = isUnion && issues.some(({ instancePath }) => instancePath.startsWith(`${pointer}/`))
    if (missing.length === 0 && !wentDeeper) fields.push({ path: toPath(pointer), message: describeOne(atPath) })
  }
  return fields.length > 0 ? fields : [{ path: '', message: 'is not acceptable' }]
}

function describeOne(issues: readonly SchemaIssue[]): string {
  const allowed = issues.flatMap(({ params }) => {
    if ('allowedValue' in params) return [String(params.allowedValue)]
    return 'allowedValues' in params ? (params.allowedValues as unknown[]).map(String) : []
  })
  const types = issues.flatMap(({ keyword, params }) => (keyword === 'type' && 'type' in params ? [String(params.type)] : []))
  if (allowed.length > 0) return `must be one of ${[...new Set([...allowed, ...types])].join(', ')}`
  if (types.length > 0) return `must be ${[...new Set(types)].join(' or ')}`
  return issues[0]?.message ?? 'is not acceptable'
}

/** `/connection/state/val` → `connection.state.val`. */
const toPath = (pointer: string) =>
  pointer
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
