import type { RequestOptions } from './config.ts'
import { type HttpClient, segment } from './http.ts'
import { Session } from './session.ts'
import type { SessionWire } from './session.wire.ts'
import { type SessionConfig, sessionConfigToWire } from './session-config.ts'

/** Sessions: what an agent gets to see and to use on a user's behalf. */
export class Sessions {
  readonly #http: HttpClient

  /** @internal */
  constructor(http: HttpClient) {
    this.#http = http
  }

  /**
   * @example
   * const session = await holdfast.create('user_123', { authConfigs: { gmail: 'ac_…' }, toolkits: ['gmail'] })
   */
  async create(userId: string, config: SessionConfig = {}, request?: RequestOptions): Promise<Session> {
    const body = sessionConfigToWire(userId, config)
    return new Session(
      this.#http,
      await this.#http.request<SessionWire>({ method: 'POST', path: '/tool_router/session', body }, request),
    )
  }

  /** Opens a session that was made earlier. */
  async use(sessionId: string, request?: RequestOptions): Promise<Session> {
    const path = `/tool_router/session/${segment(sessionId)}`
    return new Session(this.#http, await this.#http.request<SessionWire>({ method: 'GET', path }, request))
  }
}
