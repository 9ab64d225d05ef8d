import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import toolSchema from '../../../../../toolkits/schema/tool.json' with { type: 'json' }
import toolkitSchema from '../../../../../toolkits/schema/toolkit.json' with { type: 'json' }
import type { DocumentPath } from './yaml-file.ts'

export type FileKind = 'toolkit' | 'tool'

export interface SchemaFault extends DocumentPath {
  readonly message: string
}

/** What files are checked by, as one text: it changes when the rules do. */
export const schemaText = (): string => JSON.stringify([toolkitSchema, toolSchema])

let validators: Record<FileKind, ValidateFunction> | undefined

function validatorFor(kind: FileKind): ValidateFunction {
  if (!validators) {
    const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true, verbose: true })
    validators = { toolkit: ajv.compile(toolkitSchema), tool: ajv.compile(toolSchema) }
  }
  return validators[kind]
}

const pathOf = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))

function toFault({ instancePath, keyword, params, message, schema }: ErrorObject): SchemaFault {
  const path = pathOf(instancePath)
  const name = path.length === 0 ? 'The file' : `'${path.join('.')}'`
  switch (keyword) {
    case 'required':
      return { path, atKey: true, message: `${name} lacks '${params['missingProperty']}'. Add it.` }
    case 'additionalProperties': {
      const extra = String(params['additionalProperty'])
      return {
        path: [...path, extra],
        atKey: true,
        message: `'${extra}' is not a known key here. Remove it or correct its name.`,
      }
    }
    case 'enum':
      return { path, message: `${name} must be one of ${(params['allowedValues'] as unknown[]).join(', ')}.` }
    case 'pattern':
      return { path, message: `${name} must match ${String(schema)}.` }
    case 'type':
      return { path, message: `${name} must be of type ${String(params['type'])}. Quote it if it is meant as text.` }
    case 'oneOf':
      return {
        path,
        message: `${name} is none of the allowed shapes. A placement has in, name, template, or in: basic, username, password.`,
      }
    default:
      return { path, message: `${name} ${message ?? 'is not valid'}.` }
  }
}

/** Branches of an `if`, a `oneOf` or a name rule say the same thing twice; the one that tells what to do stays. */
const isNoise = ({ keyword, schemaPath }: ErrorObject): boolean =>
  keyword === 'if' || keyword === 'propertyNames' || schemaPath.includes('/oneOf/')

export function checkAgainstSchema(kind: FileKind, value: unknown): SchemaFault[] {
  const validate = validatorFor(kind)
  return validate(value) ? [] : (validate.errors ?? []).filter((error) => !isNoise(error)).map(toFault)
}
