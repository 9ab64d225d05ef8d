import type { AuthScheme } from '../auth-schemes.ts'
import type { AuthDefinition, FieldDescriptor, Placement } from './definition.ts'

interface DefaultAuth extends Pick<AuthDefinition, 'oauth2' | 'assertion'> {
  readonly name: string
  readonly fields: readonly FieldDescriptor[]
  readonly placements: readonly Placement[]
}

const secret = (name: string, title: string, more: Partial<FieldDescriptor> = {}): FieldDescriptor => ({
  name,
  title,
  type: 'string',
  required: true,
  secret: true,
  ...more,
})
const plain = (name: string, title: string, more: Partial<FieldDescriptor> = {}): FieldDescriptor => ({
  ...secret(name, title),
  secret: false,
  ...more,
})
const optional = { required: false } as const
const hidden = { required: false, hidden: true } as const
const authorization = (template: string): Placement => ({ in: 'header', name: 'authorization', template })
/** Where an access token goes that was granted, or made of the stored credential. */
export const ACCESS_TOKEN_PLACEMENT = authorization('Bearer {{ access_token }}')
const bearer = ACCESS_TOKEN_PLACEMENT
const basic: Placement = { in: 'basic', username: '{{ username }}', password: '{{ password }}' }
const username = plain('username', 'User name')

const grantFields: readonly FieldDescriptor[] = [
  secret('access_token', 'Access token', { aliases: ['token'] }),
  secret('refresh_token', 'Refresh token', optional),
  secret('id_token', 'ID token', hidden),
  plain('client_id', 'Client id that the grant was issued to', hidden),
  secret('client_secret', 'Client secret that the grant was issued to', hidden),
]

/** A client's own, or nothing of it where the auth config holds the client; a token that is there already may come along. */
const clientFields: readonly FieldDescriptor[] = [
  plain('client_id', 'Client id', optional),
  secret('client_secret', 'Client secret', optional),
  secret('access_token', 'Access token', { aliases: ['token'], ...hidden }),
  secret('refresh_token', 'Refresh token', hidden),
  secret('id_token', 'ID token', hidden),
  secret('private_key', 'Private key that the client signs with', hidden),
  plain('private_key_id', 'Id of that key', hidden),
  plain('audience', 'Audience', hidden),
]

/** The members of a key file that Google issues (https://developers.google.com/identity/protocols/oauth2/service-account). */
const googleKeyFile = {
  client_email: 'client_email',
  private_key: 'private_key',
  private_key_id: 'private_key_id?',
  token_uri: 'token_uri?',
}
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token'

/** What an import may bring instead of a toolkit's own API key; placed only where the toolkit's own placement has no value. */
export const API_KEY_SUBSTITUTES: readonly FieldDescriptor[] = [
  secret('bearer_token', 'Bearer token', hidden),
  secret('basic_encoded', 'User name and password, as base64', hidden),
]
export const API_KEY_SUBSTITUTE_PLACEMENTS: readonly Placement[] = [
  authorization('Bearer {{ bearer_token }}'),
  authorization('Basic {{ basic_encoded }}'),
]

/**
 * The fields, placements and settings of a scheme for which a toolkit declares none, named as the wire names them.
 * The service-account schemes place the access token that was made from their key; the key itself is never sent.
 */
export const DEFAULT_AUTH: Readonly<Record<AuthScheme, DefaultAuth>> = {
  API_KEY: { name: 'API key', fields: [secret('api_key', 'API key', { aliases: ['generic_api_key'] })], placements: [] },
  BEARER_TOKEN: {
    name: 'Bearer token',
    fields: [secret('token', 'Token', { aliases: ['access_token', 'bearer_token'] })],
    placements: [authorization('Bearer {{ token }}')],
  },
  BASIC: { name: 'User name and password', fields: [username, secret('password', 'Password', optional)], placements: [basic] },
  BASIC_WITH_JWT: {
    name: 'User name and password with JWT',
    fields: [username, secret('password', 'Password'), secret('jwt', 'JWT', optional)],
    placements: [basic, authorization('Bearer {{ jwt }}')],
  },
  OAUTH2: { name: 'OAuth 2.0', fields: grantFields, placements: [bearer] },
  S2S_OAUTH2: { name: 'OAuth 2.0, server to server', fields: clientFields, placements: [bearer] },
  DCR_OAUTH: { name: 'OAuth 2.0 with dynamic registration', fields: grantFields, placements: [bearer] },
  OAUTH1: {
    name: 'OAuth 1.0a',
    fields: [
      secret('oauth_token', 'OAuth token'),
      secret('oauth_token_secret', 'OAuth token secret'),
      plain('consumer_key', 'Consumer key', optional),
      secret('consumer_secret', 'Consumer secret', optional),
    ],
    placements: [],
  },
  GOOGLE_SERVICE_ACCOUNT: {
    name: 'Google service account',
    fields: [
      secret('credentials_json', 'Service account key (JSON)', { json: googleKeyFile, multiline: true }),
      plain('subject', 'User to act for, by domain-wide delegation', { ...optional, aliases: ['delegated_user'] }),
    ],
    placements: [bearer],
    oauth2: {
      token_url: `{{ token_uri || '${GOOGLE_TOKEN_URL}' }}`,
      token_hosts: ['oauth2.googleapis.com', 'accounts.google.com', 'www.googleapis.com'],
      grant: 'jwt_bearer',
      client_auth: 'none',
    },
    assertion: {
      key: '{{ private_key }}',
      key_id: '{{ private_key_id }}',
      alg: 'RS256',
      issuer: '{{ client_email }}',
      subject: '{{ subject }}',
      lifetime_seconds: 3600,
      claims: { scope: '{{ scopes }}' },
    },
  },
  SERVICE_ACCOUNT: {
    name: 'Service account',
    fields: [
      plain('application_id', 'Application id'),
      plain('installation_id', 'Installation id'),
      secret('private_key', 'Private key (PEM)', { multiline: true }),
    ],
    placements: [bearer],
  },
  NO_AUTH: { name: 'No authentication', fields: [], placements: [] },
  BILLCOM_AUTH: {
    name: 'Bill.com session',
    fields: [secret('sessionId', 'Session id'), secret('devKey', 'Developer key')],
    placements: [
      { in: 'header', name: 'sessionId', template: '{{ sessionId }}' },
      { in: 'header', name: 'devKey', template: '{{ devKey }}' },
    ],
  },
  CALCOM_AUTH: {
    name: 'Cal.com managed user',
    fields: [
      secret('access_token', 'Access token', { aliases: ['token', 'api_key'] }),
      secret('refresh_token', 'Refresh token', optional),
    ],
    placements: [bearer],
  },
  SAML: { name: 'SAML', fields: [], placements: [] },
}
