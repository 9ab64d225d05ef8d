import type { OutboundRequest } from '../../platform/outbound/outbound.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import { mayReceiveCredentials, type OperatorAllows, resolveBaseUrl } from '../toolkits/hosts.ts'
import { applyPlacements } from '../toolkits/placement.ts'
import { type BuiltRequest, buildToolRequest, toolkitHeaders } from '../toolkits/request.ts'
import type { Tool, Toolkit } from '../toolkits/toolkit.ts'
import { secretsOf } from './connection-values.ts'
import type { CredentialValues } from './credential.ts'
import { signatureHeader } from './oauth1-signing.ts'
import { secretScrubber } from './secret-scrubber.ts'

/** A request without its credential: a tool's, or the body-carrying one of a proxy call. */
export type PlainRequest = Omit<BuiltRequest, 'body'> & {
  readonly body: string | Uint8Array | null
  /** Where the caller's own credential already stands in it. */
  readonly brought?: { readonly headers: readonly string[]; readonly body: boolean }
}

/** A credential that others may use without seeing it. */
export interface UsableCredential {
  readonly toolkit: Toolkit
  readonly auth: ResolvedAuth
  /** @throws HoldfastError `destination_not_allowed` when the connection's own URL leads off the toolkit's hosts */
  baseUrl(): Readonly<URL>
  /** What the toolkit sends with every request: API version, accepted types. */
  headers(): Readonly<Record<string, string>>
  buildToolRequest(tool: Tool, args: Readonly<Record<string, unknown>>): PlainRequest
  /** The same request with the credential in its place, bound to the hosts that may get it. */
  inject(request: PlainRequest): OutboundRequest
  /** Upstreams like to quote what they refuse: makes what takes the secrets out of texts that will be stored or shown. */
  scrubber(): (text: string) => string
}

export function usableCredential(
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
  operatorAllows: OperatorAllows,
): UsableCredential {
  const vars = templateVarsOf(auth, values)
  let judgedOrigin: string | undefined
  const mayReceive = (url: URL): boolean => {
    // Judged by its host alone, and so once for all the calls to it.
    if (url.origin === judgedOrigin && url.username === '' && url.password === '') return true
    const verdict = mayReceiveCredentials(toolkit, vars, url, operatorAllows)
    if (verdict) judgedOrigin = url.origin
    return verdict
  }
  const sign = ({ brought, ...request }: PlainRequest): OutboundRequest => ({
    ...request,
    headers: { ...request.headers, authorization: signatureHeader(auth, vars, request, Date.now()) },
    credentialHeaders: ['authorization', ...(brought?.headers ?? [])],
    credentialInBody: brought?.body === true,
    mayReceiveCredentials: mayReceive,
  })
  return {
    toolkit,
    auth,
    baseUrl: () => resolveBaseUrl(toolkit, vars, mayReceive),
    headers: () => toolkitHeaders(toolkit, vars),
    buildToolRequest: (tool, args) => buildToolRequest(toolkit, tool, args, vars),
    inject(request) {
      const { body, brought } = request
      if (auth.oauth1) return sign(request)
      // Only a text body can take a credential in; bytes pass through untouched.
      const placed = applyPlacements(auth, vars, { ...request, body: typeof body === 'string' ? body : null })
      return {
        method: placed.request.method,
        url: placed.request.url,
        headers: placed.request.headers,
        body: body instanceof Uint8Array ? body : placed.request.body,
        credentialHeaders: brought ? [...placed.credentialHeaders, ...brought.headers] : placed.credentialHeaders,
        credentialInBody: brought?.body === true || (!(body instanceof Uint8Array) && placed.request.body !== body),
        mayReceiveCredentials: mayReceive,
      }
    },
    scrubber: () => secretScrubber(secretsOf(auth, values)),
  }
}
