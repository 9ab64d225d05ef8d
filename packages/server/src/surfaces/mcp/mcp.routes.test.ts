import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import fc from 'fast-check'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAccount } from '../../domain/accounts/accounts.service.ts'
import { changeSession } from '../../domain/sessions/change-session.ts'
import { executeInSession } from '../../domain/sessions/execute-in-session.ts'
import { anySession, testCatalogue } from '../../domain/sessions/fixture.testing.ts'
import { FILTER_TAGS, type SessionConfig, type TagFilter, type ToolChoice } from '../../domain/sessions/session.ts'
import { createSession } from '../../domain/sessions/sessions.service.ts'
import { loadCatalogue } from '../../domain/toolkits/catalogue.ts'
import { toolYaml, writeToolkits } from '../../domain/toolkits/fixture.testing.ts'
import type { Tool } from '../../domain/toolkits/toolkit.ts'
import { HoldfastError } from '../../errors.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { toolRouterRoutes } from '../api-v3/tool-router.routes.ts'
import { requireProject } from '../http/authenticate.ts'
import { API_PREFIXES, registerApi } from '../http/both-versions.ts'
import { createLogger } from '../http/logger.ts'
import { buildHttpServer } from '../http/server.ts'
import { registerMcp } from './mcp.routes.ts'

const KEY = 'hf_key-of-the-project'
const OTHER_KEY = 'hf_key-of-another-project'
const [sqlite] = testDatabases()

/** Run by its users themselves, so each connection says where. */
const LOCAL_TOOLKIT = `slug: local
name: Local
description: A service that the tests run.
categories: [testing]
version: '20260101_00'
sources: []
base_url: '{{ base_url }}'
hosts: ['{{ base_url | host }}']
auth:
  - scheme: API_KEY
    connection_fields: [{ name: base_url, title: Base URL, type: string, format: uri, required: true }]
    placements:
      - { in: header, name: x-api-key, template: '{{ api_key }}' }
`

async function setUp(t: TestContext, { fromFiles = false } = {}) {
  assert.ok(sqlite)
  const upstream = await startUpstream(t, ({ headers, url }, response) => {
    const status = headers['x-api-key'] === 'good' || headers['x-secret-key'] === 'good' ? 200 : 401
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? { url } : { message: 'bad key' }))
  })
  const files = () =>
    writeToolkits(t, {
      'local/toolkit.yaml': LOCAL_TOOLKIT,
      'local/tools/get_item.yaml': toolYaml('LOCAL_GET_ITEM', 'tags: [readOnlyHint, idempotentHint]\n'),
      'local/tools/drop_item.yaml': toolYaml('LOCAL_DROP_ITEM', 'tags: [destructiveHint, openWorldHint]\n'),
    })
  const catalogue = fromFiles ? loadCatalogue([files()]) : testCatalogue(upstream.origin)
  const testing = await testDeps(t, sqlite, { catalogue, allowHosts: [`127.0.0.1:${upstream.port}`] })
  let url = ''
  const deps = { ...testing, publicUrl: () => url }
  const [projectId, otherId] = [await testProject(deps), await testProject(deps, 'other')]
  const authenticate = (key: string) => (key === KEY ? projectId : key === OTHER_KEY ? otherId : undefined)
  const logged: string[] = []
  const app = buildHttpServer({
    logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }),
    checkReplies: true,
  })
  registerApi(app, API_PREFIXES, (api) => {
    api.addHook('onRequest', requireProject(authenticate))
    toolRouterRoutes(api, deps)
  })
  registerMcp(app, { ...deps, authenticate, version: '0.0.0' })
  url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('[::1]', '127.0.0.1')
  t.after(() => app.close())

  const connect = async (toolkit: string, apiKey: string) => {
    const authConfigId = await testAuthConfig(deps, projectId, toolkit, 'API_KEY')
    const val = { api_key: apiKey, ...(fromFiles && { base_url: upstream.origin }) }
    await createAccount(deps, projectId, { authConfigId, userId: 'ann', credential: { val } })
  }
  const create = async (body: object) => {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/v3.1/tool_router/session',
      headers: { 'x-api-key': KEY },
      payload: { user_id: 'ann', ...body },
    })
    assert.equal(reply.statusCode, 201, reply.body)
    return reply.json() as { session_id: string; mcp: { type: string; url: string } }
  }
  const client = async (mcpUrl: string, headers: Record<string, string> = { 'x-api-key': KEY }) => {
    const mcp = new Client({ name: 'test', version: '1' })
    // The library's own types do not agree under exactOptionalPropertyTypes.
    await mcp.connect(
      new StreamableHTTPClientTransport(new URL(mcpUrl), { requestInit: { headers } }) as Parameters<Client['connect']>[0],
    )
    t.after(() => mcp.close())
    return mcp
  }
  return { deps, app, upstream, projectId, connect, create, client, logged }
}

test('an MCP client lists and calls the tools of a session with the API key', async (t) => {
  const { connect, create, client, upstream } = await setUp(t, { fromFiles: true })
  await connect('local', 'good')
  const { mcp } = await create({ toolkits: { enable: ['local'] }, preload: { tools: 'all' } })
  assert.equal(mcp.type, 'http')
  const session = await client(mcp.url)
  const { tools } = await session.listTools()
  assert.deepEqual(
    tools.map(({ name }) => name),
    [
      'COMPOSIO_SEARCH_TOOLS',
      'COMPOSIO_GET_TOOL_SCHEMAS',
      'COMPOSIO_MULTI_EXECUTE_TOOL',
      'COMPOSIO_MANAGE_CONNECTIONS',
      'LOCAL_DROP_ITEM',
      'LOCAL_GET_ITEM',
    ],
  )
  const [drop, get] = tools.slice(-2)
  assert.deepEqual(get?.annotations, { title: 'local get item', readOnlyHint: true })
  assert.deepEqual(drop?.annotations, {
    title: 'local drop item',
    readOnlyHint: false,
    destructiveHint: true,
    openWorldHint: true,
  })
  assert.deepEqual(get?.inputSchema.required, ['id'])
  const result = await session.callTool({ name: 'LOCAL_GET_ITEM', arguments: { id: '7' } })
  assert.equal(result.isError, false)
  assert.deepEqual((result.structuredContent as { data: object }).data, { url: '/items/7' })
  const [text] = result.content as { type: string; text: string }[]
  assert.deepEqual(JSON.parse(text?.text ?? ''), result.structuredContent)
  assert.equal(upstream.seen[0]?.headers['x-api-key'], 'good')

  const multi = await session.callTool({
    name: 'COMPOSIO_MULTI_EXECUTE_TOOL',
    arguments: { tools: [{ tool_slug: 'LOCAL_GET_ITEM', arguments: { id: '8' } }] },
  })
  assert.equal((multi.structuredContent as { data: { success_count: number } }).data.success_count, 1)
})

test("what fails is a result that a model can read: the upstream's refusal, wrong arguments, a tool that is left out", async (t) => {
  const { connect, create, client, logged } = await setUp(t, { fromFiles: true })
  await connect('local', 'marked-secret-key')
  const { mcp } = await create({ tools: { local: { disable: ['LOCAL_DROP_ITEM'] } } })
  const session = await client(mcp.url)
  const call = async (name: string, args: Record<string, unknown>) => {
    const { isError, content } = await session.callTool({ name, arguments: args })
    return [isError, (content as { text: string }[])[0]?.text ?? ''] as const
  }
  const [refused, why] = await call('LOCAL_GET_ITEM', { id: '7' })
  assert.equal(refused, true)
  assert.match(why, /answered 401: bad key/)
  const [invalid, what] = await call('LOCAL_GET_ITEM', {})
  assert.equal(invalid, true)
  assert.match(what, /arguments\.id is required/)
  const [outside, which] = await call('LOCAL_DROP_ITEM', { id: '7' })
  assert.equal(outside, true)
  assert.match(which, /not in this session/)
  await assert.rejects(session.callTool({ name: 'NO_SUCH_TOOL', arguments: {} }), /-32602.*no tool/)
  assert.doesNotMatch(logged.join('') + why, /marked-secret-key/)
})

test('without the key of its project there is no session, and nothing listens or ends', async (t) => {
  const { app, create, client } = await setUp(t)
  const { session_id, mcp } = await create({})
  await assert.rejects(client(mcp.url, {}), /401|Unauthorized/i)
  await assert.rejects(client(mcp.url, { 'x-api-key': 'hf_wrong' }), /401|Unauthorized/i)
  await assert.rejects(client(mcp.url, { 'x-api-key': OTHER_KEY }), /no session/)
  for (const method of ['GET', 'DELETE'] as const) {
    const reply = await app.inject({ method, url: `/mcp/${session_id}`, headers: { 'x-api-key': KEY } })
    assert.deepEqual([reply.statusCode, reply.headers['allow']], [405, 'POST'])
  }
})

test('pages of other origins, other bodies and too large ones are refused before a tool runs', async (t) => {
  const { app, create } = await setUp(t)
  const { session_id } = await create({})
  const post = async (payload: string, headers: Record<string, string> = {}) => {
    const reply = await app.inject({
      method: 'POST',
      url: `/mcp/${session_id}`,
      headers: {
        'x-api-key': KEY,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...headers,
      },
      payload,
    })
    return [reply.statusCode, reply.body] as const
  }
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  assert.deepEqual(await post(ping), [200, '{"result":{},"jsonrpc":"2.0","id":1}'])
  assert.equal((await post(ping, { origin: 'http://localhost:6274' }))[0], 200)
  for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null', 'file://'])
    assert.equal((await post(ping, { origin }))[0], 403, origin)
  assert.equal((await post('{"jsonrpc"'))[0], 400)
  assert.equal((await post('[1]'))[0], 400)
  assert.equal((await post(''))[0], 400)
  assert.equal((await post(ping, { accept: 'text/html' }))[0], 406)
  assert.equal((await post(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })))[0], 202)
  assert.equal((await post(' '.repeat(6 * 1024 * 1024)))[0], 413)
})

const tagFilter = fc.record(
  {
    enabled: fc.uniqueArray(fc.constantFrom(...FILTER_TAGS), { minLength: 1 }),
    disabled: fc.uniqueArray(fc.constantFrom(...FILTER_TAGS), { minLength: 1 }),
  },
  { requiredKeys: [] },
)
const catalogueForConfigs = testCatalogue()
const toolkitSlugs = catalogueForConfigs.toolkits.map(({ slug }) => slug)
const someToolkits = fc.uniqueArray(fc.constantFrom(...toolkitSlugs))
const choiceOf = (toolkit: string): fc.Arbitrary<ToolChoice> => {
  const slugs = fc.uniqueArray(fc.constantFrom(...catalogueForConfigs.requireToolkit(toolkit).tools.map(({ slug }) => slug)))
  return fc.oneof(
    slugs.map((enabled) => ({ enabled })),
    slugs.map((disabled) => ({ disabled })),
    tagFilter.map((tags) => ({ tags })),
  )
}
const randomConfig: fc.Arbitrary<Pick<SessionConfig, 'toolkits' | 'tools' | 'tags'>> = fc.record(
  {
    toolkits: fc.oneof(
      someToolkits.map((enabled) => ({ enabled })),
      someToolkits.map((disabled) => ({ disabled })),
    ),
    tools: fc.record(Object.fromEntries(toolkitSlugs.map((slug) => [slug, choiceOf(slug)])), {
      requiredKeys: [],
    }) as fc.Arbitrary<Record<string, ToolChoice>>,
    tags: tagFilter,
  },
  { requiredKeys: ['tools'] },
)

/** The rules of a session, written a second time, from their description and not from the code. */
function shouldHold({ toolkits, tools, tags }: Pick<SessionConfig, 'toolkits' | 'tools' | 'tags'>, tool: Tool): boolean {
  if (toolkits && 'enabled' in toolkits && !toolkits.enabled.includes(tool.toolkitSlug)) return false
  if (toolkits && 'disabled' in toolkits && toolkits.disabled.includes(tool.toolkitSlug)) return false
  const own = tools[tool.toolkitSlug]
  if (own && 'enabled' in own) return own.enabled.includes(tool.slug)
  if (tool.deprecated || (own && 'disabled' in own && own.disabled.includes(tool.slug))) return false
  const filter: TagFilter = own && 'tags' in own ? own.tags : (tags ?? {})
  const carried = new Set<string>(tool.tags)
  const wanted = !filter.enabled || filter.enabled.some((tag) => carried.has(tag))
  return wanted && !(filter.disabled ?? []).some((tag) => carried.has(tag))
}

test('tool list, search, MCP and execution agree on which tools a session holds', async (t) => {
  const { deps, app, projectId, connect } = await setUp(t)
  await connect('mailer', 'good')
  await connect('notes', 'good')
  const all = deps.catalogue.toolkits.flatMap(({ tools }) => tools)
  const words = 'message messages mailbox note notes weather forecast plain lists sends deletes reads writes'
  const headers = { 'x-api-key': KEY, accept: 'application/json, text/event-stream' }

  await fc.assert(
    fc.asyncProperty(randomConfig, fc.option(randomConfig, { nil: undefined }), async (config, before) => {
      const expected = all
        .filter((tool) => shouldHold(config, tool))
        .map(({ slug }) => slug)
        .sort()
      // Made so, or changed into it: nothing may be left of what the session was.
      const session = async (change: Partial<SessionConfig>) => {
        const made = await createSession(deps, projectId, { userId: 'ann', config: anySession(before ?? change) })
        const apply = () => anySession(change)
        return before ? changeSession(deps, projectId, made.id, { apply, changesConnections: false }) : made
      }
      const { id } = await session({ ...config, preload: expected })
      const plain = await session(config)

      const listed = await app.inject({ url: `/api/v3/tool_router/session/${id}/tools?limit=500`, headers })
      const mcp = await app.inject({
        method: 'POST',
        url: `/mcp/${id}`,
        headers,
        payload: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      })
      const searched = await app.inject({
        method: 'POST',
        url: `/api/v3/tool_router/session/${id}/search`,
        headers,
        payload: { queries: [{ use_case: words }] },
      })
      const permitted = await Promise.all(all.map(async ({ slug }) => ((await runs(plain, slug)) ? [slug] : [])))

      const ofApps = (slugs: string[]) => slugs.filter((slug) => !slug.startsWith('COMPOSIO_')).sort()
      assert.deepEqual(ofApps((listed.json() as { items: { slug: string }[] }).items.map(({ slug }) => slug)), expected)
      assert.deepEqual(
        ofApps((mcp.json() as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name)),
        expected,
      )
      assert.deepEqual(ofApps(Object.keys((searched.json() as { tool_schemas: object }).tool_schemas)), expected)
      assert.deepEqual(permitted.flat().sort(), expected)
    }),
    { numRuns: 60 },
  )

  async function runs(session: Parameters<typeof executeInSession>[1], toolSlug: string): Promise<boolean> {
    try {
      await executeInSession(deps, session, { toolSlug, arguments: toolSlug === 'MAILER_SEND_MESSAGE' ? { to: 'x' } : {} })
      return true
    } catch (error) {
      assert.ok(error instanceof HoldfastError)
      assert.equal(error.code, 'tool_not_allowed')
      return false
    }
  }
})
