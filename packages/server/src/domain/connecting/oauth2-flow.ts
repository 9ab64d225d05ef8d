import { HoldfastError } from '../../errors.ts'
import { isSignedCallback } from '../../platform/oauth/callback-signature.ts'
import { newPkce } from '../../platform/oauth/pkce.ts'
import type { GrantedTokens, TokenOutcome } from '../../platform/oauth/token-answer.ts'
import { requestToken } from '../../platform/oauth/token-request.ts'
import { captureAfterAuthorization } from '../accounts/after-authorization.ts'
import { assertAddressAllowed } from '../accounts/verification.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import {
  authorizationUrl,
  codeExchange,
  type GrantParties,
  isFromProvider,
  whyNotConnectable,
  withoutGrant,
} from '../credentials/grant-authorization.ts'
import { timesUntil, withTokens } from '../credentials/grant-times.ts'
import { scopesOf } from '../credentials/scopes.ts'
import { textOf } from '../credentials/token-client.ts'
import { normaliseFields } from '../toolkits/fields.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { AuthorizationFlow, FlowResult, Trip } from './authorization-flow.ts'
import type { CallbackParams } from './connect-link.ts'
import type { ConnectingDeps } from './connecting.ts'

/** OAuth 2.0, authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9207). */
export const oauth2Flow: AuthorizationFlow = {
  whyNot: whyNotConnectable,
  scopes: ({ auth, client }) => scopesOf(auth, client),

  async begin(deps, trip) {
    const { oauth2 } = trip.connecting.auth
    const pkce = oauth2?.pkce === false ? undefined : await newPkce()
    const redirectUrl = authorizationUrl(partiesOf(deps, trip), {
      state: trip.state,
      ...(pkce && { challenge: pkce.challenge }),
    })
    return { redirectUrl, kept: pkce ? { verifier: pkce.verifier } : {} }
  },

  async finish(deps, trip) {
    const { params, kept, connecting } = trip
    const { toolkit, auth } = connecting
    const captured = capture(auth.oauth2?.callback_capture, params)
    const parties = partiesOf(deps, { ...trip, fields: { ...trip.fields, ...captured } })
    // One that came twice is as bad as a wrong one.
    if (params['iss'] !== undefined && !isFromProvider(parties, one(params, 'iss') ?? ''))
      return refused(`The answer did not come from ${toolkit.name}. Nothing was connected`)
    if (params['error'] !== undefined) return refused(refusalText(toolkit, one(params, 'error')))
    const { callback_hmac: signature } = auth.oauth2 ?? {}
    if (signature !== undefined && !isSignedCallback(params, signature, textOf(parties.client, 'client_secret')))
      return refused(`The answer did not come from ${toolkit.name}. Nothing was connected`)
    const code = one(params, auth.oauth2?.rename?.['code'] ?? 'code') ?? one(params, 'code')
    if (code === undefined) return refused(`${toolkit.name} sent no code`)
    const { verifier } = kept
    const outcome = await exchange(deps, parties, { code, ...(verifier !== undefined && { verifier }) })
    return outcome.kind === 'granted' ? complete(deps, trip, captured, outcome.tokens) : refused(noTokenText(toolkit, outcome))
  },
}

const partiesOf = (deps: ConnectingDeps, { connecting, fields, redirectUri }: Trip): GrantParties => ({
  toolkit: connecting.toolkit,
  auth: connecting.auth,
  client: connecting.client,
  values: { ...connecting.shared, ...withoutGrant(connecting.auth, connecting.stored), ...fields },
  redirectUri,
  operatorAllows: deps.operatorAllows,
})

/** A destination that is refused is the connection's fault, or its definition's: no reason to fail the server. */
async function exchange(
  deps: ConnectingDeps,
  parties: GrantParties,
  given: Parameters<typeof codeExchange>[1],
): Promise<TokenOutcome> {
  try {
    return await requestToken(deps.outbound, codeExchange(parties, given), deps.now)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

/** The connection as it will be: with what the callback, the token answer and the provider, when asked, say of it. */
async function complete(
  deps: ConnectingDeps,
  trip: Trip,
  captured: CredentialValues,
  tokens: GrantedTokens,
): Promise<FlowResult> {
  const { toolkit, auth, shared, stored, client } = trip.connecting
  const now = deps.now()
  const granted = (before: CredentialValues) =>
    withTokens({ ...withoutGrant(auth, before), ...trip.fields, ...captured }, tokens, now)
  const values = { ...shared, ...granted(stored) }
  try {
    const asked = await captureAfterAuthorization(deps, toolkit, auth, values)
    const whole = { ...values, ...asked }
    const [missing] = normaliseFields(auth.connection_fields, { ...client, ...whole }).errors
    if (missing) return refused(`${toolkit.name} granted access, but ${missing.path} ${missing.message}`)
    assertAddressAllowed(deps, toolkit, auth, whole)
    return {
      kind: 'granted',
      valuesFrom: (before) => ({ ...granted(before), ...asked }),
      times: timesUntil(tokens.expiresAt, tokens.refreshToken !== undefined, now),
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return refused(error.message.replace(/\.$/, ''))
  }
}

function noTokenText(toolkit: Toolkit, outcome: Exclude<TokenOutcome, { kind: 'granted' }>): string {
  if (outcome.kind === 'temporary') return `${toolkit.name} could not be asked for a token: ${outcome.reason.replace(/\.$/, '')}`
  return CLIENT_FAULTS.has(outcome.code)
    ? `${toolkit.name} refused the app's own OAuth client (${outcome.code}): its client id, secret or redirect URI is wrong`
    : `${toolkit.name} did not hand out a token (${outcome.code})`
}

const CLIENT_FAULTS = new Set(['invalid_client', 'unauthorized_client', 'incorrect_client_credentials', 'redirect_uri_mismatch'])

/** Only what has the form of an error code is repeated: it came through the browser, from whoever. */
const CODE = /^[a-z][a-z0-9_.-]{1,63}$/i

function refusalText(toolkit: Toolkit, code: string | undefined): string {
  if (code === 'access_denied') return `The access was not allowed at ${toolkit.name} (access_denied)`
  return code !== undefined && CODE.test(code) ? `${toolkit.name} refused (${code})` : `${toolkit.name} refused`
}

/** A parameter that came twice is none (RFC 6749 §3.1). */
export const one = (params: CallbackParams, name: string): string | undefined => {
  const value = Object.hasOwn(params, name) ? params[name] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What some providers only say here, such as which company was chosen. It comes through the browser: hosts made of it are judged. */
const capture = (wanted: Readonly<Record<string, string>> | undefined, params: CallbackParams): CredentialValues =>
  Object.fromEntries(
    Object.entries(wanted ?? {}).flatMap(([field, name]) => {
      const value = one(params, name)
      return value === undefined || value.length > MAX_CAPTURED ? [] : [[field, value] as const]
    }),
  )

const MAX_CAPTURED = 2_048

const refused = (reason: string): FlowResult => ({ kind: 'refused', reason: `${reason}.` })
