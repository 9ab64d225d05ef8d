import { type ClientAuth, ClientSecretPost, None } from 'oauth4webapi'
import { HoldfastError } from '../../errors.ts'
import type { Outbound, OutboundRequest } from '../outbound/outbound.ts'
import { signAssertion } from './assertion.ts'
import { clientBasic } from './client-basic.ts'
import type { SigningKey } from './signing-key.ts'
import { type AnswerShape, readTokenAnswer, type TokenOutcome } from './token-answer.ts'

export interface TokenClient {
  readonly id: string
  readonly secret?: string | undefined
  /** With which it signs, for `private_key_jwt`. */
  readonly key?: SigningKey | undefined
}

export interface TokenRequest {
  readonly url: URL
  /** Left out: nobody but what the parameters hold. */
  readonly client?: TokenClient | undefined
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
  /** Of the assertion of `private_key_jwt`. Left out: the URL that it goes to. */
  readonly assertionAudience?: string | undefined
  readonly method?: 'POST' | 'GET'
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

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_SECONDS = 120
const DEFAULT_TIMEOUT_MS = 15_000
/** A token answer is a kilobyte; a page of HTML is not worth reading whole. */
const MAX_ANSWER_BYTES = 256 * 1024

const basicAuth =
  (secret: string): ClientAuth =>
  (_, client, _body, headers) =>
    headers.set('authorization', clientBasic(client.client_id, secret))

/** RFC 7523 §2.2. The audience is the token endpoint: what most providers ask for, where the RFC leaves the choice. */
const privateKeyJwt =
  ({ url, assertionAudience }: TokenRequest, client: TokenClient, key: SigningKey, now: number): ClientAuth =>
  async (_as, _client, body) => {
    const audience = assertionAudience ?? `${url.origin}${url.pathname}`
    const claims = { key, issuer: client.id, subject: client.id, audience, lifetimeSeconds: ASSERTION_SECONDS }
    body.set('client_id', client.id)
    body.set('client_assertion_type', ASSERTION_TYPE)
    body.set('client_assertion', await signAssertion(claims, now))
  }

function clientAuthOf(request: TokenRequest, now: number): ClientAuth {
  const { client, clientAuth } = request
  if (client === undefined) return () => {}
  if (clientAuth === 'private_key_jwt' && client.key) return privateKeyJwt(request, client, client.key, now)
  if (clientAuth === 'none' || client.secret === undefined) return None()
  return clientAuth === 'client_secret_basic' ? basicAuth(client.secret) : ClientSecretPost(client.secret)
}

/**
 * Asks the token endpoint once.
 * @throws HoldfastError only for what trying again cannot mend: a destination that is refused
 */
export async function requestToken(outbound: Outbound, request: TokenRequest, now: () => number): Promise<TokenOutcome> {
  return fetchToken(outbound, await toOutbound(request, now()), request.answer ?? {}, now)
}

/**
 * Sends what asks for a token, once, and reads the answer as one.
 * @throws HoldfastError as `requestToken` does
 */
export async function fetchToken(
  outbound: Outbound,
  request: OutboundRequest,
  answer: AnswerShape,
  now: () => number,
): Promise<TokenOutcome> {
  try {
    const bounded = {
      // The request is a secret: it goes where it was sent and nowhere else.
      maxRedirects: 0,
      maxReplyBytes: MAX_ANSWER_BYTES,
      timeoutMs: DEFAULT_TIMEOUT_MS,
    }
    return readTokenAnswer(await outbound.send({ ...bounded, ...request }), answer, now())
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code.startsWith('destination_')) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

async function toOutbound(request: TokenRequest, now: number): Promise<OutboundRequest> {
  const standard = new URLSearchParams({ ...request.params })
  const headers = new Headers({ accept: 'application/json', ...request.headers })
  await clientAuthOf(request, now)({ issuer: request.url.origin }, { client_id: request.client?.id ?? '' }, standard, headers)
  const params = [...standard].map(([name, value]) => [request.rename?.[name] ?? name, value] as [string, string])
  const url = new URL(request.url)
  let body: string | null = null
  if (request.body === 'query' || request.method === 'GET') for (const [name, value] of params) url.searchParams.set(name, value)
  else if (request.body === 'json') {
    body = JSON.stringify(Object.fromEntries(params))
    headers.set('content-type', 'application/json')
  } else {
    body = new URLSearchParams(params).toString()
    headers.set('content-type', 'application/x-www-form-urlencoded')
  }
  return {
    method: request.method ?? 'POST',
    url,
    headers: Object.fromEntries(headers),
    body,
    ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
    ...(request.mayReceiveCredentials && { mayReceiveCredentials: request.mayReceiveCredentials }),
  }
}
