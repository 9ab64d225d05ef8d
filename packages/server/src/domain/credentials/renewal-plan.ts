import type { TokenAsk } from '../../platform/oauth/token-ask.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { OperatorAllows } from '../toolkits/hosts.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { CredentialValues } from './credential.ts'
import { planRefresh } from './grant-refresh-request.ts'
import { planMint } from './mint-request.ts'
import type { Impossible } from './token-client.ts'

/** All that a token is made of. */
export interface RenewalSource {
  readonly toolkit: Toolkit
  readonly auth: ResolvedAuth
  /** The connection's own values. */
  readonly val: CredentialValues
  /** What it inherits of its auth config. */
  readonly shared: CredentialValues
  /** What the auth config holds for itself: the client, the scopes. */
  readonly authConfig: CredentialValues
  readonly operatorAllows: OperatorAllows
}

export interface RenewalReady {
  readonly kind: 'ready'
  readonly ask: TokenAsk
  /** The token is made of the credential, which stays as it is; else a refresh token is spent. */
  readonly mints: boolean
  /** Whether what is stored now is what the request was made of: if not, its answer is about something else. */
  isStill(stored: CredentialValues): boolean
  /** Whether this refusal means that the credential is gone for good, and not that somebody must mend a setting. */
  isFinal(code: string): boolean
  /** What to look at after any other refusal. */
  readonly check: string
}

export type RenewalPlan = RenewalReady | Impossible

/** @throws HoldfastError `invalid_request` when a field that the request needs is missing or malformed */
export async function planRenewal(source: RenewalSource, now: number): Promise<RenewalPlan> {
  return source.auth.renewal === 'mint' ? planMint(source, now) : planRefresh(source)
}
