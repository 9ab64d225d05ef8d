/** Every way a request can be refused. A code reaches clients as `error.slug` and never changes its meaning. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_cursor'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'rate_limited'
  | 'not_implemented'
  | 'internal_error'
  | 'service_unavailable'
  | 'project_not_found'
  | 'toolkit_not_found'
  | 'tool_not_found'
  | 'auth_config_not_found'
  | 'auth_config_disabled'
  | 'auth_scheme_not_offered'
  | 'managed_auth_unavailable'
  | 'account_not_found'
  | 'account_not_active'
  | 'no_account_for_toolkit'
  | 'alias_taken'
  | 'auth_scheme_mismatch'
  | 'missing_credential_field'
  | 'grant_client_mismatch'
  | 'credential_rejected'
  | 'credential_unverifiable'
  | 'credential_conflict'
  | 'invalid_import'
  | 'import_not_found'
  | 'credential_unreadable'
  | 'credential_expired'
  | 'credential_expired_app_owned'
  | 'refresh_owned_by_app'
  | 'refresh_unavailable'
  | 'session_not_found'
  | 'session_conflict'
  | 'not_connectable'
  | 'link_not_found'
  | 'link_closed'
  | 'authorization_not_found'
  | 'browser_mismatch'
  | 'tool_not_allowed'
  | 'confirmation_required'
  | 'invalid_tool_arguments'
  | 'destination_blocked'
  | 'destination_not_allowed'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_reply_too_large'
  | 'master_key_mismatch'
  | 'invalid_configuration'
  | 'invalid_toolkit'

/** One refused field: `path` is where it stands in the request, such as `connection.state.val.api_key`. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export interface HoldfastErrorOptions {
  /** Whatever is private: it is never serialised. */
  readonly cause?: unknown
  /** What the caller can do about it, in a sentence. */
  readonly fix?: string
  readonly fields?: readonly FieldError[]
}

/** The one error of the domain, ignorant of HTTP. `message` and `fix` are public; what is private goes into `cause`. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  readonly code: ErrorCode
  readonly fix: string | undefined
  readonly fields: readonly FieldError[]

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fix = options.fix
    this.fields = options.fields ?? []
  }
}
