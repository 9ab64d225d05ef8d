import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Provider, { type GrantContext } from 'oidc-provider'
import { type Doorkeeper, passDoor, peekBody } from './oauth-doors.ts'
import { interactionPages } from './oauth-interactions.ts'

/**
 * A certified OAuth server that nobody here wrote. It rotates refresh tokens, and revokes the whole family when a spent one
 * comes back; its userinfo endpoint is the API that tools call.
 */
export interface OAuthUpstream {
  /** `host:port`, as HOLDFAST_ALLOW_HOSTS takes it. */
  readonly host: string
  /** Holds the toolkit `granted`, for HOLDFAST_TOOLKITS_DIR. */
  readonly toolkitsDir: string
  readonly client: { readonly client_id: string; readonly client_secret: string }
  /** Refreshes that it granted, and refused. */
  readonly refreshes: { granted: number; refused: number }
  /** All that its token endpoint granted and refused, codes included. */
  readonly answers: { granted: number; refused: number }
  /** Where it may send browsers back to: what is registered with a provider by hand. */
  readonly redirectUris: Set<string>
  /** The same of one user. */
  refreshesOf(user: string): { readonly granted: number; readonly refused: number }
  /** Stands at the door of the token endpoint and lets this user's refreshes in and out. */
  keepDoor(user: string, doorkeeper: Doorkeeper): void
  /** A grant as an app would hold it, its access token dead or alive. */
  issue(user: string, accessTokenSeconds: number): Promise<{ access_token: string; refresh_token: string }>
  stop(): Promise<void>
}

const CLIENT = { client_id: 'app.of-the_tests', client_secret: 'client-secret-of-the-tests/+:' }
const SCOPE = 'openid offline_access'

export async function startOAuthUpstream(options: { readonly accessTokenSeconds: number }): Promise<OAuthUpstream> {
  let answer: ReturnType<Provider['callback']> = (_, response) => void response.writeHead(503).end()
  const doors = new Map<string, Doorkeeper>()
  const server = createServer(async (request, response) => {
    if (request.url === '/token' && doors.size > 0) {
      const token = new URLSearchParams(await peekBody(request)).get('refresh_token') ?? ''
      const user = (await provider.RefreshToken.find(token))?.accountId ?? ''
      if (!(await passDoor(doors.get(user), request, response))) return
    }
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(`http://${host}`, {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [`http://${host}/callback`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    clockTolerance: 0,
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access'],
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['only the tests'] },
    ttl: { AccessToken: options.accessTokenSeconds, RefreshToken: 3600, Grant: 3600, IdToken: 60 },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  })
  const redirectUris = new Set([`http://${host}/callback`])
  // Servers choose their ports when they start, after this one.
  provider.Client.prototype.redirectUriAllowed = (uri) => redirectUris.has(uri)
  const answerInteraction = interactionPages(provider)
  const answerOthers = provider.callback()
  answer = (request, response) => {
    if (!answerInteraction(request, response)) answerOthers(request, response)
  }
  const refreshes = { granted: 0, refused: 0 }
  const answers = { granted: 0, refused: 0 }
  const users = new Map<string, { granted: number; refused: number }>()
  const count = (outcome: 'granted' | 'refused') => (context: GrantContext) => {
    const { params, entities } = context.oidc
    answers[outcome]++
    if (params?.grant_type !== 'refresh_token') return
    refreshes[outcome]++
    const user = entities.RefreshToken?.accountId ?? ''
    const before = users.get(user) ?? { granted: 0, refused: 0 }
    users.set(user, { ...before, [outcome]: before[outcome] + 1 })
  }
  provider.on('grant.success', count('granted'))
  provider.on('grant.error', count('refused'))
  const toolkitsDir = writeToolkit(host)
  return {
    host,
    toolkitsDir,
    client: CLIENT,
    refreshes,
    answers,
    redirectUris,
    refreshesOf: (user) => users.get(user) ?? { granted: 0, refused: 0 },
    keepDoor: (user, doorkeeper) => void doors.set(user, doorkeeper),
    async issue(accountId, accessTokenSeconds) {
      const client = await provider.Client.find(CLIENT.client_id)
      const grant = new provider.Grant({ accountId, clientId: CLIENT.client_id })
      grant.addOIDCScope(SCOPE)
      const grantId = await grant.save()
      const shared = { accountId, client, grantId, scope: SCOPE, gty: 'authorization_code' }
      return {
        access_token: await new provider.AccessToken({ ...shared, expiresIn: accessTokenSeconds }).save(),
        refresh_token: await new provider.RefreshToken(shared).save(),
      }
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
  mkdirSync(join(dir, 'granted', 'tools'), { recursive: true })
  writeFileSync(
    join(dir, 'granted', 'toolkit.yaml'),
    `slug: granted
name: Granted
description: A provider of the tests.
categories: [testing]
version: '20260101_00'
sources: []
base_url: '{{ base_url }}'
hosts: ['${host}']
self_hosted: true
auth:
  - scheme: OAUTH2
    connection_fields: [{ name: base_url, format: uri, default: 'http://${host}' }]
    oauth2:
      authorization_url: http://${host}/auth
      token_url: http://${host}/token
      default_scopes: [openid, offline_access]
      authorization_params: { prompt: consent }
      client_auth: client_secret_basic
      refresh_token_rotates: true
`,
  )
  writeFileSync(
    join(dir, 'granted', 'tools', 'me.yaml'),
    `slug: GRANTED_ME
name: me
description: Who the token belongs to.
request: { method: GET, path: /me }
input: { type: object, properties: {} }
`,
  )
  return dir
}
