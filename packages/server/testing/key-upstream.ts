import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * An upstream that tells which secrets reached it, and fails, hangs up, or dawdles when asked to: what no real server does.
 * It is ours, so it proves what Holdfast sends and not that somebody else's server takes it; that is proven against
 * verdaccio (bearer, basic) and Better Auth (`key-server.ts`, API keys).
 */
export interface KeyUpstream {
  readonly url: string
  /** `host:port`, as HOLDFAST_ALLOW_HOSTS takes it. */
  readonly host: string
  /** Holds the toolkits `keyed` (key in a header, bearer, basic) and `keyed_query` (key in the URL), for HOLDFAST_TOOLKITS_DIR. */
  readonly toolkitsDir: string
  /** The secrets that arrived, in the order of their arrival. */
  readonly seen: readonly string[]
  accept(secret: string, user: string): void
  refuse(secret: string): void
  /** How many calls are being answered now. */
  inFlight(): number
  stop(): Promise<void>
}

export async function startKeyUpstream(): Promise<KeyUpstream> {
  const users = new Map<string, string>()
  const seen: string[] = []
  let inFlight = 0
  const server = createServer((request, reply) => {
    const secret = secretOf(request)
    if (secret !== undefined) seen.push(secret)
    inFlight++
    reply.once('close', () => inFlight--)
    answer(request, reply, secret === undefined ? undefined : users.get(secret))
  })
  const host = `127.0.0.1:${await listen(server)}`
  const toolkitsDir = writeToolkits()
  return {
    url: `http://${host}`,
    host,
    toolkitsDir,
    seen,
    accept: (secret, user) => void users.set(secret, user),
    refuse: (secret) => void users.delete(secret),
    inFlight: () => inFlight,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(toolkitsDir, { recursive: true, force: true })
    },
  }
}

function secretOf({ headers, url }: IncomingMessage): string | undefined {
  const key = headers['x-api-key'] ?? new URL(url ?? '/', 'http://upstream').searchParams.get('api_key')
  if (typeof key === 'string') return key
  const [scheme, value = ''] = headers.authorization?.split(' ') ?? []
  if (scheme === 'Bearer') return value
  return scheme === 'Basic'
    ? Buffer.from(value, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : undefined
}

function answer(request: IncomingMessage, reply: ServerResponse, user: string | undefined): void {
  const url = new URL(request.url ?? '/', 'http://upstream')
  const send = (status: number, body: object) =>
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (user === undefined) return void send(401, { message: `no such credential: ${quoteAll(request)}` })
  switch (url.pathname) {
    case '/me':
      return void send(200, { user })
    case '/slow':
      return void setTimeout(() => send(200, { user, slow: true }), Number(url.searchParams.get('ms')))
    case '/fail':
      return void send(Number(url.searchParams.get('status')), { message: `failed with ${quoteAll(request)}` })
    case '/hang-up':
      return void request.socket.destroy()
    case '/echo':
      return void send(200, { headers: request.headers, query: Object.fromEntries(url.searchParams) })
    default:
      return void send(404, { message: 'nothing here' })
  }
}

/** Quotes what came with the request in every form that servers are known to quote it in. */
function quoteAll(request: IncomingMessage): string {
  const secret = secretOf(request) ?? ''
  const base64 = Buffer.from(secret).toString('base64')
  return [request.url, secret, base64, encodeURIComponent(secret), request.headers.authorization ?? ''].join(' | ')
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

function writeToolkits(): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-toolkits-'))
  for (const [slug, auth] of [
    ['keyed', HEADER_AUTH],
    ['keyed_query', QUERY_AUTH],
  ] as const) {
    mkdirSync(join(dir, slug, 'tools'), { recursive: true })
    writeFileSync(join(dir, slug, 'toolkit.yaml'), toolkitYaml(slug, auth))
    for (const [name, yaml] of Object.entries(toolYaml(slug.toUpperCase())))
      writeFileSync(join(dir, slug, 'tools', `${name}.yaml`), yaml)
  }
  return dir
}

const toolkitYaml = (slug: string, auth: string) => `slug: ${slug}
name: ${slug}
description: An upstream of the tests.
categories: [testing]
version: '20260101_00'
sources: []
base_url: '{{ base_url | trim_slash }}'
hosts: ['{{ base_url | host }}']
self_hosted: true
auth:
${auth}
verification: { path: /me }
`

const BASE_URL = 'connection_fields: [{ name: base_url, format: uri, required: true }]'
const HEADER_AUTH = `
  - scheme: API_KEY
    ${BASE_URL}
    placements: [{ in: header, name: x-api-key, template: '{{ api_key }}' }]
  - scheme: BEARER_TOKEN
    ${BASE_URL}
  - scheme: BASIC
    ${BASE_URL}`
const QUERY_AUTH = `
  - scheme: API_KEY
    ${BASE_URL}
    placements: [{ in: query, name: api_key, template: '{{ api_key }}' }]`

const toolYaml = (prefix: string) => ({
  me: tool(`${prefix}_ME`, '/me', '{}'),
  echo: tool(`${prefix}_ECHO`, '/echo', '{ note: { type: string, description: Anything. } }'),
  slow: tool(`${prefix}_SLOW`, '/slow', '{ ms: { type: integer, description: How long to wait. } }'),
  fail: tool(`${prefix}_FAIL`, '/fail', '{ status: { type: integer, description: What to answer with. } }'),
  hang_up: tool(`${prefix}_HANG_UP`, '/hang-up', '{}'),
})

const tool = (slug: string, path: string, properties: string) => `slug: ${slug}
name: ${slug.toLowerCase().replaceAll('_', ' ')}
description: Calls ${path} of the upstream of the tests.
tags: [readOnlyHint, important]
request: { method: GET, path: ${path} }
input: { type: object, properties: ${properties} }
`
