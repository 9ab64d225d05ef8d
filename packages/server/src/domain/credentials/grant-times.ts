import { isDeepStrictEqual } from 'node:util'
import { readLifetime, readMoment } from '../../platform/oauth/expiry.ts'
import type { GrantedTokens } from '../../platform/oauth/token-answer.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { type CredentialValues, type GrantTimes, NO_TIMES } from './credential.ts'
import { mintedNames, withoutMinted } from './minted-values.ts'

/** How long before its end an access token is replaced, unless it lives so short that a fifth of its life is less. */
export const MARGIN_MS = 5 * 60_000
export const MARGIN_SHARE = 0.2

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/** The jitter keeps apart what was imported together. */
export function timesUntil(expiresAt: number | undefined, canRefresh: boolean, now: number): GrantTimes {
  if (expiresAt === undefined) return NO_TIMES
  const margin = Math.min(MARGIN_MS, Math.max(0, expiresAt - now) * MARGIN_SHARE)
  return { expiresAt, refreshAt: canRefresh ? Math.round(expiresAt - margin * (1 + Math.random() / 4)) : null }
}

/** There is no token yet: the first call makes one, and the background schedule does not. */
const NEVER_MINTED: GrantTimes = { expiresAt: 0, refreshAt: null }

/**
 * Of a grant or a key as it is handed over: `expires_at` wins over `expires_in`, which counts from now. Undefined: what is
 * stored is what is sent, and nothing renews it.
 */
export function timesOfImport(
  { renewal }: Pick<ResolvedAuth, 'renewal'>,
  values: CredentialValues,
  now: number,
): GrantTimes | undefined {
  if (renewal === undefined) return undefined
  if (renewal === 'mint' && !isGiven(values['access_token'])) return NEVER_MINTED
  const expiresAt = readMoment(values['expires_at']) ?? readLifetime(values['expires_in'], now)
  return timesUntil(expiresAt, renewal === 'mint' || isGiven(values['refresh_token']), now)
}

export interface Patched {
  readonly values: CredentialValues
  /** Undefined: they stay as they are. */
  readonly times: GrantTimes | undefined
}

/** What a patch makes of a credential and of its times. A token that was made of something else is dropped. */
export function applyPatch(
  auth: ResolvedAuth,
  before: CredentialValues,
  patch: CredentialValues,
  merged: CredentialValues,
  now: number,
): Patched {
  if (auth.renewal === undefined) return { values: merged, times: undefined }
  if (auth.renewal === 'mint' && !isGiven(patch['access_token'])) {
    const source = withoutMinted(auth, merged)
    const isSame = !isGiven(before['access_token']) || isDeepStrictEqual(source, withoutMinted(auth, before))
    const dropsToken = mintedNames(auth).some((name) => name in patch)
    return isSame && !dropsToken ? { values: merged, times: undefined } : { values: source, times: NEVER_MINTED }
  }
  return applyGrantPatch(auth, before, patch, merged, now)
}

/** New tokens do not inherit the old ones' expiry: what the patch does not say about it is then unknown. */
function applyGrantPatch(
  auth: ResolvedAuth,
  before: CredentialValues,
  patch: CredentialValues,
  merged: CredentialValues,
  now: number,
): Patched {
  const saysExpiry = 'expires_at' in patch || 'expires_in' in patch
  const newToken = merged['access_token'] !== before['access_token']
  if (!saysExpiry && !newToken) {
    const sameRefresh = merged['refresh_token'] === before['refresh_token']
    return { values: merged, times: sameRefresh ? undefined : timesOfImport(auth, merged, now) }
  }
  const { expires_at: _at, expires_in: _in, ...others } = merged
  const expiry = Object.fromEntries(
    Object.entries(merged).filter(([name]) => (name === 'expires_at' || name === 'expires_in') && isGiven(patch[name])),
  )
  const values = { ...others, ...expiry }
  return { values, times: timesOfImport(auth, values, now) }
}

/** The grant after a refresh: what the provider left out stays as it was, the refresh token above all. */
export function withTokens(before: CredentialValues, tokens: GrantedTokens, now: number): CredentialValues {
  const { expires_at: _at, expires_in: _in, ...others } = before
  const { expiresAt, refreshToken, idToken, tokenType, scope } = tokens
  return {
    ...others,
    ...tokens.captured,
    access_token: tokens.accessToken,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(tokenType !== undefined && { token_type: tokenType }),
    ...(scope !== undefined && { scope }),
    ...(expiresAt !== undefined && {
      expires_in: Math.round((expiresAt - now) / 1000),
      expires_at: new Date(expiresAt).toISOString(),
    }),
  }
}
