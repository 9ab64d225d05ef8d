import { compileTemplate, type TemplateVars } from './template.ts'

/** A JSON value in which every text is a template; what yields nothing is left out of its object. */
export function renderTree(value: unknown, vars: TemplateVars): unknown {
  if (typeof value === 'string') return compileTemplate(value).render(vars)
  if (Array.isArray(value)) return value.map((item) => renderTree(item, vars))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renderTree(inner, vars)]))
}

export function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(templatesIn) : []
}
