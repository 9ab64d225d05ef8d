import { HoldfastError } from '../../errors.ts'
import type { ConnectOutcome } from './connect-link.ts'

const MAX_LENGTH = 2_048

/**
 * Where the app wants its user back. It comes with the app's API key and never from a browser, so any http(s) address will do
 * unless the project names the ones it allows: an origin, or an origin and the beginning of a path.
 */
export function checkCallbackUrl(given: string, allowed: readonly string[] | undefined, field: string): string {
  const url = given.length <= MAX_LENGTH && !HIDDEN.test(given) ? URL.parse(given) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw refusal(field, 'must be an http or https URL without a password', 'Give the address of a page of your app.')
  if (allowed !== undefined && !allowed.some((one) => isUnder(url, one)))
    throw refusal(
      field,
      `leads to ${url.origin}, which the project does not allow`,
      'Add it to allowed_callback_urls of the project.',
    )
  return url.href
}

/** Whitespace, control characters and backslashes, which URL parsers pass over in different ways. */
const HIDDEN = /[\s\p{C}\\]/u

export const isCallbackRule = (rule: string): boolean => {
  const url = HIDDEN.test(rule) ? null : URL.parse(rule)
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash
}

function isUnder(url: URL, rule: string): boolean {
  const base = URL.parse(rule)
  if (base?.origin !== url.origin) return false
  const path = base.pathname.replace(/\/+$/, '')
  return url.pathname === path || url.pathname.startsWith(`${path}/`)
}

/** The app's own parameters stay; ours replace whatever had their names. */
export function returnTo(callbackUrl: string | null, status: ConnectOutcome['status'], accountId: string): string | undefined {
  if (callbackUrl === null) return undefined
  const url = new URL(callbackUrl)
  url.searchParams.set('status', status)
  url.searchParams.set('connected_account_id', accountId)
  return url.href
}

const refusal = (field: string, message: string, fix: string) =>
  new HoldfastError('invalid_request', `${field} ${message}.`, { fix, fields: [{ path: field, message }] })
