import { HoldfastError } from '../../errors.ts'
import { destinationBlocked } from './guard.ts'
import { pickHeaders, withoutCredentials } from './headers.ts'
import type { Hop, HopReply } from './hop.ts'

export const isRedirect = (status: number): boolean =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308

/** Only http and https, and no `user:password@`, which would end up in logs and in replies. */
export function assertCallable(url: URL): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new HoldfastError('destination_blocked', 'Only http and https destinations may be called.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new HoldfastError(
      'destination_blocked',
      `The URL of ${url.host} carries a user name or password; put them in a header.`,
    )
  }
  if (url.hostname === '') throw destinationBlocked('An empty host name')
}

export interface RedirectRules {
  readonly credentialHeaders: readonly string[]
  readonly credentialInBody: boolean
  readonly mayReceiveCredentials: (url: URL) => boolean
}

/** The request that a redirect asks for, or null when the reply is none. Headers that were dropped once never come back. */
export function followRedirect(hop: Hop, reply: HopReply, rules: RedirectRules): Hop | null {
  const location = reply.headers['location']
  const url = isRedirect(reply.status) && location !== undefined ? URL.parse(location, hop.url) : null
  if (url === null) return null
  assertCallable(url)

  const toGet = reply.status === 303 ? hop.method !== 'HEAD' : hop.method === 'POST' && reply.status < 303
  const mayKeep = url.origin === hop.url.origin && rules.mayReceiveCredentials(url)
  const headers = mayKeep ? hop.headers : withoutCredentials(hop.headers, rules.credentialHeaders)
  if (!toGet && !mayKeep && rules.credentialInBody && hop.body !== null)
    throw new HoldfastError(
      'destination_not_allowed',
      `${hop.url.host} redirects to ${url.host}, which may not get the credential that the body of this request holds.`,
    )
  if (!toGet) return { ...hop, url, headers }
  return { method: 'GET', url, headers: pickHeaders(headers, (name) => !name.startsWith('content-')), body: null }
}
