import { checkHeaders, type RequestOptions, type ResolvedConfig } from './config.ts'
import { sleep, withDeadline } from './deadline.ts'
import {
  type ApiErrorDetail,
  apiErrorOf,
  HoldfastConnectionError,
  type HoldfastError,
  HoldfastTimeoutError,
  HoldfastValidationError,
} from './errors.ts'
import { failedToConnect, isRetryable, retryAfterMsOf, waitBeforeRetryMs } from './retry.ts'

const API = '/api/v3.1'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type QueryValue = string | number | boolean | readonly string[] | null | undefined

export interface RequestSpec {
  readonly method: Method
  readonly path: string
  readonly query?: Readonly<Record<string, QueryValue>> | undefined
  readonly body?: unknown
  /** Instead of `body`: sent as it is. */
  readonly bytes?: { readonly type: string; readonly content: Uint8Array<ArrayBuffer> }
  /** Set on a POST that changes nothing; see `isRetryable`. */
  readonly repeatable?: boolean
}

/** Sends requests. The API key and the headers live in private fields, so printing a client shows neither. */
export class HttpClient {
  readonly #config: ResolvedConfig

  constructor(config: ResolvedConfig) {
    this.#config = config
  }

  get baseURL(): string {
    return this.#config.baseURL
  }

  /** What an MCP client has to send in order to use a session of this project. */
  authHeaders(): Record<string, string> {
    return { 'x-api-key': this.#config.apiKey }
  }

  async request<T>(spec: RequestSpec, options: RequestOptions = {}): Promise<T> {
    return (await this.#retried(spec, options, (response) => this.#read(response, spec))) as T
  }

  /** The body of the answer as it comes; the timeout is for its beginning. */
  stream(spec: RequestSpec, options: RequestOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return this.#retried(spec, options, async (response) => {
      if (response.ok && response.body) return response.body
      await this.#read(response, spec)
      throw apiErrorOf({ status: response.status, code: 'invalid_response', message: 'The answer is empty.' })
    })
  }

  async #retried<T>(spec: RequestSpec, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const body = spec.bytes?.content ?? (spec.body === undefined ? undefined : JSON.stringify(spec.body))
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': spec.bytes?.type ?? 'application/json' }),
      ...this.#config.headers,
      ...checkHeaders(options.headers ?? {}),
      ...this.authHeaders(),
    }
    const url = `${this.#config.baseURL}${API}${spec.path}${queryString(spec.query)}`
    const init: RequestInit = { method: spec.method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) }
    const repeatable = spec.repeatable ?? spec.method !== 'POST'
    const maxRetries = options.maxRetries ?? this.#config.maxRetries
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(url, init, spec, options, read)
      } catch (error) {
        if (attempt >= maxRetries || !isRetryable(error, repeatable)) throw error
        await sleep(waitBeforeRetryMs(error, attempt), options.signal)
      }
    }
  }

  #attempt<T>(
    url: string,
    init: RequestInit,
    spec: RequestSpec,
    options: RequestOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#config.timeoutMs
    const onTimeout = () =>
      new HoldfastTimeoutError(`No answer to ${spec.method} ${spec.path} within ${timeoutMs} ms.`, { mayHaveReachedServer: true })
    return withDeadline({ timeoutMs, onTimeout, signal: options.signal }, async (signal) => {
      const response = await this.#send(url, { ...init, signal })
      return read(response)
    })
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#config.fetch(url, init)
    } catch (cause) {
      const mayHaveReachedServer = !failedToConnect(cause)
      const what = mayHaveReachedServer ? 'The connection broke to' : 'Nothing answers at'
      throw new HoldfastConnectionError(`${what} ${this.baseURL}. Is the server running, and is \`baseURL\` right?`, {
        cause,
        mayHaveReachedServer,
      })
    }
  }

  async #read(response: Response, spec: RequestSpec): Promise<unknown> {
    // A redirect that is followed would carry the API key to wherever it points.
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400))
      throw apiErrorOf({
        status: response.status,
        code: 'redirected',
        message: `${this.baseURL} redirects elsewhere: set \`baseURL\` to the final address.`,
      })
    let text: string
    try {
      text = await response.text()
    } catch (cause) {
      throw new HoldfastConnectionError('The connection broke before the whole answer was there.', {
        cause,
        mayHaveReachedServer: true,
      })
    }
    const json = parseJson(text)
    if (!response.ok) throw this.#errorOf(response, json)
    if (text !== '' && json === undefined)
      throw apiErrorOf({
        status: response.status,
        code: 'invalid_response',
        message: `${spec.method} ${spec.path} was not answered with JSON: is \`baseURL\` a Holdfast server?`,
      })
    return json
  }

  /** A server should never echo the key; a log must not have it if one does. Shorter texts are words, not keys. */
  #withoutKey(text: string): string {
    const { apiKey } = this.#config
    return apiKey.length < 8 ? text : text.replaceAll(apiKey, '[API key]')
  }

  #errorOf(response: Response, json: unknown): HoldfastError {
    // An answer that is not ours (a gateway's page) is never quoted: such pages echo request headers.
    const outer = isRecord(json) ? json : {}
    const error = isRecord(outer['error']) ? outer['error'] : outer
    const scrub = (text: unknown) => (typeof text === 'string' && text ? this.#withoutKey(text) : undefined)
    const code = error['slug'] ?? error['code'] // Holdfast's exact name, else Composio's number
    return apiErrorOf({
      status: response.status,
      message:
        scrub(error['message']) ??
        `The server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}.`,
      code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
      requestId: scrub(error['request_id']) ?? response.headers.get('x-request-id') ?? undefined,
      suggestedFix: scrub(error['suggested_fix']),
      errors: Array.isArray(error['errors']) ? error['errors'].flatMap((entry) => detailOf(entry, scrub)) : [],
      retryAfterMs: retryAfterMsOf(response.headers, Date.now()),
      shouldRetry: { true: true, false: false }[response.headers.get('x-should-retry') ?? ''],
    })
  }
}

/** Composio sends texts, Holdfast `path: message`, others objects. */
function detailOf(entry: unknown, scrub: (text: unknown) => string | undefined): ApiErrorDetail[] {
  const fields = isRecord(entry) ? entry : (/^(?<path>\S+): (?<message>.+)$/s.exec(String(entry))?.groups ?? { message: entry })
  const message = scrub(fields['message'])
  if (!message) return []
  const path = scrub(Array.isArray(fields['path']) ? fields['path'].join('.') : fields['path'])
  return [path ? { path, message } : { message }]
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One segment of a path; a slug with a slash or dots in it must not reach another route. */
export const segment = (value: string): string => {
  if (value === '' || value === '.' || value === '..') throw new HoldfastValidationError(`${JSON.stringify(value)} is not an id.`)
  return encodeURIComponent(value)
}

function queryString(query: RequestSpec['query']): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null) continue
    params.set(name, Array.isArray(value) ? listValue(value) : String(value))
  }
  const text = params.toString()
  return text && `?${text}`
}

/** Lists go comma-joined, as the official clients send them; as JSON when a value holds a comma itself. */
const listValue = (values: readonly string[]) =>
  values.some((value) => value.includes(',') || value.startsWith('[')) ? JSON.stringify(values) : values.join(',')
