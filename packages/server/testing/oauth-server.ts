import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { oauthProvider } from '@better-auth/oauth-provider'
import { type BetterAuthPlugin, betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { signInPages } from './oauth-server-pages.ts'

/**
 * Better Auth as an OAuth 2.1 server: the second one that nobody here wrote. Its paths, its consent, its errors and its rules
 * are other ones than those of `oauth-upstream.ts`; it too rotates refresh tokens and takes a spent one for theft.
 */
export interface OAuthServer {
  readonly url: string
  /** `host:port`, as HOLDFAST_ALLOW_HOSTS takes it. */
  readonly host: string
  /** Holds the toolkit `oauth_server`, for HOLDFAST_TOOLKITS_DIR. */
  readonly toolkitsDir: string
  /** Registers an app that it may send browsers back to. */
  newClient(redirectUri: string): Promise<OAuthClient>
  /** RFC 7662: whether it still honours this token. */
  isActive(client: OAuthClient, token: string): Promise<boolean>
  /** RFC 7009. */
  revoke(client: OAuthClient, token: string): Promise<void>
  stop(): Promise<void>
}

export interface OAuthClient {
  readonly client_id: string
  readonly client_secret: string
}

const TABLES = [
  ...['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthResource', 'oauthClientResource'],
  ...['oauthRefreshToken', 'oauthAccessToken', 'oauthConsent', 'oauthClientAssertion'],
]
const SCOPE = 'openid profile offline_access'

export async function startOAuthServer(): Promise<OAuthServer> {
  let answer: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${host}`
  const silenceWarnings = { oauthAuthServerConfig: true, openidConfig: true }
  const provider = oauthProvider({ loginPage: '/login', consentPage: '/consent', silenceWarnings })
  const auth = betterAuth({
    baseURL: url,
    secret: 'a secret of nothing but the tests',
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    emailAndPassword: { enabled: true },
    // Its own types do not agree where optional properties are exact.
    plugins: [jwt(), provider as unknown as BetterAuthPlugin],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })
  const answerPage = signInPages(url)
  const answerOthers = toNodeHandler(auth)
  answer = (request, response) => {
    // Node's fetch says `cors` even where it follows a redirect in a person's place; browsers say `navigate`.
    if (request.headers['sec-fetch-mode'] === 'cors') delete request.headers['sec-fetch-mode']
    if (!answerPage(request, response)) void answerOthers(request, response)
  }
  const { headers } = await auth.api.signUpEmail({
    body: { name: 'operator', email: 'operator@users.example', password: 'the password of operator' },
    returnHeaders: true,
  })
  const cookie = headers.getSetCookie().map((line) => line.split(';')[0])
  const toolkitsDir = writeToolkit(url)
  const ask = async (path: string, client: OAuthClient, token: string) => {
    const reply = await fetch(`${url}/api/auth/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
      body: new URLSearchParams({ token }),
    })
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`)
    return reply.text()
  }
  return {
    url,
    host,
    toolkitsDir,
    async newClient(redirectUri) {
      const reply = await fetch(`${url}/api/auth/oauth2/create-client`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url, cookie: cookie.join('; ') },
        body: JSON.stringify({
          client_name: 'Holdfast',
          application_type: 'native', // the kind that may have an address on this machine
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: ['authorization_code', 'refresh_token'],
          scope: SCOPE,
        }),
      })
      if (!reply.ok) throw new Error(`no client was registered: ${reply.status} ${await reply.text()}`)
      const { client_id, client_secret } = (await reply.json()) as OAuthClient
      return { client_id, client_secret }
    },
    isActive: async (client, token) => (JSON.parse(await ask('introspect', client, token)) as { active: boolean }).active,
    revoke: async (client, token) => void (await ask('revoke', client, token)),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(toolkitsDir, { recursive: true, force: true })
    },
  }
}

function writeToolkit(url: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-toolkits-'))
  mkdirSync(join(dir, 'oauth_server', 'tools'), { recursive: true })
  writeFileSync(
    join(dir, 'oauth_server', 'toolkit.yaml'),
    `slug: oauth_server
name: OAuth server
description: Users and who they are.
categories: [testing]
version: '20261122_00'
sources: [https://www.better-auth.com/docs/plugins/oauth-provider]
base_url: '{{ base_url }}/api/auth'
hosts: ['${new URL(url).host}']
self_hosted: true
auth:
  - scheme: OAUTH2
    connection_fields: [{ name: base_url, format: uri, default: '${url}' }]
    oauth2:
      authorization_url: ${url}/api/auth/oauth2/authorize
      token_url: ${url}/api/auth/oauth2/token
      revocation_url: ${url}/api/auth/oauth2/revoke
      default_scopes: [openid, profile, offline_access]
      authorization_params: { prompt: consent }
      client_auth: client_secret_basic
      refresh_token_rotates: true
verification: { path: /oauth2/userinfo }
`,
  )
  writeFileSync(
    join(dir, 'oauth_server', 'tools', 'who_am_i.yaml'),
    `slug: OAUTH_SERVER_WHO_AM_I
name: Who am I
description: Who the token belongs to.
request: { method: GET, path: /oauth2/userinfo }
input: { type: object, properties: {} }
`,
  )
  return dir
}
