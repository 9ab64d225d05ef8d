import type { FieldError } from '../../errors.ts'
import { shapeValue } from './argument-value.ts'
import type { Verification } from './definition.ts'
import { renderBaseUrl } from './hosts.ts'
import { JSON_TYPE, toPairs } from './request-body.ts'
import { compileTemplate, type TemplateVars } from './template.ts'
import { renderTree } from './template-tree.ts'
import { buildBody, type PlacedArgument } from './tool-body.ts'
import { type PathParameter, replacePathParameters, routeOf } from './tool-input.ts'
import { invalidArguments, validateArguments } from './tool-validator.ts'
import type { Tool, Toolkit } from './toolkit.ts'
import { hasDotSegment, renderUrl, renderUrlText } from './url-template.ts'

/** A request without its credential. Header names are lower-case. */
export interface BuiltRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: string | null
}

/** As `BuiltRequest`, for bodies that may be bytes. */
export type ToolRequest = Omit<BuiltRequest, 'body'> & { readonly body: string | Uint8Array | null }

function renderHeaders(templates: Readonly<Record<string, string>> | undefined, vars: TemplateVars): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates ?? {})) {
    const value = compileTemplate(template).render(vars)
    if (value !== undefined) headers[name.toLowerCase()] = value.trim()
  }
  return headers
}

/** The headers that every request of the toolkit carries, a proxy call's too. */
export const toolkitHeaders = (toolkit: Toolkit, vars: TemplateVars): Record<string, string> =>
  renderHeaders(toolkit.definition.headers, vars)

function renderQuery(templates: Readonly<Record<string, string>> | undefined, vars: TemplateVars): [string, string][] {
  return Object.entries(templates ?? {}).flatMap(([name, template]): [string, string][] => {
    const value = compileTemplate(template).render(vars)
    return value === undefined ? [] : [[name, value]]
  })
}

/** In one go: a URL is written and read again for each pair that is appended to it. */
function appendQuery(url: URL, pairs: readonly [string, string][]): void {
  if (pairs.length === 0) return
  const query = new URLSearchParams(url.search)
  for (const [name, value] of pairs) query.append(name, value)
  url.search = query.toString()
}

/** Percent-encoded, so that it stays one segment (or, with `{+name}`, stays under its place) of the path. */
function encodeSegment({ name, value }: PlacedArgument, keepsSlashes: boolean, fail: (error: FieldError) => void): string {
  const text = String(value).toWellFormed()
  const segments = keepsSlashes ? text.split('/') : [text]
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    fail({ path: `arguments.${name}`, message: "goes into the path of the URL and must not be empty, '.' or '..'" })
  return segments.map(encodeURIComponent).join('/')
}

function buildUrl(toolkit: Toolkit, tool: Tool, placed: readonly PlacedArgument[], vars: TemplateVars): URL {
  const { request } = tool.definition
  const faults: FieldError[] = []
  const inPath = placed.filter(({ place }) => place === 'path')
  const fill = ({ name, keepsSlashes }: PathParameter): string => {
    const argument = inPath.find((candidate) => candidate.name === name) ?? inPath.find(({ as }) => as === name)
    return argument ? encodeSegment(argument, keepsSlashes, (error) => faults.push(error)) : `{${name}}`
  }
  const base = request.path.startsWith('/') ? renderBaseUrl(toolkit, vars) : undefined
  const text = replacePathParameters(renderUrlText(compileTemplate(request.path), vars, base), fill)
  const url = URL.parse(text)
  // Two harmless values side by side ({a}{b}) may still make '..'.
  if (faults.length === 0 && (!url || hasDotSegment(text.replace(/[?#][\s\S]*$/, ''))))
    faults.push({ path: 'arguments', message: 'do not make a valid URL path' })
  if (!url || faults.length > 0) throw invalidArguments(tool.slug, faults)
  const given = placed.flatMap(({ place, as, value, style }) => (place === 'query' ? toPairs(as, value, style) : []))
  appendQuery(url, [...renderQuery(request.query, vars), ...given])
  return url
}

function argumentHeaders(tool: Tool, placed: readonly PlacedArgument[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { name, place, as, value } of placed) {
    if (place !== 'header' || value === null) continue
    const text = Array.isArray(value) ? value.join(',') : String(value)
    if (!/^[\t\x20-\x7e]*$/.test(text))
      throw invalidArguments(tool.slug, [
        { path: `arguments.${name}`, message: 'goes into a header and must be plain ASCII on one line' },
      ])
    headers[as.toLowerCase()] = text
  }
  return headers
}

/**
 * The call that a tool makes, without its credential. `vars` are those of `templateVarsOf`; the tool's own templates hold
 * nothing secret (checked when it was loaded), so neither does the result.
 * @throws HoldfastError `invalid_tool_arguments` with all offending paths, `invalid_request` when a connection field is missing
 */
export function buildToolRequest(
  toolkit: Toolkit,
  tool: Tool,
  args: Readonly<Record<string, unknown>>,
  vars: TemplateVars,
): ToolRequest {
  const checked = validateArguments(tool, args)
  const { definition } = tool
  const placed = Object.entries(checked).map(([name, value]) => {
    const route = routeOf(definition, name)
    return { ...route, name, value: shapeValue(route, value) }
  })
  const url = buildUrl(toolkit, tool, placed, vars)
  const { body, type, headers: bodyHeaders } = buildBody(definition, placed)
  const headers = {
    ...toolkitHeaders(toolkit, vars),
    ...renderHeaders(definition.request.headers, vars),
    ...argumentHeaders(tool, placed),
    ...bodyHeaders,
    ...(type === undefined ? {} : { 'content-type': type }),
  }
  return { method: definition.request.method, url, headers, body }
}

/** The call that proves a credential, without its credential, but with whatever its own templates name. */
export function buildVerificationRequest(toolkit: Toolkit, verification: Verification, vars: TemplateVars): BuiltRequest {
  const { path, query, headers, body } = verification
  const url = renderUrl(compileTemplate(path), vars, path.startsWith('/') ? renderBaseUrl(toolkit, vars) : undefined)
  appendQuery(url, renderQuery(query, vars))
  return {
    method: verification.method ?? 'GET',
    url,
    headers: {
      ...toolkitHeaders(toolkit, vars),
      ...(body === undefined ? {} : { 'content-type': JSON_TYPE }),
      ...renderHeaders(headers, vars),
    },
    body: body === undefined ? null : JSON.stringify(renderTree(body, vars)),
  }
}
