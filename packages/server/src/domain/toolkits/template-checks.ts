import { HoldfastError } from '../../errors.ts'
import { variablesOf } from './template.ts'
import type { DocumentPath } from './yaml-file.ts'

export interface Fault extends DocumentPath {
  readonly message: string
}

type Path = DocumentPath['path']

export function checkTemplate(text: string, declared: ReadonlySet<string>, path: Path): Fault[] {
  try {
    const unknown = variablesOf(text).filter((name) => !declared.has(name))
    return unknown.map((name) => ({
      path,
      message: `The template uses '${name}', which is no field that may stand here. Declare it in connection_fields, or place a secret by placements.`,
    }))
  } catch (error) {
    if (error instanceof HoldfastError) return [{ path, message: `${error.message} ${error.fix ?? ''}`.trim() }]
    throw error
  }
}

export const checkTemplates = (
  texts: Readonly<Record<string, string>> | undefined,
  declared: ReadonlySet<string>,
  path: Path,
): Fault[] => Object.entries(texts ?? {}).flatMap(([name, text]) => checkTemplate(text, declared, [...path, name]))
