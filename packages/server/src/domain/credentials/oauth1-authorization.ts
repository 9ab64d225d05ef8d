import { HoldfastError } from '../../errors.ts'
import type { OAuth1TokenRequest } from '../../platform/oauth/oauth1-tokens.ts'
import { templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { OAuth1Definition, Template } from '../toolkits/definition.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { compileTemplate, type TemplateVars } from '../toolkits/template.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import { type GrantParties, notConnectable } from './grant-authorization.ts'
import { type Consumer, consumerOf, consumerValues, signerOf } from './oauth1-signing.ts'
import { renderAll } from './token-client.ts'

/** Why users cannot be sent to the provider under this auth config, or undefined when they can. */
export function whyNotOAuth1({ toolkit, auth, client }: Pick<GrantParties, 'toolkit' | 'auth' | 'client'>): string | undefined {
  if (!auth.oauth1) return `${toolkit.name} has no page at which users could allow it (${auth.scheme})`
  const consumer = consumerOf({}, client)
  if (!consumer) return 'its auth config has no consumer_key'
  return consumer.secret === '' ? 'its auth config has no consumer_secret' : undefined
}

/** Asks for a temporary token (RFC 5849 §2.1). `callback` is where the browser comes back to. */
export const temporaryTokenRequest = (parties: GrantParties, callback: string): OAuth1TokenRequest =>
  tokenRequest(parties, ({ request_token_url: url }) => url, {}, { oauth_callback: callback })

/** Trades the temporary token for the lasting one (§2.3). */
export const lastingTokenRequest = (
  parties: GrantParties,
  { token, secret }: { readonly token: string; readonly secret: string },
  verifier: string,
): OAuth1TokenRequest =>
  tokenRequest(
    parties,
    ({ access_token_url: url }) => url,
    { oauth_token: token, oauth_token_secret: secret },
    { oauth_verifier: verifier },
  )

/**
 * Where the browser is sent to. The temporary token stands in the address bar, as the protocol has it; its secret does not.
 * @throws HoldfastError `invalid_request` naming a field that the URL needs, `destination_not_allowed`
 */
export function oauth1Page(parties: GrantParties, token: string): URL {
  const { oauth1, vars } = prepare(parties)
  const url = urlFor(parties, oauth1.authorization_url, vars)
  for (const [name, value] of Object.entries({ ...renderAll(oauth1.authorization_params, vars), oauth_token: token }))
    url.searchParams.set(name, value)
  return url
}

function tokenRequest(
  parties: GrantParties,
  templateOf: (oauth1: OAuth1Definition) => Template,
  token: Readonly<Record<string, string>>,
  params: Readonly<Record<string, string>>,
): OAuth1TokenRequest {
  const { oauth1, vars, consumer } = prepare(parties)
  const template = templateOf(oauth1)
  return {
    url: urlFor(parties, template, vars),
    signer: signerOf(parties.auth, { ...consumerValues(consumer), ...token }, vars),
    params,
    mayReceiveCredentials: (to) => mayReceiveGrant(parties.toolkit, template, vars, to, parties.operatorAllows),
  }
}

function prepare(parties: GrantParties): { oauth1: OAuth1Definition; vars: TemplateVars; consumer: Consumer } {
  const { toolkit, auth, client, values } = parties
  const why = whyNotOAuth1(parties)
  const consumer = consumerOf({}, client)
  if (!auth.oauth1 || !consumer || why !== undefined) throw notConnectable(toolkit, why ?? 'it has no OAuth 1')
  const { consumer_secret: _consumerSecret, client_secret: _clientSecret, ...settings } = client
  return { oauth1: auth.oauth1, consumer, vars: templateVarsOf(auth, { ...settings, ...values }) }
}

function urlFor({ toolkit, operatorAllows }: GrantParties, template: Template, vars: TemplateVars): URL {
  const url = renderUrl(compileTemplate(template), vars)
  if (mayReceiveGrant(toolkit, template, vars, url, operatorAllows)) return url
  throw new HoldfastError('destination_not_allowed', `Users of ${toolkit.slug} may not be sent to ${url.origin}.`, {
    fix: 'Correct the field of the connection that names this host, or let the operator add it to HOLDFAST_ALLOW_HOSTS.',
  })
}
