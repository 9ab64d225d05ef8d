import { HoldfastValidationError } from './errors.ts'

const DEFAULT_BASE_URL = 'http://localhost:9900'
const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_MAX_RETRIES = 2

/** The part of `fetch` that is used; pass your own to add a proxy, a cache or a test double. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface HoldfastOptions {
  /** Default: the environment's `HOLDFAST_API_KEY`, else `COMPOSIO_API_KEY`. */
  apiKey?: string | null | undefined
  /** Address of the server, with or without `/api/v3`. Default: the environment's `HOLDFAST_BASE_URL`, else `http://localhost:9900`. */
  baseURL?: string | null | undefined
  /** Longest wait for one attempt, in milliseconds. Default: 60000. 0: no limit. */
  timeoutMs?: number | undefined
  /** How often a request may be repeated, see the README for which. Default: 2. */
  maxRetries?: number | undefined
  /** Default: the global `fetch`. */
  fetch?: FetchLike | undefined
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined
}

/** What one call may override. */
export interface RequestOptions {
  /** Stops the call, its retries and its waits. */
  signal?: AbortSignal | undefined
  /** Longest wait for one attempt, in milliseconds. */
  timeoutMs?: number | undefined
  maxRetries?: number | undefined
  headers?: Readonly<Record<string, string>> | undefined
}

export interface ResolvedConfig {
  readonly apiKey: string
  readonly baseURL: string
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly fetch: FetchLike
  readonly headers: Readonly<Record<string, string>>
}

/** @internal */
export function resolveConfig(options: HoldfastOptions): ResolvedConfig {
  return {
    apiKey: resolveApiKey(options.apiKey ?? readEnv('HOLDFAST_API_KEY') ?? readEnv('COMPOSIO_API_KEY')),
    baseURL: resolveBaseURL(options.baseURL ?? readEnv('HOLDFAST_BASE_URL') ?? DEFAULT_BASE_URL),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxRetries: options.maxRetries ?? DEFAULT_MAX_RETRIES,
    // Looked up at each call, and called as a plain function: a browser's fetch refuses any other `this`.
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    headers: checkHeaders(options.headers ?? {}),
  }
}

/** The platform's own refusal of a bad header quotes its value, which is a secret; so it must never get that far. */
export function checkHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers))
    if (!isHeaderValue(value))
      throw new HoldfastValidationError(`The header ${JSON.stringify(name)} has a character that HTTP does not allow.`)
  return { ...headers }
}

const isHeaderValue = (value: string) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

function resolveApiKey(given: string | undefined): string {
  const apiKey = given?.trim() // keys are often read from a file that ends in a newline
  if (!apiKey) throw new HoldfastValidationError('No API key: pass `apiKey`, or set HOLDFAST_API_KEY.')
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new HoldfastValidationError('The API key has a character that no API key has.')
  return apiKey
}

function resolveBaseURL(given: string): string {
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw new HoldfastValidationError('`baseURL` is not a URL: expected something like http://localhost:9900.')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new HoldfastValidationError('`baseURL` must be http or https.')
  if (url.username || url.password) throw new HoldfastValidationError('`baseURL` must not hold a user name or a password.')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/api\/v3(\.1)?$/, '')
}

/** There is no `process` in a browser, and reading one may be forbidden at the edge. */
function readEnv(name: string): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
    return process?.env?.[name] || undefined
  } catch {
    return undefined
  }
}
