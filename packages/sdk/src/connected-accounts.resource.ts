import type { RequestOptions } from './config.ts'
import type {
  ConnectedAccount,
  ConnectedAccountListQuery,
  InitiateOptions,
  LinkOptions,
  Page,
  RefreshOptions,
  RefreshResult,
  UpdateConnectedAccountParams,
  UpdateConnectedAccountResult,
} from './connected-accounts.types.ts'
import {
  type AccountWire,
  accountFromWire,
  type CreatedAccountWire,
  listQueryToWire,
  newAccountToWire,
  type PageWire,
  pageFromWire,
} from './connected-accounts.wire.ts'
import { type ConnectionRequest, connectionRequest, type WaitOptions, waitForConnection } from './connection-request.ts'
import { HoldfastMultipleConnectionsError, HoldfastValidationError } from './errors.ts'
import { type HttpClient, segment } from './http.ts'

const pathOf = (id: string) => `/connected_accounts/${segment(id)}`

/** Users' credentials: import them, list them, rotate them in place, switch them off, destroy them. */
export class ConnectedAccounts {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /**
   * Makes a connection. With a credential in `config` it is ACTIVE in the answer; without one, send the user to `redirectUrl`.
   *
   * @example
   * await holdfast.connectedAccounts.initiate('user_123', 'ac_…', { config: AuthScheme.APIKey({ api_key: 'SG…' }) })
   * @throws HoldfastMultipleConnectionsError if this user has an ACTIVE one for this auth config, unless `allowMultiple`
   */
  async initiate(
    userId: string,
    authConfigId: string,
    options: InitiateOptions = {},
    request?: RequestOptions,
  ): Promise<ConnectionRequest> {
    if (!options.allowMultiple) await this.#refuseSecondConnection(userId, authConfigId, request)
    const body = newAccountToWire(userId, authConfigId, options)
    const created = await this.#http.request<CreatedAccountWire>({ method: 'POST', path: '/connected_accounts', body }, request)
    const val = created.connectionData?.val
    const redirectUrl = created.redirect_url ?? (typeof val?.redirectUrl === 'string' ? val.redirectUrl : null)
    return connectionRequest(this.#http, created.id, val?.status ?? created.status ?? 'INITIATED', redirectUrl)
  }

  /**
   * Makes a link that the user opens in order to connect: `redirectUrl` of the answer. It is good once, for ten minutes.
   *
   * @example
   * const request = await holdfast.connectedAccounts.link('user_123', 'ac_…', { callbackUrl: 'https://app.example/done' })
   * // send the user to request.redirectUrl
   * const account = await request.waitForConnection(10 * 60_000)
   */
  async link(
    userId: string,
    authConfigId: string,
    options: LinkOptions = {},
    request?: RequestOptions,
  ): Promise<ConnectionRequest> {
    if (!options.allowMultiple) await this.#refuseSecondConnection(userId, authConfigId, request)
    const body = {
      user_id: userId,
      auth_config_id: authConfigId,
      callback_url: options.callbackUrl,
      alias: options.alias,
      connection_data: options.connectionData,
    }
    const linked = await this.#http.request<{ connected_account_id: string; redirect_url: string }>(
      { method: 'POST', path: '/connected_accounts/link', body },
      request,
    )
    return connectionRequest(this.#http, linked.connected_account_id, 'INITIATED', linked.redirect_url)
  }

  /** One page of the project's connections. */
  async list(query: ConnectedAccountListQuery = {}, request?: RequestOptions): Promise<Page<ConnectedAccount>> {
    const page = await this.#http.request<PageWire<AccountWire>>(
      { method: 'GET', path: '/connected_accounts', query: listQueryToWire(query) },
      request,
    )
    return pageFromWire(page, accountFromWire)
  }

  /** @throws HoldfastNotFoundError */
  async get(id: string, request?: RequestOptions): Promise<ConnectedAccount> {
    return accountFromWire(await this.#http.request<AccountWire>({ method: 'GET', path: pathOf(id) }, request))
  }

  /**
   * Rotates the credential in place, renames the connection, or switches it on or off. Credential fields that are left out
   * are preserved, `null` removes one; a refused change leaves everything as it was.
   *
   * @example
   * await holdfast.connectedAccounts.update('ca_…', {
   *   connection: { state: { authScheme: 'BEARER_TOKEN', val: { token: 'new' } } },
   * })
   */
  async update(
    id: string,
    params: UpdateConnectedAccountParams,
    request?: RequestOptions,
  ): Promise<UpdateConnectedAccountResult> {
    const { connection, alias, enabled } = params
    if (connection === undefined && alias === undefined && enabled === undefined)
      throw new HoldfastValidationError('Nothing to update: give `connection`, `alias` or `enabled`.')
    let result: UpdateConnectedAccountResult = { success: true }
    if (connection !== undefined || alias !== undefined)
      result = await this.#http.request({ method: 'PATCH', path: pathOf(id), body: { connection, alias } }, request)
    return enabled === undefined ? result : { ...result, ...(await this.updateStatus(id, { enabled }, request)) }
  }

  /** Switches a connection on or off without touching its credential. */
  async updateStatus(id: string, params: { enabled: boolean }, request?: RequestOptions): Promise<{ success: boolean }> {
    return this.#http.request({ method: 'PATCH', path: `${pathOf(id)}/status`, body: { enabled: params.enabled } }, request)
  }

  enable(id: string, request?: RequestOptions): Promise<{ success: boolean }> {
    return this.updateStatus(id, { enabled: true }, request)
  }

  disable(id: string, request?: RequestOptions): Promise<{ success: boolean }> {
    return this.updateStatus(id, { enabled: false }, request)
  }

  /** Removes the connection; its secret is destroyed at once. */
  async delete(id: string, request?: RequestOptions): Promise<{ success: boolean }> {
    return this.#http.request({ method: 'DELETE', path: pathOf(id) }, request)
  }

  /**
   * Refreshes an OAuth grant; tries out a credential of any other scheme. A grant that is over has to be given again by its user:
   * the connection is INITIATED then, and `redirectUrl` is where to send them.
   */
  async refresh(id: string, options: RefreshOptions = {}, request?: RequestOptions): Promise<RefreshResult> {
    const refreshed = await this.#http.request<{ id: string; status: RefreshResult['status']; redirect_url?: string | null }>(
      {
        method: 'POST',
        path: `${pathOf(id)}/refresh`,
        query: { redirect_url: options.redirectUrl },
        body: { validate_credentials: options.validateCredentials },
      },
      request,
    )
    return { id: refreshed.id, status: refreshed.status, redirectUrl: refreshed.redirect_url ?? null }
  }

  /**
   * Waits until the connection is ACTIVE. The number is the longest wait in milliseconds.
   * @throws HoldfastConnectionFailedError, HoldfastConnectionPendingError
   */
  waitForConnection(id: string, wait?: number | WaitOptions): Promise<ConnectedAccount> {
    return waitForConnection(this.#http, id, wait)
  }

  /** A guard against importing the same user twice by mistake; two calls at the same moment still make two connections. */
  async #refuseSecondConnection(userId: string, authConfigId: string, request?: RequestOptions): Promise<void> {
    const query = { userIds: [userId], authConfigIds: [authConfigId], statuses: ['ACTIVE'], limit: 1 } as const
    const [existing] = (await this.list(query, request)).items
    if (existing)
      throw new HoldfastMultipleConnectionsError(
        `This user has an ACTIVE connection for ${authConfigId} already: ${existing.id}. Rotate it with connectedAccounts.update, or pass allowMultiple: true to add another.`,
        existing.id,
      )
  }
}
