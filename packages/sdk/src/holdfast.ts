import { AuthConfigs } from './auth-configs.resource.ts'
import { type HoldfastOptions, type RequestOptions, resolveConfig } from './config.ts'
import { ConnectedAccounts } from './connected-accounts.resource.ts'
import { FunctionToolProvider } from './function-tools.ts'
import { HttpClient } from './http.ts'
import { Imports } from './imports.resource.ts'
import type { Session } from './session.ts'
import type { SessionConfig } from './session-config.ts'
import { Sessions } from './sessions.resource.ts'
import { Toolkits } from './toolkits.resource.ts'
import { Tools } from './tools.resource.ts'

/**
 * A project of a Holdfast server.
 *
 * @example
 * const holdfast = new Holdfast({ apiKey: 'hf_…', baseURL: 'http://localhost:9900' })
 * const connection = await holdfast.connectedAccounts.initiate('user_123', 'ac_…', {
 *   config: AuthScheme.APIKey({ api_key: 'SG…' }),
 * })
 */
export class Holdfast {
  readonly #http: HttpClient
  readonly authConfigs: AuthConfigs
  readonly connectedAccounts: ConnectedAccounts
  readonly imports: Imports
  readonly toolkits: Toolkits
  readonly tools: Tools
  readonly sessions: Sessions
  /** Runs the tool calls of a model that was given `tools.get` or `session.tools`. */
  readonly provider: FunctionToolProvider

  /** @throws HoldfastValidationError when there is no API key, or an option cannot be right */
  constructor(options: HoldfastOptions = {}) {
    this.#http = new HttpClient(resolveConfig(options))
    this.authConfigs = new AuthConfigs(this.#http)
    this.connectedAccounts = new ConnectedAccounts(this.#http)
    this.imports = new Imports(this.#http)
    this.toolkits = new Toolkits(this.#http)
    this.tools = new Tools(this.#http)
    this.sessions = new Sessions(this.#http)
    this.provider = new FunctionToolProvider(this.tools)
  }

  /** Where the requests go. */
  get baseURL(): string {
    return this.#http.baseURL
  }

  /** Makes a session for a user; the same as `sessions.create`. */
  create(userId: string, config?: SessionConfig, request?: RequestOptions): Promise<Session> {
    return this.sessions.create(userId, config, request)
  }

  /** Opens a session that was made earlier; the same as `sessions.use`. */
  use(sessionId: string, request?: RequestOptions): Promise<Session> {
    return this.sessions.use(sessionId, request)
  }
}
