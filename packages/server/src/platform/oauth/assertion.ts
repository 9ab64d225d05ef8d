import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SigningKey } from './signing-key.ts'

export interface Assertion {
  readonly key: SigningKey
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly audience?: string | undefined
  readonly lifetimeSeconds: number
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A clock that is a little ahead of the provider's must not make assertions from the future. */
const CLOCK_TOLERANCE_SECONDS = 10

/** A JWT as RFC 7523 §3 wants it, new each time: providers remember `jti`. */
export function signAssertion(
  { key, issuer, subject, audience, lifetimeSeconds, claims }: Assertion,
  now: number,
): Promise<string> {
  const issuedAt = Math.floor(now / 1000) - CLOCK_TOLERANCE_SECONDS
  const registered = {
    ...(issuer !== undefined && { iss: issuer }),
    ...(subject !== undefined && { sub: subject }),
    ...(audience !== undefined && { aud: audience }),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
    jti: randomUUID(),
  }
  return new SignJWT({ ...claims, ...registered })
    .setProtectedHeader({ alg: key.alg, typ: 'JWT', ...(key.kid !== undefined && { kid: key.kid }) })
    .sign(key.key)
}
