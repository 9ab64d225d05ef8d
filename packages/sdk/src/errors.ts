/** Everything that this package throws on purpose is one of these. No message ever contains a credential or an API key. */
export class HoldfastError extends Error {
  override name = 'HoldfastError'
}

/** The call was refused before anything was sent: a missing API key, contradictory filters, a malformed base URL. */
export class HoldfastValidationError extends HoldfastError {
  override name = 'HoldfastValidationError'
}

/** The server could not be reached, or the answer was lost on its way. */
export class HoldfastConnectionError extends HoldfastError {
  override name = 'HoldfastConnectionError'
  /** False only when it is certain that the request never left: then repeating it cannot do anything twice. */
  readonly mayHaveReachedServer: boolean

  constructor(message: string, options: { cause?: unknown; mayHaveReachedServer: boolean }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.mayHaveReachedServer = options.mayHaveReachedServer
  }
}

/** No complete answer within `timeoutMs`. What was asked for may still have been done. */
export class HoldfastTimeoutError extends HoldfastConnectionError {
  override name = 'HoldfastTimeoutError'
}

/** Your `AbortSignal` fired; its reason is the `cause`. `name` is `AbortError`, as for every aborted web API. */
export class HoldfastAbortError extends HoldfastError {
  override name = 'AbortError'
}

/** One refused field: where it stands in the request, if the server says so, and why it was refused. */
export interface ApiErrorDetail {
  readonly path?: string
  readonly message: string
}

export interface ApiErrorFields {
  readonly status: number
  readonly message: string
  readonly code?: string | number | undefined
  readonly requestId?: string | undefined
  readonly suggestedFix?: string | undefined
  readonly errors?: readonly ApiErrorDetail[] | undefined
  readonly retryAfterMs?: number | undefined
  readonly shouldRetry?: boolean | undefined
}

/** The server answered with an error. */
export class HoldfastApiError extends HoldfastError {
  override name = 'HoldfastApiError'
  /** HTTP status. */
  readonly status: number
  /** Stable machine-readable reason, such as `account_not_found`; a number when the server has no name for it. */
  readonly code: string | number | undefined
  /** Quote it when you report a problem: it finds the request in the server's log. */
  readonly requestId: string | undefined
  /** What to do about it, in a sentence. */
  readonly suggestedFix: string | undefined
  /** The fields that were refused, if the request was malformed. */
  readonly errors: readonly ApiErrorDetail[]
  /** How long the server asked to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** False when the server says that another attempt would not help, or would do the work twice. */
  readonly shouldRetry: boolean | undefined

  constructor(fields: ApiErrorFields) {
    super(fields.message)
    this.status = fields.status
    this.code = fields.code
    this.requestId = fields.requestId
    this.suggestedFix = fields.suggestedFix
    this.errors = fields.errors ?? []
    this.retryAfterMs = fields.retryAfterMs
    this.shouldRetry = fields.shouldRetry
  }
}

/** 400: something in the request is wrong; `errors` names the fields. */
export class HoldfastBadRequestError extends HoldfastApiError {
  override name = 'HoldfastBadRequestError'
}
/** 401: the API key is missing or unknown. */
export class HoldfastAuthenticationError extends HoldfastApiError {
  override name = 'HoldfastAuthenticationError'
}
/** 403: the API key is good, but not for this. */
export class HoldfastPermissionError extends HoldfastApiError {
  override name = 'HoldfastPermissionError'
}
/** 404: nothing with that id in this project. */
export class HoldfastNotFoundError extends HoldfastApiError {
  override name = 'HoldfastNotFoundError'
}
/** 409: someone else changed it first, or the name is taken. */
export class HoldfastConflictError extends HoldfastApiError {
  override name = 'HoldfastConflictError'
}
/** 413: the body is larger than the server takes. */
export class HoldfastPayloadTooLargeError extends HoldfastApiError {
  override name = 'HoldfastPayloadTooLargeError'
}
/** 422: well-formed, but not something that can be done. */
export class HoldfastUnprocessableError extends HoldfastApiError {
  override name = 'HoldfastUnprocessableError'
}
/** 429: too many requests; `retryAfterMs` says how long to wait, if the server does. */
export class HoldfastRateLimitError extends HoldfastApiError {
  override name = 'HoldfastRateLimitError'
}
/** 5xx: the server failed. */
export class HoldfastServerError extends HoldfastApiError {
  override name = 'HoldfastServerError'
}

const CLASS_BY_STATUS: Readonly<Record<number, typeof HoldfastApiError>> = {
  400: HoldfastBadRequestError,
  401: HoldfastAuthenticationError,
  403: HoldfastPermissionError,
  404: HoldfastNotFoundError,
  409: HoldfastConflictError,
  413: HoldfastPayloadTooLargeError,
  422: HoldfastUnprocessableError,
  429: HoldfastRateLimitError,
}

/** @internal */
export function apiErrorOf(fields: ApiErrorFields): HoldfastApiError {
  const ErrorClass = CLASS_BY_STATUS[fields.status] ?? (fields.status >= 500 ? HoldfastServerError : HoldfastApiError)
  return new ErrorClass(fields)
}

/** `initiate` or `link` found an ACTIVE connection of this user and auth config; pass `allowMultiple: true` to add another. */
export class HoldfastMultipleConnectionsError extends HoldfastError {
  override name = 'HoldfastMultipleConnectionsError'
  /** The connection that is there already; `connectedAccounts.update` replaces its credential in place. */
  readonly connectedAccountId: string

  constructor(message: string, connectedAccountId: string) {
    super(message)
    this.connectedAccountId = connectedAccountId
  }
}

/** A connection that was waited for ended FAILED, EXPIRED or REVOKED. */
export class HoldfastConnectionFailedError extends HoldfastError {
  override name = 'HoldfastConnectionFailedError'
  readonly connectedAccountId: string
  readonly status: string
  readonly statusReason: string | null

  constructor(connectedAccountId: string, status: string, statusReason: string | null) {
    super(`The connection ${connectedAccountId} ended ${status}${statusReason ? `: ${statusReason}` : ''}.`)
    this.connectedAccountId = connectedAccountId
    this.status = status
    this.statusReason = statusReason
  }
}

/** A connection that was waited for was not ACTIVE in time. */
export class HoldfastConnectionPendingError extends HoldfastError {
  override name = 'HoldfastConnectionPendingError'
  readonly connectedAccountId: string
  readonly status: string

  constructor(connectedAccountId: string, status: string, timeoutMs: number) {
    super(`The connection ${connectedAccountId} was still ${status} after ${timeoutMs} ms.`)
    this.connectedAccountId = connectedAccountId
    this.status = status
  }
}
