import { HoldfastError } from '../../errors.ts'
import { type OAuth1Outcome, requestOAuth1Token } from '../../platform/oauth/oauth1-tokens.ts'
import { assertAddressAllowed } from '../accounts/verification.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { type GrantParties, notConnectable, withoutGrant } from '../credentials/grant-authorization.ts'
import { lastingTokenRequest, oauth1Page, temporaryTokenRequest, whyNotOAuth1 } from '../credentials/oauth1-authorization.ts'
import { normaliseFields } from '../toolkits/fields.ts'
import type { AuthorizationFlow, FlowResult, Trip } from './authorization-flow.ts'
import type { ConnectingDeps } from './connecting.ts'
import { one } from './oauth2-flow.ts'

/**
 * OAuth 1.0a with three legs (RFC 5849 §2). It knows no `state`: ours travels in the callback's address, which the provider was
 * told in a signed request, and the temporary token binds the answer besides.
 */
export const oauth1Flow: AuthorizationFlow = {
  whyNot: whyNotOAuth1,
  scopes: () => [],

  async begin(deps, trip) {
    const { toolkit } = trip.connecting
    const parties = partiesOf(deps, trip)
    const callback = new URL(trip.redirectUri)
    callback.searchParams.set('state', trip.state)
    const outcome = await requestOAuth1Token(deps.outbound, temporaryTokenRequest(parties, callback.href), deps.now)
    if (outcome.kind !== 'granted') throw notConnectable(toolkit, `${toolkit.name} ${whyNot(outcome)}`)
    // Without this word the provider did not bind the callback, and its answer could be another's (RFC 5849 §2.1).
    if (outcome.more['oauth_callback_confirmed'] !== 'true')
      throw notConnectable(toolkit, `${toolkit.name} did not confirm where its users come back to`)
    return { redirectUrl: oauth1Page(parties, outcome.token), kept: { token: outcome.token, secret: outcome.secret } }
  },

  async finish(deps, trip) {
    const { params, kept, connecting } = trip
    const { toolkit } = connecting
    if (one(params, 'denied') !== undefined || one(params, 'oauth_problem') !== undefined)
      return refused(`The access was not allowed at ${toolkit.name}`)
    const verifier = one(params, 'oauth_verifier')
    const { token, secret } = kept
    if (token === undefined || secret === undefined || one(params, 'oauth_token') !== token)
      return refused(`The answer did not come from ${toolkit.name}. Nothing was connected`)
    if (verifier === undefined) return refused(`${toolkit.name} sent no verifier`)
    const outcome = await exchange(deps, partiesOf(deps, trip), { token, secret }, verifier)
    return outcome.kind === 'granted' ? complete(deps, trip, outcome) : refused(`${toolkit.name} ${whyNot(outcome)}`)
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

async function exchange(
  deps: ConnectingDeps,
  parties: GrantParties,
  temporary: { readonly token: string; readonly secret: string },
  verifier: string,
): Promise<OAuth1Outcome> {
  try {
    return await requestOAuth1Token(deps.outbound, lastingTokenRequest(parties, temporary, verifier), deps.now)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { kind: 'temporary', reason: error.message }
  }
}

function complete(
  deps: ConnectingDeps,
  trip: Trip,
  { token, secret, more }: Extract<OAuth1Outcome, { kind: 'granted' }>,
): FlowResult {
  const { toolkit, auth, shared, stored } = trip.connecting
  const captured = Object.fromEntries(
    Object.entries(auth.oauth1?.capture ?? {}).flatMap(([field, name]) => {
      const value = Object.hasOwn(more, name) ? more[name] : undefined
      return value ? [[field, value] as const] : []
    }),
  )
  const valuesFrom = (before: CredentialValues): CredentialValues => ({
    ...withoutGrant(auth, before),
    ...trip.fields,
    ...captured,
    oauth_token: token,
    oauth_token_secret: secret,
  })
  const whole = { ...shared, ...valuesFrom(stored) }
  const [missing] = normaliseFields(auth.connection_fields, whole).errors
  if (missing) return refused(`${toolkit.name} granted access, but ${missing.path} ${missing.message}`)
  try {
    assertAddressAllowed(deps, toolkit, auth, whole)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return refused(error.message.replace(/\.$/, ''))
  }
  return { kind: 'granted', valuesFrom, times: undefined }
}

const whyNot = (outcome: Exclude<OAuth1Outcome, { kind: 'granted' }>): string =>
  outcome.kind === 'temporary'
    ? `could not be asked for a token: ${outcome.reason.replace(/\.$/, '')}`
    : `gave no token (${outcome.code}): its consumer key, consumer secret or callback address may be wrong`

const refused = (reason: string): FlowResult => ({ kind: 'refused', reason: `${reason.replace(/\.$/, '')}.` })
