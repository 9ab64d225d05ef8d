import type { ToolDefinition, ToolkitDefinition } from './definition.ts'
import { findHook, hookNames } from './hooks.ts'
import { checkTemplate, checkTemplates, type Fault } from './template-checks.ts'
import { bodySources } from './tool-body.ts'
import { inputParametersOf, pathParametersOf, routeOf } from './tool-input.ts'
import { compileInput } from './tool-validator.ts'
import { checkStaticHost, declaredNames } from './toolkit-checks.ts'

/** Headers that decide who is asking or how the message is framed: never an agent's to set. */
const RESERVED_HEADERS = new Set(
  'authorization proxy-authorization cookie host content-length content-type transfer-encoding connection upgrade te trailer'.split(
    ' ',
  ),
)

function checkPath(tool: ToolDefinition): Fault[] {
  const faults: Fault[] = []
  const { properties, required = [] } = tool.input
  const fail = (message: string) => faults.push({ path: ['request', 'path'], message })
  for (const { name } of pathParametersOf(tool.request.path)) {
    const input = Object.keys(properties).find((property) => property === name || properties[property]?.as === name)
    if (input === undefined) fail(`The path needs {${name}}, which is not in input.properties. Add it there.`)
    else if (!required.includes(input) && properties[input]?.['default'] === undefined)
      fail(`The path needs {${name}}, so '${input}' must stand in input.required or have a default.`)
  }
  return faults
}

const isOfType = (type: string, schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && 'type' in schema && [schema.type].flat().includes(type)

function checkProperties(tool: ToolDefinition): Fault[] {
  const inPath = new Set(pathParametersOf(tool.request.path).map(({ name }) => name))
  return Object.keys(tool.input.properties).flatMap((name): Fault[] => {
    const path = ['input', 'properties', name]
    const { place, as } = routeOf(tool, name)
    if (place === 'path' && !inPath.has(name) && !inPath.has(as))
      return [{ path, message: `'${name}' goes into the path, but the path has no {${as}}.` }]
    if (place === 'header' && (RESERVED_HEADERS.has(as.toLowerCase()) || !/^[\w-]+$/.test(as)))
      return [{ path, message: `'${as}' is not a header that an argument may set.` }]
    if (tool.input.properties[name]?.spread && (place !== 'body' || tool.input.properties[name]?.['type'] !== 'object'))
      return [{ path, message: `'${name}' is spread over the body, so it must go there and be of type object.` }]
    const { each, prefix, quote } = routeOf(tool, name)
    const property = tool.input.properties[name]
    if (each !== undefined && (place !== 'body' || !isOfType('array', property)))
      return [{ path: [...path, 'each'], message: `'${name}' has each, so it must be a list that goes into the body.` }]
    const text = isOfType('array', property) ? property?.['items'] : property
    if ((prefix !== undefined || quote !== undefined) && !isOfType('string', text))
      return [{ path, message: `'${name}' has a prefix or quotes, so it must be text or a list of texts.` }]
    if (place === 'body' && tool.request.body === 'none')
      return [{ path, message: `'${name}' goes into the body, but request.body is none. Give it an 'in'.` }]
    return []
  })
}

function checkNames(tool: ToolDefinition, toolkit: ToolkitDefinition): Fault[] {
  const prefix = `${toolkit.slug.toUpperCase()}_`
  const faults: Fault[] = []
  if (!tool.slug.startsWith(prefix)) faults.push({ path: ['slug'], message: `The slug must begin with ${prefix}.` })
  const { body_header: bodyHeader, body, hook } = tool.request
  if (hook !== undefined && !findHook(hook))
    faults.push({ path: ['request', 'hook'], message: `There is no hook '${hook}'. Use one of ${hookNames().join(', ')}.` })
  for (const name of bodySources(tool))
    if (!Object.hasOwn(tool.input.properties, name))
      faults.push({ path: ['request', 'body_from'], message: `'${name}' is not in input.properties. Add it there.` })
  if (body === 'raw' && bodySources(tool).length === 0)
    faults.push({ path: ['request', 'body'], message: 'A raw body comes from an argument. Name it in request.body_from.' })
  if (bodyHeader !== undefined && RESERVED_HEADERS.has(bodyHeader.toLowerCase()))
    faults.push({ path: ['request', 'body_header'], message: `'${bodyHeader}' is not a header that arguments may set.` })
  for (const name of tool.input.required ?? [])
    if (!Object.hasOwn(tool.input.properties, name))
      faults.push({ path: ['input', 'required'], message: `'${name}' is required but not in input.properties. Add it there.` })
  return faults
}

/** `open` are the names of the toolkit's fields that are not secret. */
export function checkTool(tool: ToolDefinition, toolkit: ToolkitDefinition, open = declaredNames(toolkit).open): Fault[] {
  const { path, query, headers } = tool.request
  return [
    ...checkNames(tool, toolkit),
    ...checkPath(tool),
    ...checkProperties(tool),
    ...checkTemplate(path, open, ['request', 'path']),
    ...checkTemplates(query, open, ['request', 'query']),
    ...checkTemplates(headers, open, ['request', 'headers']),
    ...checkStaticHost(toolkit, path, ['request', 'path']),
  ]
}

export function checkInputSchema(tool: ToolDefinition): Fault[] {
  try {
    compileInput(inputParametersOf(tool))
    return []
  } catch (error) {
    return [
      {
        path: ['input'],
        atKey: true,
        message: `The input is not a valid JSON Schema: ${error instanceof Error ? error.message : 'it cannot be compiled'}.`,
      },
    ]
  }
}
