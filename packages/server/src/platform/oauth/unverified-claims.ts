import { decodeJwt } from 'jose'

/**
 * What a JWT says of itself; undefined for what is no JWT. Nothing is verified, so this is good for hints alone: whoever hands
 * a token over could have written it.
 */
export function readUnverifiedClaims(token: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof token !== 'string' || token.split('.').length !== 3) return undefined
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
