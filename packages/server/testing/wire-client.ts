/** Bare calls over the wire: what curl would send, for tests of what no SDK may smooth over. */
export interface WireClient {
  call(method: string, path: string, body?: unknown): Promise<WireReply>
  /** Makes an auth config and resolves with its id. */
  authConfig(toolkit: string, authScheme: string): Promise<string>
  /** Imports a credential and resolves with the connection's id; throws when it was refused. */
  importCredential(userId: string, authConfigId: string, authScheme: string, val: Record<string, unknown>): Promise<string>
  rotate(id: string, authScheme: string, val: Record<string, unknown>): Promise<WireReply>
  execute(slug: string, connectedAccountId: string, args?: Record<string, unknown>): Promise<Executed>
  proxy(connectedAccountId: string, endpoint: string): Promise<Proxied>
}

export interface WireReply {
  readonly status: number
  /** Parsed, or an empty object when it is not JSON. */
  readonly body: Record<string, unknown>
  readonly text: string
}

export interface Executed {
  readonly status: number
  readonly data: Record<string, unknown>
  readonly error: string | null
  readonly successful: boolean
}

export interface Proxied {
  readonly status: number
  /** What the upstream answered. */
  readonly upstream: number
  readonly data: unknown
}

export function wireClient({ url, apiKey }: { readonly url: string; readonly apiKey: string }): WireClient {
  const call: WireClient['call'] = async (method, path, body) => {
    const reply = await fetch(`${url}${path.startsWith('/api/') ? path : `/api/v3${path}`}`, {
      method,
      headers: { 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await reply.text()
    return { status: reply.status, text, body: parse(text) }
  }
  const created = async (path: string, body: object) => {
    const reply = await call('POST', path, body)
    if (reply.status !== 201) throw new Error(`POST ${path} answered ${reply.status}: ${reply.text}`)
    return reply.body
  }
  return {
    call,
    authConfig: async (toolkit, authScheme) => {
      const { auth_config: made } = await created('/auth_configs', {
        toolkit: { slug: toolkit },
        auth_config: { type: 'use_custom_auth', authScheme },
      })
      return (made as { id: string }).id
    },
    importCredential: async (userId, authConfigId, authScheme, val) => {
      const connection = { user_id: userId, state: { authScheme, val } }
      return String((await created('/connected_accounts', { auth_config: { id: authConfigId }, connection }))['id'])
    },
    rotate: (id, authScheme, val) => call('PATCH', `/connected_accounts/${id}`, { connection: { state: { authScheme, val } } }),
    execute: async (slug, connectedAccountId, args = {}) => {
      const reply = await call('POST', `/tools/execute/${slug}`, { connected_account_id: connectedAccountId, arguments: args })
      return { ...(reply.body as unknown as Executed), status: reply.status }
    },
    proxy: async (connectedAccountId, endpoint) => {
      const body = { connected_account_id: connectedAccountId, endpoint, method: 'GET' }
      const reply = await call('POST', '/tools/execute/proxy', body)
      return { status: reply.status, upstream: Number(reply.body['status']), data: reply.body['data'] }
    },
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
