import { readUnverifiedClaims } from '../../platform/oauth/unverified-claims.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import type { Verification } from '../toolkits/definition.ts'
import { readPath } from '../toolkits/json-path.ts'
import type { UpstreamIdentity } from './account.ts'

const MAX_CHARACTERS = 512
const MAX_SCOPES = 200

/** Ids are numbers here and texts there; what is as long as a page is none. */
function textOf(value: unknown): string | null {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
  return typeof text === 'string' && text !== '' && text.length <= MAX_CHARACTERS ? text : null
}

/** A list, or a text with spaces or commas in between (RFC 6749 §3.3, and what providers make of it). */
function scopesOf(value: unknown): string[] | null {
  const all = typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value : []
  const scopes = all.flatMap((one) => textOf(one) ?? [])
  return scopes.length === 0 ? null : [...new Set(scopes)].slice(0, MAX_SCOPES)
}

const orNull = (identity: UpstreamIdentity): UpstreamIdentity | null =>
  identity.id === null && identity.email === null && identity.name === null ? null : identity

/** What the toolkit says that the provider's answer to its verification call holds (`identity`, `scopes_header`). */
export function identityFromReply(
  { identity: paths, scopes_header: header }: Verification,
  { headers, body }: OutboundReply,
  values: CredentialValues,
): UpstreamIdentity | null {
  if (!paths) return null
  const answer = parse(body)
  const at = (path: string | undefined): unknown => (path === undefined ? undefined : readPath(answer, path))
  return orNull({
    id: textOf(at(paths.id)),
    email: textOf(at(paths.email)),
    name: textOf(at(paths.name)),
    scopes: scopesOf(at(paths.scopes)) ?? scopesOf(header && headers[header.toLowerCase()]) ?? scopesOf(values['scope']),
    source: 'provider',
  })
}

/** The claims of OpenID Connect (Core §5.1): of the userinfo endpoint, or of an ID token, which nobody has verified here. */
export const identityFromClaims = (
  claims: Readonly<Record<string, unknown>>,
  source: 'provider' | 'id_token',
  values: CredentialValues,
): UpstreamIdentity | null =>
  orNull({
    id: textOf(claims['sub']),
    email: textOf(claims['email']),
    name: textOf(claims['name']) ?? textOf(claims['preferred_username']),
    scopes: scopesOf(values['scope']),
    source,
  })

export function identityFromIdToken(values: CredentialValues): UpstreamIdentity | null {
  const claims = readUnverifiedClaims(values['id_token'])
  return claims ? identityFromClaims(claims, 'id_token', values) : null
}

export function claimsFromReply({ status, body }: OutboundReply): Readonly<Record<string, unknown>> | undefined {
  const answer = status >= 200 && status < 300 ? parse(body) : undefined
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? (answer as Record<string, unknown>) : undefined
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
