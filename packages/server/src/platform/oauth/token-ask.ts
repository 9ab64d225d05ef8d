import type { Outbound, OutboundRequest } from '../outbound/outbound.ts'
import type { AnswerShape, GrantedTokens, TokenOutcome } from './token-answer.ts'
import { fetchToken, requestToken, type TokenRequest } from './token-request.ts'

/** One way to come by an access token. */
export type TokenAsk =
  | { readonly kind: 'grant'; readonly request: TokenRequest }
  /** A request of the provider's own making, whose answer holds a token. */
  | { readonly kind: 'exchange'; readonly request: OutboundRequest; readonly answer: AnswerShape }
  /** Nobody is asked: the token is a signed assertion. */
  | { readonly kind: 'made'; readonly tokens: GrantedTokens }

export async function askForToken(outbound: Outbound, ask: TokenAsk, now: () => number): Promise<TokenOutcome> {
  switch (ask.kind) {
    case 'grant':
      return requestToken(outbound, ask.request, now)
    case 'exchange':
      return fetchToken(outbound, ask.request, ask.answer, now)
    case 'made':
      return { kind: 'granted', tokens: ask.tokens }
  }
}
