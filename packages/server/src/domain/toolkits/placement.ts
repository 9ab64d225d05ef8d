import { HoldfastError } from '../../errors.ts'
import type { ResolvedAuth } from './auth-definitions.ts'
import type { Placement } from './definition.ts'
import type { BuiltRequest } from './request.ts'
import { FORM_TYPE, JSON_TYPE } from './request-body.ts'
import { compileTemplate, type TemplateVars, variablesOf } from './template.ts'

export interface PlacedRequest {
  readonly request: BuiltRequest
  /** Lower-case names of the headers that now carry a secret. */
  readonly credentialHeaders: readonly string[]
}

interface Draft {
  method: string
  /** Still the caller's: copied by whoever writes into it. */
  url: URL
  headers: Record<string, string>
  body: string | null
  credentialHeaders: Set<string>
}

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/
const BODILESS = new Set(['GET', 'HEAD'])

/** Never says what the value is, only which part of the credential holds something that cannot travel there. */
function unplaceable(variables: readonly string[], why: string): HoldfastError {
  const path = variables[0] ?? 'credential'
  return new HoldfastError('invalid_request', `The credential field ${path} ${why}.`, { fields: [{ path, message: why }] })
}

function setHeader(draft: Draft, name: string, value: string, variables: readonly string[]): void {
  if (!HEADER_VALUE.test(value)) throw unplaceable(variables, 'holds characters that a header cannot carry')
  draft.headers[name.toLowerCase()] = value
  draft.credentialHeaders.add(name.toLowerCase())
}

function addToBody(draft: Draft, name: string, value: string): boolean {
  const type = draft.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (draft.body === null) {
    if (BODILESS.has(draft.method.toUpperCase())) return false
    draft.body = JSON.stringify({ [name]: value })
    draft.headers['content-type'] = JSON_TYPE
    return true
  }
  if (type === FORM_TYPE) {
    const form = new URLSearchParams(draft.body)
    form.set(name, value)
    draft.body = form.toString()
    return true
  }
  const parsed: unknown = type?.endsWith('json') ? parseJson(draft.body) : undefined
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new HoldfastError(
      'invalid_request',
      'The credential goes into the body of this request, which must be a JSON object or a form.',
    )
  draft.body = JSON.stringify({ ...parsed, [name]: value })
  return true
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Exactly one place: an argument that spells the placeholder must not draw the secret to where it can be read. */
function replaceInPath(draft: Draft, name: string, value: string, variables: readonly string[]): void {
  const [before, after, ...more] = draft.url.pathname.split(`%7B${name}%7D`)
  if (before === undefined || after === undefined || more.length > 0)
    throw new HoldfastError('invalid_request', `The URL must hold {${name}} exactly once, where the credential goes.`)
  if (/^\.{1,2}$/.test(value)) throw unplaceable(variables, 'cannot stand in a URL path')
  draft.url = new URL(draft.url)
  draft.url.pathname = `${before}${encodeURIComponent(value.toWellFormed())}${after}`
}

function placeBasic(draft: Draft, placement: Extract<Placement, { in: 'basic' }>, vars: TemplateVars): boolean {
  const username = compileTemplate(placement.username).render(vars)
  const password = compileTemplate(placement.password).render(vars)
  const lacks = (template: string, rendered: string | undefined) => rendered === undefined || variablesOf(template).length === 0
  if (lacks(placement.username, username) && lacks(placement.password, password)) return false
  // RFC 7617 §2: the user name ends at the first colon.
  if (username?.includes(':')) throw unplaceable(variablesOf(placement.username), 'must not contain a colon')
  setHeader(draft, 'authorization', `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`, [])
  return true
}

function place(draft: Draft, placement: Placement, vars: TemplateVars): boolean {
  if (placement.in === 'basic') return placeBasic(draft, placement, vars)
  const { name, template } = placement
  const variables = variablesOf(template)
  const value = compileTemplate(template).render(vars)?.trim()
  if (value === undefined || value === '') return false
  switch (placement.in) {
    case 'header':
      setHeader(draft, name, value, variables)
      return variables.length > 0
    case 'query':
      draft.url = new URL(draft.url)
      draft.url.searchParams.set(name, value)
      return variables.length > 0
    case 'cookie': {
      if (!COOKIE_VALUE.test(value)) throw unplaceable(variables, 'holds characters that a cookie cannot carry')
      const others = draft.headers['cookie']
      setHeader(draft, 'cookie', others ? `${others}; ${name}=${value}` : `${name}=${value}`, variables)
      return variables.length > 0
    }
    case 'body':
      return addToBody(draft, name, value) && variables.length > 0
    case 'path':
      replaceInPath(draft, name, value, variables)
      return variables.length > 0
  }
}

const templatesOf = (placement: Placement): string[] =>
  placement.in === 'basic' ? [placement.username, placement.password] : [placement.template]

/** An API key that came as a bearer token or ready-made basic credential goes where those go, not half into the key's own place. */
function placementsFor(auth: ResolvedAuth, vars: TemplateVars): readonly Placement[] {
  const { key_field: key, substitute_placements: substitutes = [] } = auth
  if (key === undefined || compileTemplate(`{{ ${key} }}`).render(vars) !== undefined) return auth.placements
  const names = new Set([key, ...(auth.credential_fields.find(({ name }) => name === key)?.aliases ?? [])])
  const carriesKey = (placement: Placement) =>
    templatesOf(placement).some((template) => variablesOf(template).some((name) => names.has(name)))
  return [...auth.placements.filter((placement) => !carriesKey(placement)), ...substitutes]
}

/**
 * The same request with the credential in it; the given one stays as it is. Ask `mayReceiveCredentials` about its URL before
 * it is sent. `vars` are those of `templateVarsOf` and hold the plaintext: nothing of it is kept or shown.
 * @throws HoldfastError `missing_credential_field` when nothing of the credential found a place, `invalid_request` when it fits none
 */
export function applyPlacements(auth: ResolvedAuth, vars: TemplateVars, request: BuiltRequest): PlacedRequest {
  const draft: Draft = { ...request, headers: { ...request.headers }, credentialHeaders: new Set() }
  let placed = 0
  for (const placement of placementsFor(auth, vars)) if (place(draft, placement, vars)) placed++
  if (placed === 0 && auth.scheme !== 'NO_AUTH')
    throw new HoldfastError(
      'missing_credential_field',
      `The ${auth.scheme} credential holds nothing that this request could carry.`,
      {
        fix: `Import it again with ${auth.credential_fields.map(({ name }) => name).join(', ')}.`,
      },
    )
  const { credentialHeaders, ...built } = draft
  return { request: built, credentialHeaders: [...credentialHeaders] }
}
