import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { newToken } from './marks.ts'

/**
 * A provider with no manners: whatever it refuses, it quotes, in each place of an answer that somebody might read. It is ours,
 * because those that keep secrets to themselves prove nothing about who repeats them.
 */
export interface QuotingProvider {
  readonly host: string
  /** Holds the toolkit `quoting`, for HOLDFAST_TOOLKITS_DIR. */
  readonly toolkitsDir: string
  /** How its token endpoint answers from now on. */
  answerTokensWith(manner: Manner): void
  /** What its token endpoint was asked for, by grant type. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

/** Each is given everything that came with the request, and the tokens in it. */
export const MANNERS = {
  granted: () => ({
    status: 200,
    body: { access_token: newToken(), refresh_token: newToken(), expires_in: 3600, extra: newToken() },
  }),
  described: (all: string) => ({ status: 400, body: { error: 'invalid_grant', error_description: all, error_uri: all } }),
  'as the code': (_: string, token: string) => ({ status: 400, body: { error: token } }),
  'as an object': (all: string, token: string) => ({ status: 400, body: { error: { code: token, type: token, message: all } } }),
  'without an error': (all: string, token: string) => ({ status: 200, body: { message: all, token_type: token, scope: token } }),
  'as a page': (all: string) => ({ status: 200, body: `<html><title>${all}</title>` }),
  'as a failure': (all: string) => ({ status: 500, body: { error: all }, headers: { 'retry-after': '1' } }),
  'by a redirect': (_: string, token: string) => ({ status: 302, body: '', headers: { location: `/elsewhere?token=${token}` } }),
  'of the client': (all: string) => ({ status: 401, body: { error: 'invalid_client', error_description: all } }),
} as const satisfies Record<string, (all: string, token: string) => Reply>
export type Manner = keyof typeof MANNERS

interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export async function startQuotingProvider(): Promise<QuotingProvider> {
  let manner: Manner = 'granted'
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { status, body: answer, headers = {} } = request.url?.startsWith('/token') ? ofTokens(request, body) : ofApi(request)
    const written = typeof answer === 'string' ? answer : JSON.stringify(answer)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(written)
  })
  const ofTokens = (request: IncomingMessage, body: string): Reply => {
    const params = new URLSearchParams(body)
    asked.push(params.get('grant_type') ?? '')
    const token = params.get('refresh_token') ?? params.get('code') ?? ''
    return MANNERS[manner](`${request.url} ${body} ${[...params.values()].join(' ')} ${request.headers.authorization}`, token)
  }
  const ofApi = ({ url, headers }: IncomingMessage): Reply => {
    const quoted = `${url} ${headers.authorization} is not known here`
    return { status: 401, body: { error: quoted, message: quoted }, headers: { 'www-authenticate': `Bearer error="${quoted}"` } }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const toolkitsDir = writeToolkit(host)
  return {
    host,
    toolkitsDir,
    asked,
    answerTokensWith(next) {
      manner = next
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(toolkitsDir, { recursive: true, force: true })
    },
  }
}

function writeToolkit(host: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-toolkits-'))
  mkdirSync(join(dir, 'quoting', 'tools'), { recursive: true })
  writeFileSync(
    join(dir, 'quoting', 'toolkit.yaml'),
    `slug: quoting
name: Quoting
description: A provider of the tests.
categories: [testing]
version: '20261122_00'
sources: []
base_url: '{{ base_url }}'
hosts: ['${host}']
self_hosted: true
auth:
  - scheme: OAUTH2
    connection_fields: [{ name: base_url, format: uri, default: 'http://${host}' }]
    oauth2:
      authorization_url: http://${host}/authorize
      token_url: http://${host}/token
      client_auth: client_secret_post
      refresh_token_rotates: true
verification: { path: /me }
`,
  )
  writeFileSync(
    join(dir, 'quoting', 'tools', 'me.yaml'),
    `slug: QUOTING_ME
name: me
description: Who the token belongs to.
request: { method: GET, path: /me }
input: { type: object, properties: {} }
`,
  )
  return dir
}
