import { HoldfastError } from '../../errors.ts'
import { readUnverifiedClaims } from '../../platform/oauth/unverified-claims.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import type { CredentialValues } from './credential.ts'

/** The OAuth client that a grant was issued to. */
export interface GrantClient {
  readonly id: string
  readonly secret: string | undefined
}

const textOf = (values: CredentialValues, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const PROOFS = ['client_secret', 'private_key']

/** Who brought the client: the connection itself, or its auth config, whose client it may name without proving it again. */
export function clientHolder(values: CredentialValues, authConfig: CredentialValues): CredentialValues {
  const own = textOf(values, 'client_id')
  const isNamedOnly = own === textOf(authConfig, 'client_id') && PROOFS.every((name) => textOf(values, name) === undefined)
  return own === undefined || isNamedOnly ? authConfig : values
}

/**
 * The connection's own client where it brought one, else the auth config's. Whole: the secret of one client never goes along
 * with the id of another.
 */
export function grantClientOf(values: CredentialValues, authConfig: CredentialValues): GrantClient | undefined {
  const holder = clientHolder(values, authConfig)
  const id = textOf(holder, 'client_id')
  return id === undefined ? undefined : { id, secret: textOf(holder, 'client_secret') }
}

const PROVEN_OTHERWISE: readonly unknown[] = ['none', 'private_key_jwt']

/**
 * Refuses a grant of which it is known that the client it would be refreshed with is not the one it was issued to: every refresh
 * would fail, and nobody should find out when the access token has died. `tokens` are those that are handed over now.
 * @throws HoldfastError `grant_client_mismatch`
 */
export function assertOwnClient(
  auth: ResolvedAuth,
  values: CredentialValues,
  authConfig: CredentialValues,
  tokens: CredentialValues = values,
): void {
  if (textOf(values, 'refresh_token') === undefined) return
  const client = grantClientOf(values, authConfig)
  if (client === undefined) return
  const shared = textOf(authConfig, 'client_id')
  if (
    client.secret === undefined &&
    shared !== undefined &&
    client.id !== shared &&
    !PROVEN_OTHERWISE.includes(auth.oauth2?.client_auth)
  )
    throw new HoldfastError(
      'grant_client_mismatch',
      `The grant was issued to client ${show(client.id)}, the auth config holds client ${show(shared)}, and the secret of the first is missing.`,
      {
        fix: 'Add client_secret beside client_id, or use an auth config of that client. A client without a secret needs an auth config of its own, which has its client_id and no client_secret.',
        fields: [{ path: 'connection.state.val.client_secret', message: 'is required beside a client_id of its own' }],
      },
    )
  for (const { path, ids } of namedClients(tokens))
    if (ids.length > 0 && !ids.includes(client.id))
      throw new HoldfastError(
        'grant_client_mismatch',
        `The ${path} was issued to client ${ids.map(show).join(' or ')}, and the grant would be refreshed as client ${show(client.id)}, which its provider will refuse.`,
        {
          fix: `Bring client_id and client_secret of the client that it was issued to in connection.state.val, or use an auth config of that client. If the ${path} is not of this grant, leave it out.`,
          fields: [{ path: `connection.state.val.${path}`, message: 'was issued to another client' }],
        },
      )
}

/**
 * Who a token says that it was made for. Of an ID token the audience is the client (OpenID Connect Core §2), and `azp` may name a
 * second one; of an access token only `client_id` (RFC 9068 §2.2) and `azp` are: its audience is the API.
 */
function namedClients(tokens: CredentialValues): { path: string; ids: string[] }[] {
  const idToken = readUnverifiedClaims(tokens['id_token'])
  const accessToken = readUnverifiedClaims(tokens['access_token'])
  return [
    { path: 'id_token', ids: textsOf(idToken?.['aud'], idToken?.['azp']) },
    { path: 'access_token', ids: textsOf(accessToken?.['client_id'], accessToken?.['azp']) },
  ]
}

const textsOf = (...claims: readonly unknown[]): string[] =>
  claims.flat().filter((claim): claim is string => typeof claim === 'string' && claim !== '')

/** Client ids are no secrets; what stands in the place of one in a token may be anything. */
const show = (id: string): string => JSON.stringify(id.slice(0, 120))
