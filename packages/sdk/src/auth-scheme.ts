/** Every way to authenticate that a toolkit may offer. */
export const AuthSchemeTypes = {
  OAUTH2: 'OAUTH2',
  OAUTH1: 'OAUTH1',
  API_KEY: 'API_KEY',
  BASIC: 'BASIC',
  BEARER_TOKEN: 'BEARER_TOKEN',
  BASIC_WITH_JWT: 'BASIC_WITH_JWT',
  GOOGLE_SERVICE_ACCOUNT: 'GOOGLE_SERVICE_ACCOUNT',
  SERVICE_ACCOUNT: 'SERVICE_ACCOUNT',
  S2S_OAUTH2: 'S2S_OAUTH2',
  DCR_OAUTH: 'DCR_OAUTH',
  NO_AUTH: 'NO_AUTH',
  BILLCOM_AUTH: 'BILLCOM_AUTH',
  CALCOM_AUTH: 'CALCOM_AUTH',
  SAML: 'SAML',
} as const

export type AuthSchemeType = (typeof AuthSchemeTypes)[keyof typeof AuthSchemeTypes]

/** The states of a connected account. Only an ACTIVE one is used by tools. */
export const ConnectionStatuses = {
  INITIALIZING: 'INITIALIZING',
  INITIATED: 'INITIATED',
  ACTIVE: 'ACTIVE',
  FAILED: 'FAILED',
  EXPIRED: 'EXPIRED',
  INACTIVE: 'INACTIVE',
  REVOKED: 'REVOKED',
} as const

export type ConnectionStatus = (typeof ConnectionStatuses)[keyof typeof ConnectionStatuses]

/** What belongs to a connection besides its credential: it fills the address templates of the toolkits that have one. */
export interface ConnectionFields {
  subdomain?: string
  'your-domain'?: string
  region?: string
  shop?: string
  account_url?: string
  account_id?: string
  COMPANYDOMAIN?: string
  domain?: string
  extension?: string
  form_api_base_url?: string
  instanceEndpoint?: string
  instanceName?: string
  api_url?: string
  base_url?: string
  dc?: string
  site_name?: string
  server_location?: string
  version?: string
  your_server?: string
  proxy_username?: string
  proxy_password?: string
  /** Set by the helper that builds the connection; give it only to override that. */
  status?: ConnectionStatus
  /** Any other field that the toolkit asks for. */
  [field: string]: unknown
}

/** Tokens of an OAuth 2 grant, as the provider's token endpoint answered. Without `access_token`, the user is sent to consent. */
export interface OAuth2Fields extends ConnectionFields {
  access_token?: string
  refresh_token?: string | null
  id_token?: string
  token_type?: string
  /** Seconds. */
  expires_in?: number | string | null
  scope?: string | string[] | null
  /** Slack's user token, beside the bot's. */
  authed_user?: { access_token?: string; scope?: string }
}

export interface OAuth1Fields extends ConnectionFields {
  oauth_token?: string
  oauth_token_secret?: string
  consumer_key?: string
  oauth_verifier?: string
}

/** One of these is needed; which one, the toolkit says (`toolkits.getConnectedAccountInitiationFields`). */
export interface APIKeyFields extends ConnectionFields {
  api_key?: string
  generic_api_key?: string
  bearer_token?: string
  basic_encoded?: string
}

export interface BearerTokenFields extends ConnectionFields {
  token: string
}

export interface BasicFields extends ConnectionFields {
  username: string
  password: string
}

export interface GoogleServiceAccountFields extends ConnectionFields {
  /** The JSON key file, as text. */
  credentials_json: string
}

export interface ServiceAccountFields extends ConnectionFields {
  application_id: string
  installation_id: string
  private_key: string
}

export interface BillcomAuthFields extends ConnectionFields {
  sessionId: string
  devKey: string
}

/** A dynamically registered client and the tokens that it was given. */
export interface DCROAuthFields extends OAuth2Fields {
  client_id?: string
  client_secret?: string
  client_id_issued_at?: number
  client_secret_expires_at?: number
  registration_access_token?: string
  registration_client_uri?: string
}

/** Machine-to-machine OAuth 2: the client's own credentials, and the token if you have one. */
export interface S2SOAuth2Fields extends OAuth2Fields {
  client_id?: string
  client_secret?: string
}

/** A credential as `connectedAccounts.initiate` takes it. Build it with {@link AuthScheme}. */
export interface ConnectionData {
  authScheme: AuthSchemeType
  val: ConnectionFields
}

const connection = (authScheme: AuthSchemeType, status: ConnectionStatus, fields: ConnectionFields): ConnectionData => ({
  authScheme,
  val: { status, ...fields },
})

/** Tokens that are there already make the connection ACTIVE at once; without them someone has to consent first. */
const activeIf = (imported: boolean): ConnectionStatus => (imported ? 'ACTIVE' : 'INITIALIZING')

/** Builds the `config` of `connectedAccounts.initiate` from a credential that you already have. */
export const AuthScheme = {
  /** An OAuth 2 grant. With `access_token` it is imported and ACTIVE at once, without it the user is asked to consent. */
  OAuth2: (fields: OAuth2Fields) => connection('OAUTH2', activeIf(!!fields.access_token), fields),
  /** An OAuth 1 grant. With token and secret it is ACTIVE at once. */
  OAuth1: (fields: OAuth1Fields) => connection('OAUTH1', activeIf(!!fields.oauth_token && !!fields.oauth_token_secret), fields),
  /** An API key, in the field that the toolkit names it by. */
  APIKey: (fields: APIKeyFields) => connection('API_KEY', 'ACTIVE', fields),
  /** User name and password. */
  Basic: (fields: BasicFields) => connection('BASIC', 'ACTIVE', fields),
  /** An access token that you refresh yourself; push the next one with `connectedAccounts.update`. Works for OAuth 2 toolkits too. */
  BearerToken: (fields: BearerTokenFields) => connection('BEARER_TOKEN', 'ACTIVE', fields),
  /** The JSON key of a Google service account. */
  GoogleServiceAccount: (fields: GoogleServiceAccountFields) => connection('GOOGLE_SERVICE_ACCOUNT', 'ACTIVE', fields),
  /** An installed app that signs with its private key. */
  ServiceAccount: (fields: ServiceAccountFields) => connection('SERVICE_ACCOUNT', 'ACTIVE', fields),
  /** A toolkit that needs no credential. */
  NoAuth: (fields: ConnectionFields = {}) => connection('NO_AUTH', 'ACTIVE', fields),
  /** User name and password that are exchanged for a JWT. */
  BasicWithJWT: (fields: BasicFields) => connection('BASIC_WITH_JWT', 'ACTIVE', fields),
  /** Cal.com. */
  CalcomAuth: (fields: ConnectionFields = {}) => connection('CALCOM_AUTH', 'ACTIVE', fields),
  /** Bill.com. */
  BillcomAuth: (fields: BillcomAuthFields) => connection('BILLCOM_AUTH', 'ACTIVE', fields),
  /** SAML. */
  SAML: (fields: ConnectionFields = {}) => connection('SAML', 'ACTIVE', fields),
  /** Machine-to-machine OAuth 2. With `access_token` it is ACTIVE at once. */
  S2SOAuth2: (fields: S2SOAuth2Fields = {}) => connection('S2S_OAUTH2', activeIf(!!fields.access_token), fields),
  /** OAuth 2 with a dynamically registered client. With `access_token` and `client_id` it is ACTIVE at once. */
  DCROAuth: (fields: DCROAuthFields = {}) =>
    connection('DCR_OAUTH', activeIf(!!fields.access_token && !!fields.client_id), fields),
}
