import { HoldfastError } from '../../errors.ts'
import type { TokenRequest } from '../../platform/oauth/token-request.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import type { OperatorAllows } from '../toolkits/hosts.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { compileTemplate, type TemplateVars } from '../toolkits/template.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import type { CredentialValues } from './credential.ts'
import { scopesOf } from './scopes.ts'
import { chooseClient, renderAll, renderOne, textOf } from './token-client.ts'

/** What is known when a user sets out for a provider, and again when the user is back. */
export interface GrantParties {
  readonly toolkit: Toolkit
  readonly auth: ResolvedAuth
  /** Fields of the connection, those that its auth config shares among them. */
  readonly values: CredentialValues
  /** The auth config's settings: the client, scopes, and whatever else the toolkit asks for once. */
  readonly client: CredentialValues
  readonly redirectUri: string
  readonly operatorAllows: OperatorAllows
}

/** Why users cannot be sent to the provider under this auth config, or undefined when they can. */
export function whyNotConnectable({
  toolkit,
  auth,
  client,
}: Pick<GrantParties, 'toolkit' | 'auth' | 'client'>): string | undefined {
  const { oauth2 } = auth
  if (!oauth2?.authorization_url || (oauth2.grant ?? 'authorization_code') !== 'authorization_code')
    return `${toolkit.name} has no page at which users could allow it (${auth.scheme})`
  if (textOf(client, 'client_id') === undefined) return 'its auth config has no client_id'
  const auths = oauth2.client_auth ?? 'client_secret_post'
  if (auths === 'private_key_jwt')
    return textOf(client, 'private_key') === undefined ? 'its auth config has no private_key' : undefined
  if (auths !== 'none' && textOf(client, 'client_secret') === undefined) return 'its auth config has no client_secret'
  return undefined
}

function varsOf({ auth, values, client, redirectUri }: GrantParties, oauth2: OAuth2Definition): TemplateVars {
  const scope = scopesOf(auth, client).join(oauth2.scope_separator ?? ' ')
  const { client_secret: _secret, private_key: _key, ...settings } = client
  return { ...templateVarsOf(auth, { ...settings, ...values }), scope, scopes: scope, redirect_uri: redirectUri }
}

/**
 * Where the browser is sent to. The parameters stand in the address bar: none is a secret.
 * @throws HoldfastError `invalid_request` naming a field that the URL needs, `destination_not_allowed`
 */
export function authorizationUrl(parties: GrantParties, { state, challenge }: { state: string; challenge?: string }): URL {
  const { toolkit, client, redirectUri, operatorAllows } = parties
  const oauth2 = requireOAuth2(parties)
  const template = oauth2.authorization_url ?? ''
  const vars = { ...varsOf(parties, oauth2), state }
  const url = renderUrl(compileTemplate(template), vars)
  if (!mayReceiveGrant(toolkit, template, vars, url, operatorAllows)) throw notThere(toolkit, url)
  const standard: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: textOf(client, 'client_id'),
    redirect_uri: redirectUri,
    scope: textOf(vars, 'scope'),
    state,
    ...(challenge !== undefined && { code_challenge: challenge, code_challenge_method: 'S256' }),
  }
  for (const [name, value] of Object.entries({ ...standard, ...renderAll(oauth2.authorization_params, vars) }))
    if (value !== undefined) url.searchParams.set(oauth2.rename?.[name] ?? name, value)
  return url
}

/** The request that turns the code into tokens, at the endpoint of the auth config that the user set out under. */
export function codeExchange(parties: GrantParties, { code, verifier }: { code: string; verifier?: string }): TokenRequest {
  const { toolkit, client, redirectUri, operatorAllows } = parties
  const oauth2 = requireOAuth2(parties)
  const choice = chooseClient(oauth2, { val: {}, shared: {}, authConfig: client })
  const vars = { ...varsOf(parties, oauth2), client_secret: choice?.secret, code }
  return {
    url: renderUrl(compileTemplate(oauth2.token_url), vars),
    client: choice?.client,
    clientAuth: choice?.clientAuth ?? 'none',
    assertionAudience: renderOne(oauth2.client_assertion_audience, vars),
    ...(oauth2.token_method && { method: oauth2.token_method }),
    body: oauth2.body ?? 'form',
    params: {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      ...(verifier !== undefined && { code_verifier: verifier }),
      ...renderAll(oauth2.token_params, vars),
    },
    headers: renderAll(oauth2.token_headers, vars),
    ...(oauth2.rename && { rename: oauth2.rename }),
    ...(oauth2.response && { answer: oauth2.response }),
    mayReceiveCredentials: (url) => mayReceiveGrant(toolkit, oauth2.token_url, vars, url, operatorAllows, oauth2.token_hosts),
  }
}

/**
 * RFC 9207: whether an answer that names its issuer comes from the provider that the user was sent to. Where the toolkit names
 * no issuer, its origin must be that of the authorization page, as it is with nearly all providers.
 */
export function isFromProvider(parties: GrantParties, issuer: string): boolean {
  const oauth2 = requireOAuth2(parties)
  const vars = varsOf(parties, oauth2)
  if (oauth2.issuer !== undefined) return compileTemplate(oauth2.issuer).render(vars) === issuer
  const page = renderUrl(compileTemplate(oauth2.authorization_url ?? ''), vars)
  return URL.parse(issuer)?.origin === page.origin
}

/** What is left of a connection's values when its grant is about to be replaced: no token, and no client of an older grant. */
export function withoutGrant(auth: ResolvedAuth, values: CredentialValues): CredentialValues {
  const parts = new Set([...auth.credential_fields.flatMap(({ name, aliases = [] }) => [name, ...aliases]), ...GRANT_VALUES])
  return Object.fromEntries(Object.entries(values).filter(([name]) => !parts.has(name)))
}

const GRANT_VALUES = [
  'access_token',
  'refresh_token',
  'id_token',
  'token_type',
  'scope',
  'expires_in',
  'expires_at',
  'authed_user',
]

function requireOAuth2(parties: GrantParties): OAuth2Definition {
  const { oauth2 } = parties.auth
  const why = whyNotConnectable(parties)
  if (!oauth2 || why !== undefined) throw notConnectable(parties.toolkit, why ?? 'it has no OAuth 2.0')
  return oauth2
}

export const notConnectable = (toolkit: Toolkit, why: string) =>
  new HoldfastError('not_connectable', `Users cannot connect ${toolkit.name} here: ${why}.`, {
    fix: `Add client_id and client_secret to the auth config, let the operator set an app (holdfast-server oauth-apps set ${toolkit.slug}), or import the credential that you already hold.`,
  })

const notThere = (toolkit: Toolkit, url: URL) =>
  new HoldfastError('destination_not_allowed', `Users of ${toolkit.slug} may not be sent to ${url.origin}.`, {
    fix: 'Correct the field of the connection that names this host, or let the operator add it to HOLDFAST_ALLOW_HOSTS.',
  })
