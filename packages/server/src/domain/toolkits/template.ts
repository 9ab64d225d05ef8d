import { HoldfastError } from '../../errors.ts'
import { FILTERS, NOW_FORMATS } from './template-filters.ts'

export type TemplateVars = Readonly<Record<string, unknown>>

type Term =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'now'; readonly format: string }

export interface Hole {
  readonly terms: readonly Term[]
  readonly filters: readonly string[]
}

export interface CompiledTemplate {
  readonly text: string
  readonly parts: readonly (string | Hole)[]
  readonly variables: readonly string[]
  /** The same variables may render to something else a moment later. */
  readonly tellsTime: boolean
  /** Undefined when every variable it depends on lacks a value: whatever carries the template is then left out. */
  readonly render: (vars: TemplateVars) => string | undefined
}

export interface FilledHole {
  /** The variable that supplied the value, or the first one that could have. */
  readonly name: string | undefined
  readonly value: string | undefined
}

const TOKEN = /\s*(?:(\|\||\|)|'([^']*)'|now:([a-z_]+)|([A-Za-z_][\w-]*))/y

function badSyntax(text: string, why: string): HoldfastError {
  return new HoldfastError('invalid_toolkit', `The template ${JSON.stringify(text)} is not valid: ${why}.`, {
    fix: "Write {{ variable }}, {{ a || b || 'literal' }} or {{ variable | filter }}.",
  })
}

function parseTerm(text: string, [, operator, literal, now, variable]: RegExpExecArray): Term {
  if (operator !== undefined) throw badSyntax(text, `a value is missing before '${operator}'`)
  if (literal !== undefined) return { kind: 'literal', text: literal }
  if (variable !== undefined) return { kind: 'variable', name: variable }
  if (now === undefined || !Object.hasOwn(NOW_FORMATS, now))
    throw badSyntax(text, `now:${now} is unknown, use now:iso, now:unix or now:unix_ms`)
  return { kind: 'now', format: now }
}

function parseHole(text: string, inner: string): Hole {
  const terms: Term[] = []
  const filters: string[] = []
  const source = inner.trimEnd()
  TOKEN.lastIndex = 0
  let operator: string | undefined = '||'
  while (operator !== undefined) {
    const operand = TOKEN.exec(source)
    if (!operand) throw badSyntax(text, 'a value or a filter is missing or is not one')
    if (operator === '|') {
      const filter = operand[4] ?? ''
      if (!Object.hasOwn(FILTERS, filter))
        throw badSyntax(text, `there is no such filter, use one of ${Object.keys(FILTERS).join(', ')}`)
      filters.push(filter)
    } else {
      if (filters.length > 0) throw badSyntax(text, "'||' must stand before the filters")
      terms.push(parseTerm(text, operand))
    }
    if (TOKEN.lastIndex >= source.length) break
    const next = TOKEN.exec(source)
    if (!next?.[1]) throw badSyntax(text, "values are joined with '||' and filters with '|'")
    operator = next[1]
  }
  return { terms, filters }
}

function parseParts(text: string): (string | Hole)[] {
  const parts: (string | Hole)[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{{', at)
    if (open < 0) break
    const close = text.indexOf('}}', open)
    if (close < 0) throw badSyntax(text, "'{{' is never closed")
    if (open > at) parts.push(text.slice(at, open))
    parts.push(parseHole(text, text.slice(open + 2, close)))
    at = close + 2
  }
  if (at < text.length) parts.push(text.slice(at))
  if (parts.some((part) => typeof part === 'string' && part.includes('}}'))) throw badSyntax(text, "'}}' closes nothing")
  return parts
}

/** Text, numbers and booleans are values; empty text, null and everything else count as lacking. */
function readVariable(vars: TemplateVars, name: string): string | undefined {
  const value = Object.hasOwn(vars, name) ? vars[name] : undefined
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function filterAll(hole: Hole, raw: string): string | undefined {
  let value: string | undefined = raw
  for (const filter of hole.filters) value = value === undefined ? undefined : FILTERS[filter]?.(value)
  return value
}

export function fillHole(hole: Hole, vars: TemplateVars): FilledHole {
  let firstName: string | undefined
  for (const term of hole.terms) {
    if (term.kind === 'literal') return { name: firstName, value: filterAll(hole, term.text) }
    if (term.kind === 'now') return { name: firstName, value: filterAll(hole, NOW_FORMATS[term.format]?.(new Date()) ?? '') }
    firstName ??= term.name
    const raw = readVariable(vars, term.name)
    const value = raw === undefined ? undefined : filterAll(hole, raw)
    if (value !== undefined) return { name: term.name, value }
  }
  return { name: firstName, value: undefined }
}

const dependsOnVariable = (hole: Hole): boolean => hole.terms.some((term) => term.kind === 'variable')

function render(parts: readonly (string | Hole)[], vars: TemplateVars): string | undefined {
  let text = ''
  let lacking = 0
  let filled = 0
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const { value } = fillHole(part, vars)
    if (value !== undefined) text += value
    if (dependsOnVariable(part)) value === undefined ? lacking++ : filled++
  }
  return lacking > 0 && filled === 0 ? undefined : text
}

/** Only toolkit files reach the compiler, never requests, so that the memory of it is bounded by them. */
const compiled = new Map<string, CompiledTemplate>()

/** @throws HoldfastError `invalid_toolkit` when the syntax is wrong. The same text is compiled once. */
export function compileTemplate(text: string): CompiledTemplate {
  const known = compiled.get(text)
  if (known) return known
  const parts = parseParts(text)
  const variables = new Set<string>()
  for (const part of parts)
    if (typeof part !== 'string') for (const term of part.terms) if (term.kind === 'variable') variables.add(term.name)
  const tellsTime = parts.some((part) => typeof part !== 'string' && part.terms.some(({ kind }) => kind === 'now'))
  const template: CompiledTemplate = { text, parts, variables: [...variables], tellsTime, render: (vars) => render(parts, vars) }
  compiled.set(text, template)
  return template
}

export const variablesOf = (text: string): readonly string[] => compileTemplate(text).variables
