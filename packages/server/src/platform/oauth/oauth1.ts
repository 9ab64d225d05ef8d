import { createHmac, randomBytes } from 'node:crypto'

export const OAUTH1_METHODS = ['HMAC-SHA1', 'HMAC-SHA256', 'PLAINTEXT'] as const
export type OAuth1Method = (typeof OAUTH1_METHODS)[number]

export interface OAuth1Signer {
  readonly consumerKey: string
  readonly consumerSecret: string
  /** Left out before there is one. */
  readonly token?: string | undefined
  readonly tokenSecret?: string | undefined
  readonly method: OAuth1Method
  readonly realm?: string | undefined
}

export interface OAuth1Request {
  readonly method: string
  readonly url: URL
  /** The body where it is `application/x-www-form-urlencoded`: no other kind is signed (RFC 5849 §3.4.1.3.1). */
  readonly form?: string | undefined
}

/** Of this one request. */
export interface OAuth1Moment {
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly nonce: string
}

/** Servers refuse nonces that are longer than 30 characters, or hold others than letters and digits. */
export const momentAt = (now: number): OAuth1Moment => ({
  timestamp: Math.floor(now / 1000),
  nonce: randomBytes(12).toString('hex'),
})

/** RFC 5849 §3.6: all but letters, digits and `-._~`, in upper case. */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

type Pair = readonly [name: string, value: string]

/** §3.4.1.3.2, by the bytes of what was encoded, so that it does not depend on a language. */
function normalise(pairs: readonly Pair[]): string {
  const encoded = pairs.map(([name, value]) => [encode(name), encode(value)] as const)
  const order = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
  encoded.sort(([name, value], [otherName, otherValue]) => order(name, otherName) || order(value, otherValue))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** §3.4.1. The URL has lost its default port and has its host in lower case already: `URL` sees to that. */
export function signatureBase({ method, url, form }: OAuth1Request, oauth: readonly Pair[]): string {
  const pairs = [...url.searchParams, ...new URLSearchParams(form ?? ''), ...oauth]
  const base = `${url.protocol}//${url.host}${url.pathname}`
  return `${method.toUpperCase()}&${encode(base)}&${encode(normalise(pairs))}`
}

function sign(base: () => string, { method, consumerSecret, tokenSecret = '' }: OAuth1Signer): string {
  const key = `${encode(consumerSecret)}&${encode(tokenSecret)}`
  if (method === 'PLAINTEXT') return key
  return createHmac(method === 'HMAC-SHA1' ? 'sha1' : 'sha256', key)
    .update(base())
    .digest('base64')
}

/**
 * The `Authorization` header of a request (RFC 5849 §3.5.1). `more` are protocol parameters of the flow, such as
 * `oauth_verifier`. It fits this method, this URL and this body, and no other.
 */
export function oauth1Header(
  request: OAuth1Request,
  signer: OAuth1Signer,
  moment: OAuth1Moment,
  more: Readonly<Record<string, string>> = {},
): string {
  const { consumerKey, token, method, realm } = signer
  const oauth: Pair[] = [
    ['oauth_consumer_key', consumerKey],
    ...(token === undefined ? [] : [['oauth_token', token] as const]),
    ['oauth_signature_method', method],
    ['oauth_timestamp', String(moment.timestamp)],
    ['oauth_nonce', moment.nonce],
    ...Object.entries(more),
  ]
  const signature = sign(() => signatureBase(request, oauth), signer)
  const parts = [...oauth, ['oauth_signature', signature] as const].map(([name, value]) => `${encode(name)}="${encode(value)}"`)
  // A quoted string and no parameter (RFC 7235 §2.2): it is not encoded, and not signed.
  if (realm !== undefined) parts.unshift(`realm="${realm.replace(/[\\"]/g, '\\$&')}"`)
  return `OAuth ${parts.join(', ')}`
}
