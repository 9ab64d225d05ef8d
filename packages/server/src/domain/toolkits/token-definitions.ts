import type { Template } from './definition.ts'

/** Where a provider puts things in its token answer: dotted paths. The standard names count wherever one leads nowhere. */
export interface AnswerDefinition {
  readonly access_token?: string
  readonly refresh_token?: string
  readonly expires_in?: string
  readonly expires_at?: string
  readonly expires_unit?: 'seconds' | 'milliseconds'
  readonly expires_fixed_seconds?: number
  /** The access token is a JWT and nothing beside it says when it dies: its `exp` does. */
  readonly expires_in_jwt?: boolean
  readonly scope?: string
  /** Connection field ← path in the token answer (`instance_url: instance_url`). */
  readonly capture?: Readonly<Record<string, string>>
  /** Statuses that are the provider's own no. An exchange has 401 and 403; a token endpoint sends OAuth errors. */
  readonly refused_status?: readonly number[]
}

/**
 * A JWT that a key of the credential signs (RFC 7523 §3). With `oauth2.grant: jwt_bearer` it is exchanged at the token endpoint,
 * with an `exchange` its templates take it as `{{ assertion }}`, and with neither it is itself the access token.
 */
export interface AssertionDefinition {
  /** PEM or JWK; for HS256 the secret. */
  readonly key: Template
  readonly key_id?: Template
  /** Left out: what the key names, else RS256 for RSA and ES256 for EC keys. */
  readonly alg?: 'RS256' | 'PS256' | 'ES256' | 'HS256'
  /** How the secret of HS256 is written. Default: as text. */
  readonly key_encoding?: 'utf8' | 'hex' | 'base64'
  readonly issuer?: Template
  readonly subject?: Template
  /** Left out: the URL that it is sent to. */
  readonly audience?: Template
  /** Default: 300. */
  readonly lifetime_seconds?: number
  readonly claims?: Readonly<Record<string, Template>>
}

/** One request that turns the stored credential into an access token: a login, or an API key that is traded for a token. */
export interface ExchangeDefinition {
  readonly url: Template
  readonly method?: 'POST' | 'PUT' | 'GET'
  readonly headers?: Readonly<Record<string, Template>>
  readonly query?: Readonly<Record<string, Template>>
  /** Every text in it is a template. */
  readonly body?: unknown
  readonly body_format?: 'json' | 'form'
  readonly response?: AnswerDefinition
}
