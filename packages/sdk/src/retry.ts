import { HoldfastApiError, HoldfastConnectionError, HoldfastTimeoutError } from './errors.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 8_000
/** A server that asks for more than this is not waited for: the error says how long, and the caller decides. */
const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * Whether the same request may be sent again after this error.
 *
 * A repeatable request (GET, PUT, PATCH, DELETE) has the same effect once or twice, so every passing failure is retried.
 * Any other (a POST that creates an account or runs a tool) is retried only when it was certainly not carried out: the
 * server turned it away (429, 503), or no connection came about. A lost answer, a timeout or a 500 is left to the caller,
 * because the account may exist and the tool may have run.
 */
export function isRetryable(error: unknown, repeatable: boolean): boolean {
  if (error instanceof HoldfastApiError) {
    if (error.shouldRetry === false) return false
    if ((error.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER_MS) return false
    if (error.status === 429 || error.status === 503) return true
    if (!repeatable) return false
    // 409: two changes of one record met, and the second finds a new version when it comes again.
    return error.status === 408 || error.status === 409 || (error.status >= 500 && error.status !== 501 && error.status !== 505)
  }
  if (error instanceof HoldfastTimeoutError) return repeatable
  if (error instanceof HoldfastConnectionError) return repeatable || !error.mayHaveReachedServer
  return false
}

/** What the server asked for, else twice as long each time with jitter, so that many clients do not return at once. */
export function waitBeforeRetryMs(error: unknown, attempt: number): number {
  if (error instanceof HoldfastApiError && error.retryAfterMs !== undefined) return error.retryAfterMs
  const longest = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS)
  return longest * (0.5 + Math.random() / 2)
}

/** `retry-after-ms`, or `retry-after` as seconds or as an HTTP date; undefined when neither makes sense. */
export function retryAfterMsOf(headers: Headers, now: number): number | undefined {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (ms >= 0) return ms
  const after = headers.get('retry-after')
  if (!after) return undefined
  const seconds = Number(after)
  const wait = Number.isNaN(seconds) ? Date.parse(after) - now : seconds * 1000
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

/** True only when the failure happened while connecting: a name that does not resolve, a port that refuses. */
export function failedToConnect(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, syscall, cause, errors } = error as { code?: unknown; syscall?: unknown; cause?: unknown; errors?: unknown }
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ConnectionRefused') return true
  if (Array.isArray(errors) && errors.length > 0) return errors.every(failedToConnect)
  return cause !== undefined && failedToConnect(cause)
}
