import type { JsonSchema, ToolDefinition, ToolInputProperty } from './definition.ts'

export type ArgumentPlace = 'path' | 'query' | 'header' | 'body' | 'none'

export interface ArgumentRoute {
  readonly place: ArgumentPlace
  readonly as: string
  readonly style: NonNullable<ToolInputProperty['style']>
  /** The path holds `{+name}`: slashes of the value stay. */
  readonly keepsSlashes: boolean
  /** Its members are parts of the body, not the object itself. */
  readonly spread: boolean
  readonly each: string | undefined
  readonly prefix: string | undefined
  readonly quote: ToolInputProperty['quote'] | undefined
}

const PATH_PARAMETER = /(?<!\{)\{(\+?)([A-Za-z_$][\w.$-]*)\}(?!\})/g
const BODILESS = new Set(['GET', 'HEAD', 'DELETE'])
const PLACEMENT_KEYWORDS = new Set(['in', 'as', 'style', 'spread', 'each', 'prefix', 'quote'])

export interface PathParameter {
  readonly name: string
  readonly keepsSlashes: boolean
}

export const pathParametersOf = (path: string): PathParameter[] =>
  [...path.matchAll(PATH_PARAMETER)].map(([, plus, name = '']) => ({ name, keepsSlashes: plus === '+' }))

export const replacePathParameters = (path: string, replace: (parameter: PathParameter) => string): string =>
  path.replace(PATH_PARAMETER, (_, plus: string, name: string) => replace({ name, keepsSlashes: plus === '+' }))

const routes = new WeakMap<ToolDefinition, Map<string, ArgumentRoute>>()

/** Where an argument goes. Path parameters may be written with the input's own name or with its `as`. */
export function routeOf(tool: ToolDefinition, name: string): ArgumentRoute {
  const known = routes.get(tool) ?? new Map<string, ArgumentRoute>()
  routes.set(tool, known)
  const route = known.get(name) ?? findRoute(tool, name)
  // Only the names that the tool declares are remembered: others come from callers.
  if (Object.hasOwn(tool.input.properties, name)) known.set(name, route)
  return route
}

function findRoute(tool: ToolDefinition, name: string): ArgumentRoute {
  const property: ToolInputProperty = Object.hasOwn(tool.input.properties, name) ? (tool.input.properties[name] ?? {}) : {}
  const as = property.as ?? name
  const parameter = pathParametersOf(tool.request.path).find((candidate) => candidate.name === name || candidate.name === as)
  const usual = parameter ? 'path' : BODILESS.has(tool.request.method) ? 'query' : 'body'
  return {
    place: property.in ?? usual,
    as,
    style: property.style ?? 'repeat',
    keepsSlashes: parameter?.keepsSlashes ?? false,
    spread: property.spread ?? false,
    each: property.each,
    prefix: property.prefix,
    quote: property.quote,
  }
}

function withoutPlacement(property: ToolInputProperty): JsonSchema {
  const isExtension = (keyword: string) => keyword.startsWith('x-')
  return Object.fromEntries(
    Object.entries(property).filter(([keyword]) => !PLACEMENT_KEYWORDS.has(keyword) && !isExtension(keyword)),
  )
}

/** The JSON Schema that callers see and arguments are checked against: unknown arguments are refused unless the tool says otherwise. */
export function inputParametersOf({ input }: ToolDefinition): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(input.properties).map(([name, property]) => [name, withoutPlacement(property)]),
  )
  return { additionalProperties: false, ...input, properties, required: input.required ?? [] }
}

/** Every tool answers in the same envelope; `output` describes what stands in `data`. */
export function outputParametersOf({ output }: Pick<ToolDefinition, 'output'>): JsonSchema {
  return {
    type: 'object',
    properties: {
      data: output ?? { type: 'object', description: 'What the provider answered.', additionalProperties: true },
      error: { type: ['string', 'null'], description: 'Why the call failed, or null.' },
      successful: { type: 'boolean', description: 'Whether the call did what it should.' },
    },
    required: ['data', 'error', 'successful'],
  }
}
