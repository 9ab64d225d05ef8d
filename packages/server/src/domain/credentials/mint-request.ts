import { isDeepStrictEqual } from 'node:util'
import { type Assertion, signAssertion } from '../../platform/oauth/assertion.ts'
import { readSigningKey } from '../../platform/oauth/signing-key.ts'
import type { TokenAsk } from '../../platform/oauth/token-ask.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { OAuth2Definition } from '../toolkits/definition.ts'
import { jsonVarsOf } from '../toolkits/json-fields.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { encodeForm, FORM_TYPE, JSON_TYPE } from '../toolkits/request-body.ts'
import { compileTemplate, type TemplateVars, variablesOf } from '../toolkits/template.ts'
import { renderTree } from '../toolkits/template-tree.ts'
import type { AssertionDefinition } from '../toolkits/token-definitions.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import { GRANT_IS_GONE } from './grant-refresh-request.ts'
import { withoutMinted } from './minted-values.ts'
import type { RenewalPlan, RenewalSource } from './renewal-plan.ts'
import { requestedScopes } from './scopes.ts'
import {
  type ClientChoice,
  chooseClient,
  type Impossible,
  impossible,
  lacksKey,
  renderAll,
  renderOne,
  withoutClient,
} from './token-client.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ASSERTION_SECONDS = 300
const REFUSED = [401, 403]
/** What a refusal means for a key, a password or a client that the connection itself brought. */
const KEY_IS_GONE = new Set([
  'invalid_client',
  'unauthorized_client',
  'access_denied',
  ...REFUSED.map((status) => `status_${status}`),
])

/** What a token is made of, all but the signature, which takes its time. */
interface Outline {
  readonly vars: TemplateVars
  readonly choice: ClientChoice | undefined
  readonly assertion: Omit<Assertion, 'claims'> | undefined
}

/** How to make an access token of the stored credential. It spends nothing, so it may be made again. */
export async function planMint(source: RenewalSource, now: number): Promise<RenewalPlan> {
  const { auth, val } = source
  const outline = outlineMint(source)
  if ('kind' in outline) return outline
  const { choice, vars, assertion } = outline
  const claims = renderAll(auth.assertion?.claims, vars)
  const jwt = assertion && (await signAssertion({ ...assertion, claims }, now))
  const ask = makeAsk(source, outline, jwt, now)
  if (ask.kind === 'impossible') return ask
  const made = withoutMinted(auth, val)
  const isOwn = choice === undefined || choice.isOwn
  return {
    kind: 'ready',
    ask,
    mints: true,
    isStill: (stored) => isDeepStrictEqual(withoutMinted(auth, stored), made),
    isFinal: (code) => isOwn && (GRANT_IS_GONE.has(code) || KEY_IS_GONE.has(code)),
    check: isOwn ? 'check the credential' : 'check client_id and client_secret of the auth config',
  }
}

/** The same without a signature: whether a token could be asked for at all, and where. */
export function draftMint(source: RenewalSource): TokenAsk | Impossible {
  const outline = outlineMint(source)
  return 'kind' in outline ? outline : makeAsk(source, outline, outline.assertion && 'unsigned', 0)
}

function outlineMint(source: RenewalSource): Outline | Impossible {
  const { auth, val, shared, authConfig } = source
  const values = { ...shared, ...val }
  const choice = auth.oauth2 && chooseClient(auth.oauth2, source)
  const vars: TemplateVars = {
    ...templateVarsOf(auth, { ...withoutClient(authConfig), ...values }),
    ...jsonVarsOf(auth.credential_fields, values),
    ...(choice && { client_id: choice.id, client_secret: choice.secret }),
    scopes: requestedScopes(auth, values, authConfig),
  }
  if (!auth.assertion) return { vars, choice, assertion: undefined }
  const assertion = outlineAssertion(auth, auth.assertion, vars)
  return 'kind' in assertion ? assertion : { vars, choice, assertion }
}

function outlineAssertion(
  auth: ResolvedAuth,
  definition: AssertionDefinition,
  vars: TemplateVars,
): Omit<Assertion, 'claims'> | Impossible {
  const keyText = renderOne(definition.key, vars)
  const field = keyFieldOf(auth, variablesOf(definition.key)[0] ?? 'private_key')
  if (keyText === undefined) return impossible(`it has no ${field} to sign with`, `Update the connection with ${field}.`)
  const { alg, key_encoding: encoding, key_id: keyId, lifetime_seconds: lifetimeSeconds = ASSERTION_SECONDS } = definition
  const target = auth.exchange?.url ?? auth.oauth2?.token_url
  return {
    key: readSigningKey(keyText, { alg, kid: renderOne(keyId, vars), encoding, field }),
    issuer: renderOne(definition.issuer, vars),
    subject: renderOne(definition.subject, vars),
    audience: renderOne(definition.audience, vars) ?? (target && renderUrl(compileTemplate(target), vars).href),
    lifetimeSeconds,
  }
}

/** The field that the key is a part of. */
const keyFieldOf = (auth: ResolvedAuth, variable: string): string =>
  auth.credential_fields.find(({ json }) => json && Object.hasOwn(json, variable))?.name ?? variable

function makeAsk(
  source: RenewalSource,
  { vars, choice, assertion: signed }: Outline,
  assertion: string | undefined,
  now: number,
): TokenAsk | Impossible {
  const { oauth2, exchange } = source.auth
  if (exchange) return makeExchange(source, { ...vars, assertion })
  if (oauth2) return makeGrant(source, oauth2, vars, choice, assertion)
  if (assertion === undefined || signed === undefined)
    return impossible(`${source.toolkit.name} names no token endpoint`, 'Update the connection with a new access_token.')
  const expiresAt = now + signed.lifetimeSeconds * 1000
  return { kind: 'made', tokens: { accessToken: assertion, expiresAt, captured: {} } }
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

function makeExchange({ toolkit, auth, operatorAllows }: RenewalSource, vars: TemplateVars): TokenAsk | Impossible {
  const { exchange } = auth
  if (!exchange) return impossible(`${toolkit.name} names no exchange`, 'Update the connection with a new access_token.')
  const url = renderUrl(compileTemplate(exchange.url), vars)
  for (const [name, value] of Object.entries(renderAll(exchange.query, vars))) url.searchParams.set(name, value)
  const body = renderTree(exchange.body, vars)
  const isForm = exchange.body_format === 'form'
  return {
    kind: 'exchange',
    answer: { refused_status: REFUSED, ...exchange.response },
    request: {
      method: exchange.method ?? 'POST',
      url,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': isForm ? FORM_TYPE : JSON_TYPE }),
        ...lowerCased(renderAll(exchange.headers, vars)),
      },
      body:
        body === undefined ? null : isForm ? encodeForm(body as Record<string, unknown>, () => 'repeat') : JSON.stringify(body),
      mayReceiveCredentials: (to) => mayReceiveGrant(toolkit, exchange.url, vars, to, operatorAllows),
    },
  }
}

function makeGrant(
  { toolkit, auth, operatorAllows }: RenewalSource,
  oauth2: OAuth2Definition,
  vars: TemplateVars,
  choice: ClientChoice | undefined,
  assertion: string | undefined,
): TokenAsk | Impossible {
  const { params, problem } = grantParams(auth, oauth2, vars, assertion)
  if (problem) return problem
  if (!choice && params['grant_type'] === 'client_credentials')
    return impossible(
      'it has no client to ask as',
      'Give client_id and client_secret with the connection, or add them to the auth config.',
    )
  const unsigned = choice && lacksKey(choice)
  if (unsigned) return unsigned
  return {
    kind: 'grant',
    request: {
      url: renderUrl(compileTemplate(oauth2.token_url), vars),
      client: choice?.client,
      clientAuth: choice?.clientAuth ?? 'none',
      assertionAudience: renderOne(oauth2.client_assertion_audience, vars),
      ...(oauth2.token_method && { method: oauth2.token_method }),
      body: oauth2.body ?? 'form',
      params: { ...params, ...renderAll(oauth2.token_params, vars) },
      headers: renderAll(oauth2.token_headers, vars),
      ...(oauth2.rename && { rename: oauth2.rename }),
      ...(oauth2.response && { answer: oauth2.response }),
      mayReceiveCredentials: (url) => mayReceiveGrant(toolkit, oauth2.token_url, vars, url, operatorAllows, oauth2.token_hosts),
    },
  }
}

function grantParams(
  auth: ResolvedAuth,
  oauth2: OAuth2Definition,
  vars: TemplateVars,
  assertion: string | undefined,
): { params: Record<string, string>; problem?: Impossible } {
  const scopes = renderOne('{{ scopes }}', vars)
  const saysScopes = Object.hasOwn(auth.assertion?.claims ?? {}, 'scope')
  const scope: Record<string, string> = scopes === undefined || saysScopes ? {} : { scope: scopes }
  if (oauth2.grant === 'password') {
    const [username, password] = ['{{ username }}', '{{ password }}'].map((template) => renderOne(template, vars))
    if (username === undefined || password === undefined)
      return { params: {}, problem: impossible('it has no username and password', 'Update the connection with both.') }
    return { params: { grant_type: 'password', username, password, ...scope } }
  }
  if (oauth2.grant !== 'jwt_bearer') return { params: { grant_type: 'client_credentials', ...scope } }
  if (assertion === undefined)
    return { params: {}, problem: impossible('its toolkit does not say what to sign', 'Add an assertion to the toolkit.') }
  return { params: { grant_type: JWT_BEARER, assertion, ...scope } }
}
