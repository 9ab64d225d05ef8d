import { HoldfastError } from '../../errors.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { momentAt, type OAuth1Signer, oauth1Header } from './oauth1.ts'

export interface OAuth1TokenRequest {
  readonly url: URL
  readonly signer: OAuth1Signer
  /** `oauth_callback` for a temporary token, `oauth_verifier` for the lasting one. */
  readonly params: Readonly<Record<string, string>>
  readonly mayReceiveCredentials?: (url: URL) => boolean
}

export type OAuth1Outcome =
  /** `more` is whatever came along, such as the user's name. */
  | { readonly kind: 'granted'; readonly token: string; readonly secret: string; readonly more: Readonly<Record<string, string>> }
  | { readonly kind: 'rejected'; readonly code: string }
  /** `reason` holds no word of the answer. */
  | { readonly kind: 'temporary'; readonly reason: string }

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 64 * 1024
/** As the problem-reporting extension writes them; anything else may quote a secret. */
const PROBLEM = /^[a-z][a-z0-9_]{1,63}$/

/** Asks once, for a temporary token (RFC 5849 §2.1) or for the lasting one (§2.3). @throws HoldfastError only for a destination that is refused */
export async function requestOAuth1Token(
  outbound: Outbound,
  { url, signer, params, mayReceiveCredentials }: OAuth1TokenRequest,
  now: () => number,
): Promise<OAuth1Outcome> {
  const authorization = oauth1Header({ method: 'POST', url }, signer, momentAt(now()), { ...params, oauth_version: '1.0' })
  try {
    const { status, body } = await outbound.send({
      method: 'POST',
      url,
      headers: { authorization, accept: 'application/x-www-form-urlencoded' },
      body: null,
      maxRedirects: 0,
      maxReplyBytes: MAX_ANSWER_BYTES,
      timeoutMs: TIMEOUT_MS,
      ...(mayReceiveCredentials && { mayReceiveCredentials }),
    })
    return readOAuth1Answer(status, body.toString())
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code.startsWith('destination_')) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

export function readOAuth1Answer(status: number, body: string): OAuth1Outcome {
  if (status >= 500 || status === 429 || status === 408) return { kind: 'temporary', reason: `it answered ${status}` }
  const {
    oauth_token: token,
    oauth_token_secret: secret,
    oauth_problem: problem,
    ...more
  } = Object.fromEntries(new URLSearchParams(body.trim()))
  if (status >= 400)
    return { kind: 'rejected', code: problem !== undefined && PROBLEM.test(problem) ? problem : `status_${status}` }
  if (status < 200 || status >= 300 || !token || secret === undefined)
    return { kind: 'temporary', reason: `it answered ${status} with something that is no token` }
  return { kind: 'granted', token, secret, more }
}
