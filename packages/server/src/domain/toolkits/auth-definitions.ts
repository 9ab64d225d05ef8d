import { type AuthScheme, isDirectScheme } from '../auth-schemes.ts'
import { ACCESS_TOKEN_PLACEMENT, API_KEY_SUBSTITUTE_PLACEMENTS, API_KEY_SUBSTITUTES, DEFAULT_AUTH } from './default-auth.ts'
import type { AuthDefinition, FieldDescriptor, OAuth2Definition, Placement, ToolkitDefinition } from './definition.ts'
import type { TemplateVars } from './template.ts'

/** A scheme of a toolkit with nothing left to assume: the scheme's usual fields and placements stand where it declared none. */
export interface ResolvedAuth extends AuthDefinition {
  readonly name: string
  readonly auth_config_fields: readonly FieldDescriptor[]
  readonly connection_fields: readonly FieldDescriptor[]
  readonly credential_fields: readonly FieldDescriptor[]
  readonly placements: readonly Placement[]
  /** The API key itself; without a value for it, `substitute_placements` stand in for the placements that carry it. */
  readonly key_field?: string
  readonly substitute_placements?: readonly Placement[]
  /** BEARER_TOKEN that the toolkit did not declare: it follows from the OAuth scheme beside it. */
  readonly derived: boolean
  /**
   * How a connection gets its next access token. `refresh`: it spends a refresh token. `mint`: it is made of the stored credential,
   * as often as one likes. Left out: what is stored is what is sent.
   */
  readonly renewal?: 'refresh' | 'mint'
}

const GRANT_SCHEMES: readonly AuthScheme[] = ['OAUTH2', 'S2S_OAUTH2', 'DCR_OAUTH']

/** The wire has four names for an API key; each is accepted for every toolkit, whatever its own field is called. */
function withApiKeyNames(fields: readonly FieldDescriptor[]): { fields: FieldDescriptor[]; keyField: string | undefined } {
  const key = fields.find(({ name }) => name === 'api_key') ?? fields.find(({ secret }) => secret) ?? fields[0]
  const taken = new Set(fields.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
  const substitutes = API_KEY_SUBSTITUTES.filter(({ name }) => !taken.has(name))
  const others = substitutes.map(({ name }) => name)
  const named = fields.map((field) => {
    if (field !== key) return field
    const aliases = [...(field.aliases ?? []), ...['api_key', 'generic_api_key'].filter((name) => !taken.has(name))]
    return { ...field, aliases, required_unless: [...(field.required_unless ?? []), ...others] }
  })
  return { fields: [...named, ...substitutes], keyField: key?.name }
}

const MINTING_GRANTS: readonly OAuth2Definition['grant'][] = ['client_credentials', 'password', 'jwt_bearer']

function renewalOf({ scheme, oauth2, assertion, exchange }: AuthDefinition): 'refresh' | 'mint' | undefined {
  if (scheme === 'S2S_OAUTH2' || assertion || exchange || MINTING_GRANTS.includes(oauth2?.grant)) return 'mint'
  return scheme === 'OAUTH2' || scheme === 'DCR_OAUTH' ? 'refresh' : undefined
}

/** With what the scheme usually means. An exchange of the toolkit's own stands in for all of it. */
function withUsualSettings(auth: AuthDefinition): AuthDefinition {
  const { oauth2, assertion } = DEFAULT_AUTH[auth.scheme]
  if (auth.exchange || !(oauth2 || assertion)) return auth
  return {
    ...auth,
    ...(oauth2 && { oauth2: { ...oauth2, ...auth.oauth2 } }),
    ...(assertion && { assertion: { ...assertion, ...auth.assertion } }),
  }
}

export function resolveAuth(given: AuthDefinition, derived = false): ResolvedAuth {
  const usual = DEFAULT_AUTH[given.scheme]
  const auth = withUsualSettings(given)
  const renewal = renewalOf(auth)
  const resolved: ResolvedAuth = {
    ...auth,
    ...(renewal && { renewal }),
    name: auth.name ?? usual.name,
    auth_config_fields: auth.auth_config_fields ?? [],
    connection_fields: auth.connection_fields ?? [],
    credential_fields: auth.credential_fields ?? usual.fields,
    placements: auth.placements ?? (renewal === 'mint' ? [ACCESS_TOKEN_PLACEMENT] : usual.placements),
    derived,
  }
  if (auth.scheme !== 'API_KEY') return resolved
  const { fields, keyField } = withApiKeyNames(resolved.credential_fields)
  // What a key is traded for cannot be had for a substitute of the key.
  if (renewal) return { ...resolved, credential_fields: fields.filter((field) => !API_KEY_SUBSTITUTES.includes(field)) }
  return {
    ...resolved,
    credential_fields: fields,
    substitute_placements: API_KEY_SUBSTITUTE_PLACEMENTS,
    ...(keyField === undefined ? {} : { key_field: keyField }),
  }
}

/** A token that an app already has works wherever the provider's OAuth tokens do, placed the way those are. */
function deriveBearer(grant: AuthDefinition): ResolvedAuth {
  return resolveAuth(
    {
      scheme: 'BEARER_TOKEN',
      ...(grant.connection_fields ? { connection_fields: grant.connection_fields } : {}),
      ...(grant.placements ? { placements: grant.placements } : {}),
      ...(grant.verification ? { verification: grant.verification } : {}),
    },
    true,
  )
}

/** A service account asks for what the toolkit's OAuth asks for, unless the toolkit says otherwise. */
const withScopes = (auth: ResolvedAuth, scopes: readonly string[] | undefined): ResolvedAuth =>
  auth.scheme === 'GOOGLE_SERVICE_ACCOUNT' && auth.oauth2 && !auth.oauth2.default_scopes && scopes
    ? { ...auth, oauth2: { ...auth.oauth2, default_scopes: scopes } }
    : auth

export function resolveAuths(definition: ToolkitDefinition): ReadonlyMap<AuthScheme, ResolvedAuth> {
  const scopes = definition.auth.find(({ scheme }) => scheme === 'OAUTH2')?.oauth2?.default_scopes
  const auths = new Map(definition.auth.map((auth) => [auth.scheme, withScopes(resolveAuth(auth), scopes)]))
  const grant = definition.auth.find(({ scheme }) => GRANT_SCHEMES.includes(scheme))
  if (grant && !auths.has('BEARER_TOKEN')) auths.set('BEARER_TOKEN', deriveBearer(grant))
  return auths
}

/** Whether a person gives the credential by typing it, and is sent nowhere. */
export const isTyped = ({ scheme }: ResolvedAuth): boolean => isDirectScheme(scheme) || scheme === 'S2S_OAUTH2'

/** Connection fields that an authorization brings by itself: required of an import, not asked of somebody who connects anew. */
export function capturedFields({ oauth2, oauth1, exchange }: AuthDefinition): ReadonlySet<string> {
  const { response, callback_capture: callback, after_authorization: after } = oauth2 ?? {}
  return new Set(
    [response?.capture, oauth1?.capture, exchange?.response?.capture, callback, after?.capture].flatMap((names) =>
      Object.keys(names ?? {}),
    ),
  )
}

const hasValue = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/**
 * What templates see for a connection: the given values, each also under its field's other names, and the fields' defaults.
 * So a toolkit may write `{{ api_key }}` or `{{ generic_api_key }}`, and a field that it gained later works for old connections.
 */
export function templateVarsOf(auth: ResolvedAuth, given: TemplateVars): TemplateVars {
  const vars: Record<string, unknown> = { ...given }
  for (const { name, aliases = [], default: preset } of [...auth.connection_fields, ...auth.credential_fields]) {
    const names = [name, ...aliases]
    const source = names.find((candidate) => Object.hasOwn(given, candidate) && hasValue(given[candidate]))
    const value = source === undefined ? preset : given[source]
    if (value === undefined) continue
    for (const candidate of names) if (!Object.hasOwn(vars, candidate) || !hasValue(vars[candidate])) vars[candidate] = value
  }
  return vars
}
