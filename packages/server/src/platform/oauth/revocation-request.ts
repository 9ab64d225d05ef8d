import { HoldfastError } from '../../errors.ts'
import type { Outbound, OutboundReply } from '../outbound/outbound.ts'
import { clientBasic } from './client-basic.ts'
import { readLifetime, readMoment } from './expiry.ts'

/** One token, to be given back (RFC 7009, and what providers have instead of it). */
export interface RevocationRequest {
  readonly url: URL
  readonly method: 'POST' | 'DELETE' | 'GET'
  /** Undefined: the bearer of the token asks, or nobody in particular. */
  readonly client: { readonly id: string; readonly secret: string | undefined } | undefined
  readonly auth: 'client_secret_basic' | 'client_secret_post' | 'bearer' | 'none'
  readonly body: 'form' | 'json' | 'query' | 'none'
  readonly token: string
  readonly params: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** What says, beside the usual, that the token is good no more. */
  readonly gone: { readonly statuses: readonly number[]; readonly errors: readonly string[] }
  /** Whether an answer with a good status means it; some providers refuse with a 200. */
  readonly succeeded: (answer: unknown) => boolean
  /** Where the answer names the error. */
  readonly errorOf: (answer: unknown) => unknown
  readonly mayReceiveCredentials: (url: URL) => boolean
}

export type RevocationOutcome =
  | { readonly kind: 'revoked' }
  /** The token was good for nothing before: revoked, or merely expired. */
  | { readonly kind: 'gone' }
  /** The provider's no, which it will say again. `reason` holds no word of the answer but an error code. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'temporary'; readonly reason: string; readonly retryAfterMs?: number }

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const CODE = /^[a-z][a-z0-9_.-]{1,63}$/i

/** RFC 7009 §2.2 wants a 200 for what is gone, which several providers do not give. */
const GONE_ERRORS = ['invalid_token', 'invalid_grant', 'token_revoked', 'token_expired', 'expired_token']

/** Asks once. @throws HoldfastError only for a destination that is refused */
export async function requestRevocation(outbound: Outbound, request: RevocationRequest, now: number): Promise<RevocationOutcome> {
  try {
    return readAnswer(request, await outbound.send(toOutbound(request)), now)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code.startsWith('destination_')) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

function toOutbound(request: RevocationRequest) {
  const { method, client, auth, token, body, mayReceiveCredentials } = request
  const isPost = auth === 'client_secret_post' || (auth === 'client_secret_basic' && client?.secret === undefined)
  const params = {
    ...request.params,
    ...(isPost && client && { client_id: client.id, ...(client.secret !== undefined && { client_secret: client.secret }) }),
  }
  const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
  if (auth === 'client_secret_basic' && client?.secret !== undefined)
    headers['authorization'] = clientBasic(client.id, client.secret)
  if (auth === 'bearer') headers['authorization'] = `Bearer ${token}`
  if (body === 'form') headers['content-type'] = 'application/x-www-form-urlencoded'
  if (body === 'json') headers['content-type'] = 'application/json'
  const url = new URL(request.url)
  if (body === 'query') for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return {
    method,
    url,
    headers,
    body: body === 'form' ? new URLSearchParams(params).toString() : body === 'json' ? JSON.stringify(params) : null,
    // What it carries is a secret: it goes where it was sent and nowhere else.
    maxRedirects: 0,
    maxReplyBytes: MAX_ANSWER_BYTES,
    timeoutMs: TIMEOUT_MS,
    mayReceiveCredentials,
  }
}

function readAnswer(request: RevocationRequest, { status, headers, body }: OutboundReply, now: number): RevocationOutcome {
  const { gone, auth } = request
  if (status >= 500 || status === 429 || status === 408) return temporary(status, headers['retry-after'], now)
  const answer = parse(body)
  if (gone.statuses.includes(status) || (auth === 'bearer' && status === 401)) return { kind: 'gone' }
  if (status >= 200 && status < 300 && request.succeeded(answer)) return { kind: 'revoked' }
  const named = request.errorOf(answer)
  const code = typeof named === 'string' && CODE.test(named) ? named.toLowerCase() : undefined
  if (code !== undefined && (GONE_ERRORS.includes(code) || gone.errors.includes(code))) return { kind: 'gone' }
  return { kind: 'refused', reason: code === undefined ? `it answered ${status}` : `it answered ${code}` }
}

function temporary(status: number, retryAfter: string | undefined, now: number): RevocationOutcome {
  const reason = `it answered ${status}`
  const at =
    retryAfter === undefined ? undefined : /^\d+$/.test(retryAfter) ? readLifetime(retryAfter, now) : readMoment(retryAfter)
  return { kind: 'temporary', reason, ...(at !== undefined && at > now && { retryAfterMs: at - now }) }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
