import type { TestContext } from 'node:test'
import { requireAccount } from '../src/domain/accounts/accounts.service.ts'
import type { CallbackParams } from '../src/domain/connecting/connect-link.ts'
import { createLink, type NewLink } from '../src/domain/connecting/create-link.ts'
import { finishAuthorization } from '../src/domain/connecting/finish-authorization.ts'
import { startAuthorization } from '../src/domain/connecting/start-authorization.ts'
import { readCredential } from '../src/domain/credentials/credentials.service.ts'
import { createCatalogue } from '../src/domain/toolkits/catalogue.ts'
import type { AuthDefinition, OAuth2Definition, ToolkitDefinition } from '../src/domain/toolkits/definition.ts'
import { exampleTool, exampleToolkit } from '../src/domain/toolkits/fixture.testing.ts'
import type { AccountId } from '../src/ids.ts'
import { startUpstream } from '../src/platform/outbound/upstream.fixture.ts'
import type { TestDatabase } from './databases.ts'
import type { Answer } from './grants.ts'
import { testAuthConfig, testDeps, testProject } from './test-deps.ts'

export const CLIENT = { client_id: 'client-1', client_secret: 'client-secret-1' }

export interface ConnectingOptions {
  readonly oauth2?: Partial<OAuth2Definition>
  readonly auth?: Partial<AuthDefinition>
  readonly more?: Partial<ToolkitDefinition>
  readonly credentials?: Readonly<Record<string, unknown>>
  readonly shared?: Readonly<Record<string, unknown>>
  /** Other servers of the provider's. */
  readonly allowHosts?: readonly string[]
}

/**
 * A toolkit with OAuth and an API key, whose provider answers what `world` says. The one key that it takes is `good-key`; its
 * clock is `world.now`.
 */
export async function setUpConnecting(t: TestContext, database: TestDatabase, options: ConnectingOptions = {}) {
  const world: { now: number; token: (params: URLSearchParams) => Answer | Promise<Answer>; me: Answer } = {
    now: Date.now(),
    token: () => ({ body: { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600, scope: 'read' } }),
    me: { body: {} },
  }
  const upstream = await startUpstream(t, ({ url, headers, body }, response) => {
    const send = ({ status = 200, body: answer }: Answer) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof answer === 'string' ? answer : JSON.stringify(answer))
    if (url.startsWith('/token')) void Promise.resolve(world.token(new URLSearchParams(body))).then(send)
    else if (headers['x-api-key'] !== undefined && headers['x-api-key'] !== 'good-key') send({ status: 401, body: {} })
    else send(world.me)
  })
  const { origin } = upstream
  const { host } = new URL(origin)
  const oauth: AuthDefinition = {
    scheme: 'OAUTH2',
    ...options.auth,
    oauth2: { authorization_url: `${origin}/authorize?fixed=1`, token_url: `${origin}/token`, ...options.oauth2 },
  }
  const key: AuthDefinition = {
    scheme: 'API_KEY',
    connection_fields: [{ name: 'region', enum: ['eu', 'us'], required: true }, { name: 'team' }],
    placements: [{ in: 'header', name: 'x-api-key', template: '{{ api_key }}' }],
  }
  const toolkit = exampleToolkit(
    { base_url: origin, hosts: [host], auth: [oauth, key], verification: { path: '/me' }, ...options.more },
    [exampleTool({ method: 'GET', path: '/me' })],
  )
  const real = await testDeps(t, database, {
    catalogue: createCatalogue([toolkit]),
    allowHosts: [host, ...(options.allowHosts ?? [])],
  })
  const deps = { ...real, now: () => world.now }
  const projectId = await testProject(deps)
  const { credentials = CLIENT, shared = {} } = options
  const config = { credentials: { ...credentials }, sharedCredentials: { ...shared } }
  const oauthConfig = await testAuthConfig(deps, projectId, 'example', 'OAUTH2', config)
  const keyConfig = await testAuthConfig(deps, projectId, 'example', 'API_KEY', { sharedCredentials: { ...shared } })

  const link = (more: Partial<NewLink> = {}) => createLink(deps, projectId, { authConfigId: oauthConfig, userId: 'ada', ...more })
  const start = async (linkId: string, fields: Record<string, unknown> = {}, browserToken = 'browser-1') =>
    new URL((await startAuthorization(deps, linkId, { fields, browserToken })).redirectUrl)
  const finish = (params: CallbackParams, browserToken: string | undefined = 'browser-1') =>
    finishAuthorization(deps, { params, browserToken })
  /** From the link to the outcome; `answer` is what the provider adds to the state. */
  const connect = async (answer: CallbackParams = { code: 'code-1' }, more: Partial<NewLink> = {}, fields = {}) => {
    const { linkId, account } = await link(more)
    const url = await start(linkId, fields)
    return { id: account.id, url, outcome: await finish({ state: url.searchParams.get('state') ?? '', ...answer }) }
  }
  const account = async (id: string) => (await requireAccount(deps, projectId, id)).account
  const stored = async (id: AccountId) =>
    (await readCredential(deps.credentials, { projectId, ownerId: id }))?.credential.val ?? {}
  const tokenRequests = () => upstream.seen.filter(({ url }) => url.startsWith('/token'))
  const events = async (id: string) => {
    const rows = await deps.db
      .selectFrom('event')
      .selectAll()
      .where('subject_id', '=', id)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    return rows.map(({ type, data }) => [type, JSON.parse(data) as Record<string, unknown>] as const)
  }
  return {
    world,
    deps,
    upstream,
    projectId,
    oauthConfig,
    keyConfig,
    link,
    start,
    finish,
    connect,
    account,
    stored,
    tokenRequests,
    events,
  }
}
