import type { ToolDefinition } from './definition.ts'
import { findHook } from './hooks.ts'
import { writePath } from './json-path.ts'
import { encodeForm, FORM_TYPE, JSON_TYPE } from './request-body.ts'
import { type ArgumentRoute, routeOf } from './tool-input.ts'

/** An argument with its place in the request. */
export interface PlacedArgument extends ArgumentRoute {
  readonly name: string
  readonly value: unknown
}

export interface ToolBody {
  readonly body: string | Uint8Array | null
  /** Undefined: none, or the one that the tool's own headers name. */
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

const NOTHING = { body: null, type: undefined, headers: {} } as const satisfies ToolBody

const takesBody = (tool: ToolDefinition): boolean =>
  Object.keys(tool.input.properties).some((name) => routeOf(tool, name).place === 'body')

export const bodySources = ({ request: { body_from: from } }: ToolDefinition): readonly string[] =>
  from === undefined ? [] : typeof from === 'string' ? [from] : from

export function buildBody(tool: ToolDefinition, placed: readonly PlacedArgument[]): ToolBody {
  const { request } = tool
  const sources = bodySources(tool)
  const whole = sources.map((name) => placed.find((one) => one.name === name)).find((one) => one !== undefined)
  const headers: Record<string, string> = {}
  if (request.body_header !== undefined) {
    const parts = placed.filter(({ name }) => !sources.includes(name))
    headers[request.body_header.toLowerCase()] = toAsciiJson(gatherParts(tool, parts))
  }
  if (request.body === 'raw') return { ...NOTHING, headers, body: whole ? rawBody(tool, whole) : null }
  if (sources.length > 0) return whole ? { headers, body: JSON.stringify(whole.value), type: JSON_TYPE } : { ...NOTHING, headers }
  if (request.body_header !== undefined) return { ...NOTHING, headers }

  const body = gatherParts(tool, placed)
  const isEmpty = Object.keys(body).length === 0
  if (request.body === 'none' || (isEmpty && request.body === undefined && !takesBody(tool))) return NOTHING
  if (request.body !== 'form') return { ...NOTHING, body: JSON.stringify(body), type: JSON_TYPE }
  const styles = new Map(placed.flatMap(({ place, as, style }) => (place === 'body' ? [[as.split('.')[0], style]] : [])))
  return { ...NOTHING, body: encodeForm(body, (name) => styles.get(name) ?? 'repeat'), type: FORM_TYPE }
}

function gatherParts(tool: ToolDefinition, placed: readonly PlacedArgument[]): Record<string, unknown> {
  const { request } = tool
  const hook = request.hook === undefined ? undefined : findHook(request.hook)
  const body: Record<string, unknown> = request.body_defaults ? structuredClone({ ...request.body_defaults }) : {}
  if (!hook) {
    const inBody = placed.filter(({ place }) => place === 'body')
    for (const { spread, value } of inBody)
      if (spread && typeof value === 'object' && value !== null)
        for (const [name, part] of Object.entries(value)) writeMember(body, name, part)
    for (const { spread, as, value } of inBody) if (!spread) writePath(body, as, value)
    return body
  }
  const given = placed.filter(({ place }) => place === 'body' || place === 'none').map(({ as, value }) => [as, value] as const)
  return Object.assign(body, hook(Object.fromEntries(given)))
}

/** The caller's own name, in which a dot is a dot and `__proto__` a name like any other. */
function writeMember(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
}

function rawBody(tool: ToolDefinition, { name, value }: PlacedArgument): string | Uint8Array {
  const isBase64 = tool.input.properties[name]?.['contentEncoding'] === 'base64'
  return isBase64 ? Buffer.from(String(value), 'base64') : String(value)
}

/** Headers carry ASCII: everything else is escaped as JSON knows it. */
const toAsciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
