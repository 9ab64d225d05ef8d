import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface RecordedRequest {
  method: string
  path: string
  query: Record<string, string>
  headers: IncomingMessage['headers']
  body: unknown
}

export interface Answer {
  status?: number
  headers?: Record<string, string>
  /** An object is sent as JSON, a string as it is. */
  body?: unknown
}

export type Handler = (request: RecordedRequest, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>

export interface FakeServer {
  url: string
  requests: RecordedRequest[]
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type, x-api-key',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
}

/** A real HTTP server on a free port that records what it is asked; a handler that answers undefined has answered itself. */
export async function startFakeServer(t: TestContext, handler: Handler): Promise<FakeServer> {
  const requests: RecordedRequest[] = []
  const server = createServer(async (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end()
    const recorded = await record(request)
    requests.push(recorded)
    const answer = await handler(recorded, response)
    if (!answer) return
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...CORS, ...answer.headers }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  let text = ''
  for await (const chunk of request) text += chunk
  const url = new URL(request.url ?? '/', 'http://fake')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: text ? JSON.parse(text) : undefined,
  }
}

/** Answers by `METHOD /path` below /api/v3.1; a list gives one answer after another, the last one for ever. */
export function routes(table: Record<string, Answer | Answer[]>): Handler {
  const seen = new Map<string, number>()
  return ({ method, path }) => {
    const key = `${method} ${path.replace(/^\/api\/v3\.1/, '')}`
    const answers = [table[key] ?? { status: 404, body: wireError(404, 'not_found', `No ${key}`) }].flat()
    const count = seen.get(key) ?? 0
    seen.set(key, count + 1)
    return answers[Math.min(count, answers.length - 1)]
  }
}

export const wireError = (status: number, slug: string, message: string, more: object = {}) => ({
  error: {
    message,
    code: 10_000 + status,
    slug,
    status,
    request_id: 'req_1',
    suggested_fix: 'Do it right.',
    errors: [],
    ...more,
  },
})

export const page = (items: unknown[], nextCursor: string | null = null) => ({
  items,
  next_cursor: nextCursor,
  total_items: items.length,
  total_pages: 1,
  current_page: 1,
})

export const accountWire = (more: object = {}) => ({
  id: 'ca_1',
  user_id: 'user_123',
  word_id: 'ca_word',
  alias: null,
  status: 'ACTIVE',
  status_reason: null,
  is_disabled: false,
  toolkit: { slug: 'sendgrid' },
  auth_config: { id: 'ac_1', auth_scheme: 'API_KEY', is_composio_managed: false, is_disabled: false },
  state: { authScheme: 'API_KEY', val: { status: 'ACTIVE', api_key: 'sg-e...' } },
  data: {},
  params: {},
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  ...more,
})

export const createdWire = (status = 'ACTIVE', redirectUrl: string | null = null) => ({
  id: 'ca_1',
  status,
  redirect_url: redirectUrl,
  redirect_uri: redirectUrl,
  connectionData: { authScheme: 'API_KEY', val: { status, ...(redirectUrl && { redirectUrl }) } },
})
