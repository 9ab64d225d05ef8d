import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { wireClient } from '../../testing/wire-client.ts'
import type { World } from './world.ts'

/** A session as the SDKs that have them offer it. */
export interface CommonSession {
  readonly sessionId: string
  readonly mcp: { url: string; headers?: Record<string, string> | undefined }
  tools(): Promise<unknown>
  toolkits(): Promise<{ items: SessionToolkit[] }>
  execute(slug: string, args?: Record<string, unknown>): Promise<{ data: Record<string, unknown>; error: string | null }>
  search(params: { query: string }): Promise<{
    success: boolean
    results: { primaryToolSlugs: string[] }[]
    toolSchemas: Record<string, unknown>
    toolkitConnectionStatuses: { toolkit: string; hasActiveConnection: boolean }[]
  }>
  proxyExecute(params: { toolkit: string; endpoint: string; method: 'GET' }): Promise<{ status: number; data?: unknown }>
}

interface SessionToolkit {
  slug: string
  connection?: { isActive: boolean; connectedAccount?: { id: string } | undefined } | undefined
}

export interface SessionConfig {
  toolkits?: string[]
  authConfigs?: Record<string, string>
  connectedAccounts?: Record<string, string>
  tools?: Record<string, string[]>
  manageConnections?: boolean
  preload?: { tools: string[] }
}

export type OpenSession = (userId: string, config: SessionConfig) => Promise<CommonSession>

const HELPERS = [
  'COMPOSIO_GET_TOOL_SCHEMAS',
  'COMPOSIO_MANAGE_CONNECTIONS',
  'COMPOSIO_MULTI_EXECUTE_TOOL',
  'COMPOSIO_SEARCH_TOOLS',
]

/** What an agent does in a session, from the SDK's side and from the side of any MCP client. */
export async function testSessionFlows(
  { server, upstream }: World,
  create: OpenSession,
  use: (id: string) => Promise<CommonSession>,
) {
  upstream.accept('session-key', 'sam')
  const wire = wireClient(server)
  const authConfig = await wire.authConfig('keyed', 'API_KEY')
  const importKey = (userId: string, key = 'session-key') =>
    wire.importCredential(userId, authConfig, 'API_KEY', { api_key: key, base_url: upstream.url })
  const ca = await importKey('user_session')
  const open = (config: SessionConfig = {}) =>
    create('user_session', { toolkits: ['keyed'], authConfigs: { keyed: authConfig }, ...config })

  test('a session gives an agent the helper tools and shows which toolkits are connected', async () => {
    const session = await open()
    assert.match(session.sessionId, /^trs_/)
    assert.deepEqual(namesOf(await session.tools()), HELPERS)
    const { items } = await session.toolkits()
    assert.deepEqual(
      items.map(({ slug }) => slug),
      ['keyed'],
    )
    assert.equal(items[0]?.connection?.isActive, true)
    assert.equal(items[0]?.connection?.connectedAccount?.id, ca)
  })

  test('a session finds a tool by what it is for, and runs it with the imported key', async () => {
    const session = await open()
    const found = await session.search({ query: 'call /me of the upstream' })
    assert.equal(found.success, true)
    assert.ok(found.results[0]?.primaryToolSlugs.includes('KEYED_ME'), JSON.stringify(found.results))
    assert.ok('KEYED_ME' in found.toolSchemas)
    assert.deepEqual(
      found.toolkitConnectionStatuses.map(({ toolkit, hasActiveConnection }) => [toolkit, hasActiveConnection]),
      [['keyed', true]],
    )
    const run = await session.execute('KEYED_ME')
    assert.deepEqual([run.error, run.data], [null, { user: 'sam' }])
    const proxied = await session.proxyExecute({ toolkit: 'keyed', endpoint: '/me', method: 'GET' })
    assert.deepEqual([proxied.status, proxied.data], [200, { user: 'sam' }])
  })

  test("a session's call carries a rotated credential at once", async () => {
    upstream.accept('session-key-rotated', 'rosa')
    const id = await importKey('user_rotating')
    const session = await create('user_rotating', { toolkits: ['keyed'] })
    assert.deepEqual((await session.execute('KEYED_ME')).data, { user: 'sam' })
    await wire.rotate(id, 'API_KEY', { generic_api_key: 'session-key-rotated' })
    assert.deepEqual((await session.execute('KEYED_ME')).data, { user: 'rosa' })
  })

  test('helper tools run several tools at once and tell about connections', async () => {
    const session = await open()
    const tools = [
      { tool_slug: 'KEYED_ME', arguments: {} },
      { tool_slug: 'KEYED_FAIL', arguments: { status: 500 } },
    ]
    const { data } = await session.execute('COMPOSIO_MULTI_EXECUTE_TOOL', { tools })
    assert.deepEqual([data['total_count'], data['success_count'], data['error_count']], [2, 1, 1])
    const managed = await session.execute('COMPOSIO_MANAGE_CONNECTIONS', { toolkits: ['keyed'] })
    assert.match(JSON.stringify(managed.data), /"status":"active"/)
  })

  test('a session keeps to its toolkits, tools and connections', async () => {
    await assertRefused((await open()).execute('GITHUB_GET_THE_AUTHENTICATED_USER'))
    const oneTool = await open({ tools: { keyed: ['KEYED_ME'] }, manageConnections: false })
    assert.equal((await oneTool.execute('KEYED_ME')).error, null)
    await assertRefused(oneTool.execute('KEYED_ECHO'))
    assert.ok(!namesOf(await oneTool.tools()).includes('COMPOSIO_MANAGE_CONNECTIONS'))

    upstream.accept('pinned-key', 'penny')
    const pinned = await importKey('user_session', 'pinned-key')
    await importKey('user_session') // newer, and would be chosen without the pin
    const session = await open({ connectedAccounts: { keyed: pinned } })
    assert.deepEqual((await session.execute('KEYED_ME')).data, { user: 'penny' })
  })

  test('a session is found again by its id', async () => {
    const { sessionId } = await open()
    const again = await use(sessionId)
    assert.equal(again.sessionId, sessionId)
    assert.equal((await again.execute('KEYED_ME')).error, null)
  })

  test('the official MCP client lists and calls the same tools at the URL of the session', async (t) => {
    const session = await open({ preload: { tools: ['KEYED_ME'] } })
    const client = new Client({ name: 'contract-test', version: '1.0.0' })
    const headers = { 'x-api-key': server.apiKey, ...session.mcp.headers }
    const transport = new StreamableHTTPClientTransport(new URL(session.mcp.url), { requestInit: { headers } })
    await client.connect(transport)
    t.after(() => client.close())
    const { tools } = await client.listTools()
    assert.deepEqual(tools.map(({ name }) => name).sort(), [...HELPERS, 'KEYED_ME'])
    const me = await client.callTool({ name: 'KEYED_ME', arguments: {} })
    assert.notEqual(me.isError, true)
    assert.match(JSON.stringify(me.content), /sam/)
    const batch = { tools: [{ tool_slug: 'KEYED_ME', arguments: {} }] }
    const multi = await client.callTool({ name: 'COMPOSIO_MULTI_EXECUTE_TOOL', arguments: batch })
    assert.match(JSON.stringify(multi.content), /sam/)
  })
}

/** A refusal may be thrown or be the result: an agent sees it either way. */
async function assertRefused(run: Promise<{ error: string | null }>): Promise<void> {
  const error = await run.then(
    (result) => result.error,
    (thrown: unknown) => String(thrown),
  )
  assert.ok(error, 'the session let the call through')
}

function namesOf(tools: unknown): string[] {
  assert.ok(Array.isArray(tools))
  return tools.map((tool: { function: { name: string } }) => tool.function.name).sort()
}
