import type { FieldDescriptor } from './definition.ts'
import { readPath } from './json-path.ts'
import type { TemplateVars } from './template.ts'

type Mapping = NonNullable<FieldDescriptor['json']>

const isOptional = (path: string): boolean => path.endsWith('?')
const bare = (path: string): string => (isOptional(path) ? path.slice(0, -1) : path)

function parse(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is wrong with a key file, without a word of it. */
export function jsonFaultOf(mapping: Mapping, text: string): string | undefined {
  const document = parse(text)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return 'must be a JSON document, whole'
  const lacking = Object.values(mapping).filter((path) => !isOptional(path) && typeof readPath(document, path) !== 'string')
  return lacking.length > 0 ? `must be a JSON document with ${lacking.join(', ')}` : undefined
}

/** The variables that fields hold as JSON documents. They are as secret as the documents: for token requests only. */
export function jsonVarsOf(fields: readonly FieldDescriptor[], values: TemplateVars): TemplateVars {
  const vars: Record<string, unknown> = {}
  for (const { name, json } of fields) {
    const document = json && parse(values[name])
    for (const [variable, path] of Object.entries(json ?? {})) vars[variable] = readPath(document, bare(path))
  }
  return vars
}
