import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { CredentialValues } from './credential.ts'

const STANDARD_ANSWER = ['access_token', 'refresh_token', 'id_token', 'token_type', 'scope', 'expires_in', 'expires_at']

/** The names that a minted token and what came with it are stored under, beside the values it was made of. */
export const mintedNames = ({ oauth2, exchange }: ResolvedAuth): readonly string[] => [
  ...STANDARD_ANSWER,
  ...Object.keys({ ...oauth2?.response?.capture, ...exchange?.response?.capture }),
]

export function withoutMinted(auth: ResolvedAuth, values: CredentialValues): CredentialValues {
  const minted = new Set(mintedNames(auth))
  return Object.fromEntries(Object.entries(values).filter(([name]) => !minted.has(name)))
}
