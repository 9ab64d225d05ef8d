import { HoldfastError } from '../../errors.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** These describe one connection, ours, and are never the caller's to set (RFC 9110 §7.6.1). `expect` would need a held-back body. */
const HOP_BY_HOP = new Set(
  'connection content-length expect host http2-settings keep-alive te trailer transfer-encoding upgrade'.split(' '),
)

/** Wide on purpose: it only costs a header on a redirect to a stranger. */
const LOOKS_SECRET = /auth|cookie|credential|key|passw|secret|session|signature|token/

interface KnownName {
  /** In lower case. */
  readonly name: string
  readonly ofConnection: boolean
}

/** Names are few and come again with every call. */
const knownNames = new Map<string, KnownName>()
const mostKnownNames = 1_000

function readName(rawName: string): KnownName {
  const name = rawName.toLowerCase()
  if (!TOKEN.test(name)) throw new HoldfastError('invalid_request', 'A header name has characters that HTTP does not allow.')
  const read = { name, ofConnection: HOP_BY_HOP.has(name) || name.startsWith('proxy-') }
  if (knownNames.size < mostKnownNames) knownNames.set(rawName, read)
  return read
}

/** Lower-case names, without what belongs to the connection; a line break in a value would forge another header. */
export function requestHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {}
  let named: readonly string[] = []
  for (const rawName in given) {
    const value = given[rawName]
    if (value === undefined) continue
    const { name, ofConnection } = knownNames.get(rawName) ?? readName(rawName)
    if (!VALUE.test(value))
      throw new HoldfastError('invalid_request', `The header "${name}" has characters that HTTP does not allow.`)
    if (name === 'connection') named = value.toLowerCase().split(/[\s,]+/)
    if (!ofConnection) headers[name] = value
  }
  for (const name of named) delete headers[name]
  headers['accept-encoding'] ??= 'gzip, deflate, br'
  headers['user-agent'] ??= 'holdfast'
  return headers
}

/** What may go along to another origin: no credential, and no referer that could quote the first URL. */
export function withoutCredentials(headers: Readonly<Record<string, string>>, named: readonly string[]): Record<string, string> {
  const secret = new Set(named.map((name) => name.toLowerCase()))
  return pickHeaders(headers, (name) => !secret.has(name) && !LOOKS_SECRET.test(name) && name !== 'referer')
}

export function pickHeaders(headers: Readonly<Record<string, string>>, keep: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => keep(name)))
}

/** One string a name; the fields of the upstream's own connection mean nothing to whoever gets the reply. */
export function replyHeaders(received: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name in received) {
    if (name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding') continue
    const value = received[name]
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return headers
}
