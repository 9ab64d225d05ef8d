import type { ToolInputProperty } from './definition.ts'

type Style = NonNullable<ToolInputProperty['style']>

export const JSON_TYPE = 'application/json'
export const FORM_TYPE = 'application/x-www-form-urlencoded'

const textOf = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value))

/** One argument as the pairs of a query or form. Null stands for "not given". */
export function toPairs(name: string, value: unknown, style: Style): [string, string][] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) return [[name, style === 'json' ? JSON.stringify(value) : textOf(value)]]
  const items = value.filter((item) => item !== null)
  switch (style) {
    case 'repeat':
      return items.map((item) => [name, textOf(item)])
    case 'brackets':
      return items.map((item) => [`${name}[]`, textOf(item)])
    case 'comma':
      return items.length > 0 ? [[name, items.map(textOf).join(',')]] : []
    case 'space':
      return items.length > 0 ? [[name, items.map(textOf).join(' ')]] : []
    case 'json':
      return [[name, JSON.stringify(value)]]
  }
}

/** Objects become `outer[inner]`, as form APIs read them; lists follow the style of the argument that brought them. */
function formPairs(name: string, value: unknown, style: Style): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return toPairs(name, value, style)
  return Object.entries(value).flatMap(([key, inner]) => formPairs(`${name}[${key}]`, inner, style))
}

export function encodeForm(body: Readonly<Record<string, unknown>>, styleOf: (name: string) => Style): string {
  return new URLSearchParams(Object.entries(body).flatMap(([name, value]) => formPairs(name, value, styleOf(name)))).toString()
}
