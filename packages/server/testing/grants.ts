import type { TestContext } from 'node:test'
import { createAccount, requireAccount } from '../src/domain/accounts/accounts.service.ts'
import type { NewAccount } from '../src/domain/accounts/new-account.ts'
import { readCredential } from '../src/domain/credentials/credentials.service.ts'
import { executeTool } from '../src/domain/execution/execute-tool.ts'
import { createCatalogue } from '../src/domain/toolkits/catalogue.ts'
import type { OAuth2Definition, ToolkitDefinition } from '../src/domain/toolkits/definition.ts'
import { exampleTool, exampleToolkit } from '../src/domain/toolkits/fixture.testing.ts'
import { startUpstream } from '../src/platform/outbound/upstream.fixture.ts'
import type { TestDatabase } from './databases.ts'
import { testAuthConfig, testDeps, testProject } from './test-deps.ts'

export type Answer = { readonly status?: number; readonly body: unknown }
export const CLIENT = { client_id: 'client-1', client_secret: 'client-secret-1' }

interface World {
  token: (params: URLSearchParams) => Answer
  revoke: (body: string, authorization: string | undefined) => Answer
  /** What the API answers to a good token. */
  me: unknown
  /** The only token that the API takes; undefined: any. */
  good: string | undefined
  now: number
}

/** `ORIGIN` stands for the provider's address, which is known only when it runs. */
const forOrigin = (oauth2: Partial<OAuth2Definition>, origin: string) =>
  JSON.parse(JSON.stringify(oauth2).replaceAll('ORIGIN', origin)) as Partial<OAuth2Definition>

/** A provider whose token endpoint answers what `world.token` says and whose API takes only `world.good`. */
export async function setUpGrants(
  t: TestContext,
  database: TestDatabase,
  oauth2: Partial<OAuth2Definition> = {},
  credentials: object = CLIENT,
  more: Partial<ToolkitDefinition> = {},
) {
  const world: World = {
    token: () => ({ status: 500, body: 'no answer set' }),
    revoke: () => ({ body: {} }),
    me: { message: 'hello' },
    good: undefined,
    now: Date.now(),
  }
  const upstream = await startUpstream(t, async ({ url, headers, body }, response) => {
    if (url === '/token') {
      const answer = world.token(new URLSearchParams(body))
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(await answer.body))
      return
    }
    if (url === '/revoke') {
      const answer = world.revoke(body, headers.authorization)
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
      return
    }
    const isGood = world.good === undefined || headers.authorization === `Bearer ${world.good}`
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(world.me))
  })
  const host = `127.0.0.1:${upstream.port}`
  const toolkit = exampleToolkit(
    {
      base_url: upstream.origin,
      hosts: [host],
      ...more,
      auth: [{ scheme: 'OAUTH2', oauth2: { token_url: `${upstream.origin}/token`, ...forOrigin(oauth2, upstream.origin) } }],
    },
    [exampleTool({ method: 'GET', path: '/me' })],
  )
  const statements: string[] = []
  const real = await testDeps(t, database, {
    catalogue: createCatalogue([toolkit]),
    allowHosts: [host],
    onStatement: (sql) => statements.push(sql),
  })
  const deps = { ...real, now: () => world.now }
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'OAUTH2', { credentials: { ...credentials } })
  const importGrant = (val: Record<string, unknown>, options: Partial<NewAccount> = {}) =>
    createAccount(deps, projectId, { authConfigId, userId: 'user_1', credential: { val }, ...options })
  const give = async (val: Record<string, unknown>, options: Partial<NewAccount> = {}) =>
    (await importGrant(val, options)).account.id
  const call = (accountId: string, by = deps) =>
    executeTool(by, projectId, { toolSlug: 'EXAMPLE_CALL', arguments: {}, accountId })
  const stored = async (id: Awaited<ReturnType<typeof give>>) =>
    (await readCredential(deps.credentials, { projectId, ownerId: id }))?.credential.val ?? {}
  const statusOf = async (id: string) => (await requireAccount(deps, projectId, id)).account
  const events = (type = 'connected_account.status_changed') =>
    deps.db.selectFrom('event').selectAll().where('type', '=', type).orderBy('id').execute()
  const asked = () => upstream.seen.filter(({ url }) => url === '/token').length
  const revocations = () => upstream.seen.filter(({ url }) => url === '/revoke')
  const sent = () => upstream.seen.filter(({ url }) => url === '/me').map(({ headers }) => headers.authorization)
  return {
    world,
    deps,
    upstream,
    projectId,
    authConfigId,
    importGrant,
    give,
    call,
    stored,
    statusOf,
    events,
    asked,
    revocations,
    sent,
    statements,
  }
}

/** The token endpoint of a provider that rotates. */
export const rotating = (n: { value: number }) => () => {
  n.value++
  return { body: { access_token: `access-${n.value}`, refresh_token: `refresh-${n.value}`, expires_in: 3600 } }
}
