/** Every way to authenticate that a toolkit may offer; the names are those of the wire. */
export const AUTH_SCHEMES = [
  'OAUTH2',
  'OAUTH1',
  'API_KEY',
  'BASIC',
  'BEARER_TOKEN',
  'BASIC_WITH_JWT',
  'GOOGLE_SERVICE_ACCOUNT',
  'SERVICE_ACCOUNT',
  'S2S_OAUTH2',
  'DCR_OAUTH',
  'NO_AUTH',
  'BILLCOM_AUTH',
  'CALCOM_AUTH',
  'SAML',
] as const

export type AuthScheme = (typeof AUTH_SCHEMES)[number]

/** Schemes whose credential is what the user typed: an import is ACTIVE at once, and nobody is asked for consent. */
export const DIRECT_SCHEMES = [
  'API_KEY',
  'BEARER_TOKEN',
  'BASIC',
  'BASIC_WITH_JWT',
  'GOOGLE_SERVICE_ACCOUNT',
  'SERVICE_ACCOUNT',
  'NO_AUTH',
  'BILLCOM_AUTH',
  'CALCOM_AUTH',
] as const satisfies readonly AuthScheme[]

/** Schemes whose access token is replaced by means of a refresh token. */
export const isGrantScheme = (scheme: AuthScheme): boolean => scheme === 'OAUTH2' || scheme === 'DCR_OAUTH'

export const isDirectScheme = (scheme: AuthScheme): boolean => (DIRECT_SCHEMES as readonly AuthScheme[]).includes(scheme)
