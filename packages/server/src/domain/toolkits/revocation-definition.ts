import type { SuccessCondition, Template } from './definition.ts'

/** How a grant is given back, where `revocation_url` and RFC 7009 do not say it all. */
export interface RevocationDefinition {
  /** Default: `revocation_url`. */
  readonly url?: Template
  /** Default: POST. */
  readonly method?: 'POST' | 'DELETE' | 'GET'
  /** Who asks. Default: the client, as it does at the token endpoint. `bearer`: the token itself, in the header. */
  readonly auth?: 'client_secret_basic' | 'client_secret_post' | 'bearer' | 'none'
  /** Default: form. */
  readonly body?: 'form' | 'json' | 'query' | 'none'
  /** The parameter that carries the token. Default: `token`. */
  readonly token_param?: string
  /** Which tokens are given back, in this order, as far as there are any. Default: the refresh token, then the access token. */
  readonly tokens?: readonly ('refresh_token' | 'access_token')[]
  /** Whether `token_type_hint` goes along (RFC 7009 §2.1). Default: true. */
  readonly token_type_hint?: boolean
  readonly params?: Readonly<Record<string, Template>>
  readonly headers?: Readonly<Record<string, Template>>
  /** Statuses that mean that the grant was gone already. */
  readonly gone_status?: readonly number[]
  /** Error codes that mean it, beside `invalid_token` and its like. */
  readonly gone_errors?: readonly string[]
  /** Where the answer names its error: a dotted path. Default: `error`. */
  readonly error_path?: string
  /** For providers that refuse with a 200. */
  readonly success_when?: SuccessCondition
}
