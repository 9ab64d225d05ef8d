import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type FieldError, HoldfastError } from '../../errors.ts'
import type { JsonSchema } from './definition.ts'
import type { Tool } from './toolkit.ts'

/** Said about an input, of no weight for its check. */
const ANNOTATIONS = ['example', 'file_uploadable', 'file_downloadable']

let shared: Ajv2020 | undefined

/** Strict about unknown keywords, so that a misspelt one in a tool file is found and not silently without effect. */
function sharedAjv(): Ajv2020 {
  if (!shared) {
    shared = new Ajv2020({
      allErrors: true,
      useDefaults: true,
      strict: true,
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
    })
    addFormats.default(shared)
    shared.addVocabulary(ANNOTATIONS)
  }
  return shared
}

const compiled = new WeakMap<JsonSchema, ValidateFunction>()

/** @throws Error of the schema compiler when the schema is not valid */
export function compileInput(schema: JsonSchema): ValidateFunction {
  let validate = compiled.get(schema)
  if (!validate) {
    validate = sharedAjv().compile(schema)
    compiled.set(schema, validate)
  }
  return validate
}

function pathOf(pointer: string, last?: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (last !== undefined) steps.push(last)
  return steps.reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : `${path}.${step}`), 'arguments')
}

/** No message repeats a value: arguments may be private. */
function toFieldError({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  switch (keyword) {
    case 'required':
      return { path: pathOf(instancePath, String(params['missingProperty'])), message: 'is required' }
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return {
        path: pathOf(instancePath, String(params['additionalProperty'] ?? params['unevaluatedProperty'])),
        message: 'is not an argument of this tool',
      }
    case 'enum':
      return {
        path: pathOf(instancePath),
        message: `must be one of ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`,
      }
    default:
      return { path: pathOf(instancePath), message: message ?? 'is not valid' }
  }
}

export function invalidArguments(toolSlug: string, fields: readonly FieldError[]): HoldfastError {
  const text = fields.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new HoldfastError('invalid_tool_arguments', `The arguments of ${toolSlug} are not valid: ${text}.`, {
    fix: 'Compare the arguments with the input_parameters of the tool.',
    fields,
  })
}

/** Arguments are JSON; the general clone of the platform takes ten times as long. */
function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) if (typeof copy[key] === 'object') copy[key] = copyJson(copy[key])
  return copy
}

/**
 * The arguments as the request takes them: checked, with the schema's defaults filled in. The given object is not changed.
 * @throws HoldfastError `invalid_tool_arguments` with every offending path, such as `arguments.message.to[0]`
 */
export function validateArguments(tool: Pick<Tool, 'slug' | 'inputParameters'>, args: unknown): Record<string, unknown> {
  const copy = copyJson(args ?? {})
  const validate = compileInput(tool.inputParameters)
  if (!validate(copy)) throw invalidArguments(tool.slug, (validate.errors ?? []).map(toFieldError))
  // The schema is one of an object.
  return copy as Record<string, unknown>
}
