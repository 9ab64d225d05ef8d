import { readLifetime, readMoment, type TimeUnit } from './expiry.ts'

/** Where a provider puts things in its token answer: dotted paths. The standard names count wherever one leads nowhere. */
export interface AnswerShape {
  readonly access_token?: string
  readonly refresh_token?: string
  readonly expires_in?: string
  readonly expires_at?: string
  readonly expires_unit?: TimeUnit
  readonly expires_fixed_seconds?: number
  readonly scope?: string
  /** Name ← path. */
  readonly capture?: Readonly<Record<string, string>>
  /** The access token is a JWT, and `exp` in it is when it dies. */
  readonly expires_in_jwt?: boolean
  /** Statuses that are the provider's own no, though no OAuth error comes with them. */
  readonly refused_status?: readonly number[]
}

export interface TokenReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface GrantedTokens {
  readonly accessToken: string
  /** Left out: the one that was spent stays valid. */
  readonly refreshToken?: string
  readonly idToken?: string
  readonly tokenType?: string
  readonly scope?: string
  /** Milliseconds since 1970; left out when the provider does not say. */
  readonly expiresAt?: number
  readonly captured: Readonly<Record<string, unknown>>
}

export type TokenOutcome =
  | { readonly kind: 'granted'; readonly tokens: GrantedTokens }
  /** The provider's own no, by its OAuth error code. */
  | { readonly kind: 'rejected'; readonly code: string }
  /** Nothing was learnt about the grant: try again later. `reason` holds no word of the answer. */
  | { readonly kind: 'temporary'; readonly reason: string; readonly retryAfterMs?: number }

/** Codes that speak of the moment, not of the grant (RFC 6749 §4.1.2.1, RFC 8628 §3.5, and what providers send). */
const MOMENTARY = new Set([
  'temporarily_unavailable',
  'server_error',
  'slow_down',
  'ratelimited',
  'rate_limited',
  'internal_error',
])

/** A code has the form of one; whatever else stands in its place may quote a secret. */
const CODE = /^[a-z][a-z0-9_.-]{1,63}$/i

export function readTokenAnswer(reply: TokenReply, shape: AnswerShape, now: number): TokenOutcome {
  const { status, headers } = reply
  if (status >= 500 || status === 429 || status === 408) return temporary(`it answered ${status}`, retryAfter(headers, now))
  if (status >= 300 && status < 400) return temporary(`it answered ${status}, a redirect`)
  const answer = parse(reply)
  if (shape.refused_status?.includes(status))
    return { kind: 'rejected', code: (answer && errorCode(answer)) ?? `status_${status}` }
  if (answer === undefined) return temporary(`it answered ${status} with something that is no token answer`)
  // Some providers refuse with a 200.
  const code = errorCode(answer)
  if (code !== undefined)
    return MOMENTARY.has(code) ? temporary(`it answered ${code}`, retryAfter(headers, now)) : { kind: 'rejected', code }
  if (status >= 400) return temporary(`it answered ${status} without an OAuth error`)
  const accessToken = text(pick(answer, shape.access_token, 'access_token'))
  if (accessToken === undefined) return temporary(`it answered ${status} without an access token`)
  return { kind: 'granted', tokens: readTokens(answer, accessToken, shape, now) }
}

function readTokens(answer: Answer, accessToken: string, shape: AnswerShape, now: number): GrantedTokens {
  const refreshToken = text(pick(answer, shape.refresh_token, 'refresh_token'))
  const idToken = text(answer['id_token'])
  const tokenType = text(answer['token_type'])
  const scope = readScope(pick(answer, shape.scope, 'scope'))
  const expiresAt = readExpiry(answer, accessToken, shape, now)
  const captured = Object.entries(shape.capture ?? {}).flatMap(([name, path]) => {
    const value = readPath(answer, path)
    return value === undefined || value === null ? [] : [[name, value] as const]
  })
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(tokenType !== undefined && { tokenType }),
    ...(scope !== undefined && { scope }),
    ...(expiresAt !== undefined && { expiresAt }),
    captured: Object.fromEntries(captured),
  }
}

/** A lifetime of zero is what providers write who mean that the token does not expire. */
function readExpiry(answer: Answer, accessToken: string, shape: AnswerShape, now: number): number | undefined {
  const { expires_unit: unit, expires_fixed_seconds: fixed } = shape
  const at = shape.expires_at === undefined ? undefined : readMoment(readPath(answer, shape.expires_at), unit)
  const candidates = [
    at,
    readLifetime(pick(answer, shape.expires_in, 'expires_in'), now, unit),
    shape.expires_in_jwt ? readMoment(readJwtClaim(accessToken, 'exp'), 'seconds') : undefined,
    fixed === undefined ? undefined : now + fixed * 1000,
    readMoment(answer['expires_at']),
  ]
  return candidates.find((time) => time !== undefined && time > now)
}

type Answer = Readonly<Record<string, unknown>>

function parse({ headers, body }: TokenReply): Answer | undefined {
  const source = body.toString()
  try {
    const value: unknown = JSON.parse(source)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer) : undefined
  } catch {
    const isForm = /x-www-form-urlencoded|text\/plain/i.test(headers['content-type'] ?? '') && /^[\w.-]+=/.test(source)
    return isForm ? Object.fromEntries(new URLSearchParams(source)) : undefined
  }
}

function errorCode(answer: Answer): string | undefined {
  const { error } = answer
  if (error === undefined || error === null || error === '' || error === false)
    return answer['ok'] === false || answer['success'] === false ? 'unknown_error' : undefined
  const inner = typeof error === 'object' ? (error as Answer) : {}
  const candidates = [error, inner['code'], inner['type'], inner['status'], inner['error']]
  const code = candidates.find((one): one is string => typeof one === 'string' && CODE.test(one))
  return code?.toLowerCase() ?? 'unknown_error'
}

/** Only asked when it dies, which it is no matter whom to believe: the provider itself judges the token. */
function readJwtClaim(token: string, claim: string): unknown {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof payload === 'object' && payload !== null ? (payload as Answer)[claim] : undefined
  } catch {
    return undefined
  }
}

/** A name that holds dots itself, such as `.expires`, is found as it is. */
function readPath(answer: Answer, path: string): unknown {
  if (Object.hasOwn(answer, path)) return answer[path]
  let here: unknown = answer
  for (const step of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<string, unknown>)[step]
  }
  return here
}

/** First where the provider said it would be; a refresh may well answer flat where the first grant was nested. */
function pick(answer: Answer, path: string | undefined, standard: string): unknown {
  const found = path === undefined ? undefined : readPath(answer, path)
  return found ?? (Object.hasOwn(answer, standard) ? answer[standard] : undefined)
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const readScope = (value: unknown): string | undefined =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string') ? value.join(' ') : text(value)

const temporary = (reason: string, retryAfterMs?: number): TokenOutcome => ({
  kind: 'temporary',
  reason,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})

/** Seconds or a date (RFC 9110 §10.2.3). */
function retryAfter(headers: TokenReply['headers'], now: number): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  const at = /^\d+$/.test(value) ? readLifetime(value, now) : readMoment(value)
  return at !== undefined && at > now ? at - now : undefined
}
