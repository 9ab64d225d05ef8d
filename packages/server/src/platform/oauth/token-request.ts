import { type ClientAuth, ClientSecretPost, None } from 'oauth4webapi'
import { HoldfastError } from '../../errors.ts'
import type { Outbound, OutboundRequest } from '../outbound/outbound.ts'
import { type AnswerShape, readTokenAnswer, type TokenOutcome } from './token-answer.ts'

export interface TokenRequest {
  readonly url: URL
  readonly client: { readonly id: string; readonly secret?: string | undefined }
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly body: 'form' | 'json' | 'query'
  /** Under their standard names, `grant_type` included. */
  readonly params: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Standard parameter name → the provider's. */
  readonly rename?: Readonly<Record<string, string>>
  readonly answer?: AnswerShape
  readonly mayReceiveCredentials?: (url: URL) => boolean
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 15_000
/** A token answer is a kilobyte; a page of HTML is not worth reading whole. */
const MAX_ANSWER_BYTES = 256 * 1024

/** RFC 6749 §2.3.1, escaping no more than a form does: providers who do not unescape know ids with dots and dashes. */
const formEncode = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1)
const basicAuth =
  (secret: string): ClientAuth =>
  (_, client, _body, headers) =>
    headers.set(
      'authorization',
      `Basic ${Buffer.from(`${formEncode(client.client_id)}:${formEncode(secret)}`).toString('base64')}`,
    )

function clientAuthOf({ client, clientAuth }: TokenRequest): ClientAuth {
  if (clientAuth === 'none' || client.secret === undefined) return None()
  return clientAuth === 'client_secret_basic' ? basicAuth(client.secret) : ClientSecretPost(client.secret)
}

/**
 * Asks the token endpoint once.
 * @throws HoldfastError only for what trying again cannot mend: a destination that is refused
 */
export async function requestToken(outbound: Outbound, request: TokenRequest, now: () => number): Promise<TokenOutcome> {
  try {
    const reply = await outbound.send(await toOutbound(request))
    return readTokenAnswer(reply, request.answer ?? {}, now())
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code.startsWith('destination_')) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

async function toOutbound(request: TokenRequest): Promise<OutboundRequest> {
  const standard = new URLSearchParams({ ...request.params })
  const headers = new Headers({ accept: 'application/json', ...request.headers })
  await clientAuthOf(request)({ issuer: request.url.origin }, { client_id: request.client.id }, standard, headers)
  const params = [...standard].map(([name, value]) => [request.rename?.[name] ?? name, value] as [string, string])
  const url = new URL(request.url)
  let body: string | null = null
  if (request.body === 'query') for (const [name, value] of params) url.searchParams.set(name, value)
  else if (request.body === 'json') {
    body = JSON.stringify(Object.fromEntries(params))
    headers.set('content-type', 'application/json')
  } else {
    body = new URLSearchParams(params).toString()
    headers.set('content-type', 'application/x-www-form-urlencoded')
  }
  return {
    method: 'POST',
    url,
    headers: Object.fromEntries(headers),
    body,
    // The body is a secret: it goes where it was sent and nowhere else.
    maxRedirects: 0,
    maxReplyBytes: MAX_ANSWER_BYTES,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(request.mayReceiveCredentials && { mayReceiveCredentials: request.mayReceiveCredentials }),
  }
}
