import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues, GrantTimes } from '../credentials/credential.ts'
import type { CallbackParams } from './connect-link.ts'
import type { Connecting, ConnectingDeps } from './connecting.ts'
import { oauth1Flow } from './oauth1-flow.ts'
import { oauth2Flow } from './oauth2-flow.ts'

/** The way to the provider and back, of one scheme. `fields` are the connection's, with what the person typed. */
export interface AuthorizationFlow {
  /** Why users cannot be sent to the provider under this auth config, or undefined when they can. */
  whyNot(connecting: Pick<Connecting, 'toolkit' | 'auth' | 'client'>): string | undefined
  scopes(connecting: Pick<Connecting, 'auth' | 'client'>): readonly string[]
  /** `state` must come back with the browser. What is in `kept` stays here, sealed, and is given to `finish`. */
  begin(deps: ConnectingDeps, trip: Trip & { readonly state: string }): Promise<{ redirectUrl: URL; kept: Kept }>
  /** Never throws for what a provider or a person did: that is `refused`, with a sentence that holds no word of theirs. */
  finish(deps: ConnectingDeps, trip: Trip & { readonly kept: Kept; readonly params: CallbackParams }): Promise<FlowResult>
}

export interface Trip {
  readonly connecting: Connecting
  readonly fields: CredentialValues
  readonly redirectUri: string
}

export type Kept = Readonly<Record<string, string>>

export type FlowResult =
  | {
      readonly kind: 'granted'
      /** Made of what the connection's values are at that moment. */
      readonly valuesFrom: (before: CredentialValues) => CredentialValues
      readonly times: GrantTimes | undefined
    }
  | { readonly kind: 'refused'; readonly reason: string }

const FLOWS: Partial<Record<AuthScheme, AuthorizationFlow>> = { OAUTH2: oauth2Flow, OAUTH1: oauth1Flow }

export const flowOf = (scheme: AuthScheme): AuthorizationFlow | undefined => FLOWS[scheme]
