import type { AuthScheme } from '../auth-schemes.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'

/** A client that the operator registered with a provider. */
export interface OAuthApp {
  readonly clientId: string
  /** Left out for clients that have none. */
  readonly clientSecret?: string | undefined
}

/** By toolkit slug: what the environment says. It wins over what is stored. */
export type GivenOAuthApps = ReadonlyMap<string, OAuthApp>

/** The scheme that an app serves. */
export const APP_SCHEME = 'OAUTH2' satisfies AuthScheme

export const takesApp = (toolkit: Toolkit): boolean => toolkit.auths.get(APP_SCHEME)?.oauth2 !== undefined

/** Whether the toolkit's provider wants a secret from its clients. */
export const needsSecret = (toolkit: Toolkit): boolean => toolkit.auths.get(APP_SCHEME)?.oauth2?.client_auth !== 'none'
