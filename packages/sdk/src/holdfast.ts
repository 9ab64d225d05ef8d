import { AuthConfigs } from './auth-configs.resource.ts'
import { type HoldfastOptions, resolveConfig } from './config.ts'
import { ConnectedAccounts } from './connected-accounts.resource.ts'
import { HttpClient } from './http.ts'

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

  /** @throws HoldfastValidationError when there is no API key, or an option cannot be right */
  constructor(options: HoldfastOptions = {}) {
    this.#http = new HttpClient(resolveConfig(options))
    this.authConfigs = new AuthConfigs(this.#http)
    this.connectedAccounts = new ConnectedAccounts(this.#http)
  }

  /** Where the requests go. */
  get baseURL(): string {
    return this.#http.baseURL
  }
}
