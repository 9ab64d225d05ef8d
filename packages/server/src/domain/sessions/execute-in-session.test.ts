import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { createAccount, deleteAccount, patchAccount, setAccountEnabled } from '../accounts/accounts.service.ts'
import type { NewAccount } from '../accounts/new-account.ts'
import { proxyInSession } from './app-tool.ts'
import { executeInSession } from './execute-in-session.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { Session, SessionConfig } from './session.ts'
import { createSession, requireSession } from './sessions.service.ts'

const LIST = 'MAILER_LIST_MESSAGES'

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext) {
    let atOnce = 0
    let mostAtOnce = 0
    const upstream = await startUpstream(t, async ({ headers, url }, response) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await sleep(url.includes('q=') ? 20 : 0)
      atOnce--
      const key = headers['x-secret-key'] ?? 'none'
      response.writeHead(key === 'refused' ? 403 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ key, url }))
    })
    const statements: string[] = []
    const deps = await testDeps(t, testDatabase, {
      catalogue: testCatalogue(upstream.origin),
      allowHosts: [`127.0.0.1:${upstream.port}`],
      onStatement: (sql) => statements.push(sql),
    })
    // Each account is younger than the one before, however fast the test runs.
    let now = Date.now()
    const ticking = { ...deps, now: () => ++now }
    const projectId = await testProject(deps)
    const mailer = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    const connect = async (userId: string, key: string, more: Partial<NewAccount> = {}) => {
      const input = { authConfigId: mailer, userId, credential: { val: { api_key: key } }, ...more }
      return (await createAccount(ticking, projectId, input)).account.id
    }
    const create = (change: Partial<SessionConfig> = {}, userId = 'ann') =>
      createSession(deps, projectId, { userId, config: anySession(change) })
    const run = (session: Session, toolSlug: string, args: Record<string, unknown> = {}, account?: string) =>
      executeInSession(deps, session, { toolSlug, arguments: args, account })
    const keyUsed = async (session: Session, account?: string) => (await run(session, LIST, {}, account)).data['key']
    return { deps: ticking, projectId, mailer, connect, create, run, keyUsed, statements, upstream, mostAtOnce: () => mostAtOnce }
  }

  test(`a call takes the user's most recent active connection, and never another user's (${name})`, async (t) => {
    const { deps, projectId, connect, create, keyUsed } = await setUp(t)
    await connect('bob', 'of-bob')
    await connect('bob', 'of-all', { type: 'SHARED', acl: { allowAllUsers: true } })
    const session = await create()
    await assert.rejects(keyUsed(session), { code: 'no_account_for_toolkit' })
    await connect('ann', 'older')
    const newest = await connect('ann', 'newest')
    assert.equal(await keyUsed(session), 'newest')
    await setAccountEnabled(deps, projectId, newest, false)
    assert.equal(await keyUsed(session), 'older')
  })

  test(`the account a call names goes before the pin, the pin before the auth config (${name})`, async (t) => {
    const { deps, projectId, connect, create, keyUsed } = await setUp(t)
    const other = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    const named = await connect('ann', 'named', { alias: 'work' })
    const pinned = await connect('ann', 'pinned')
    await connect('ann', 'of-config', { authConfigId: other })
    await connect('ann', 'newest')
    assert.equal(await keyUsed(await create()), 'newest')
    const byConfig = { authConfigs: { mailer: other } }
    assert.equal(await keyUsed(await create(byConfig)), 'of-config')
    const session = await create({ ...byConfig, connectedAccounts: { mailer: [pinned] } })
    assert.equal(await keyUsed(session), 'pinned')
    assert.equal(await keyUsed(session, named), 'named')
    assert.equal(await keyUsed(session, 'work'), 'named')
  })

  test(`a session's auth config is not left for another one of the user (${name})`, async (t) => {
    const { deps, projectId, connect, create, keyUsed } = await setUp(t)
    const other = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    await connect('ann', 'newest')
    await assert.rejects(keyUsed(await create({ authConfigs: { mailer: other } })), { code: 'no_account_for_toolkit' })
  })

  test(`naming what is not the user's is refused like naming nothing at all (${name})`, async (t) => {
    const { connect, create, keyUsed } = await setUp(t)
    await connect('ann', 'own')
    const session = await create()
    const foreign = await connect('bob', 'of-bob', { alias: 'work' })
    const shared = await connect('bob', 'of-all', { type: 'SHARED', acl: { allowAllUsers: true } })
    const refusals = await Promise.all(
      [foreign, shared, 'ca_none', 'work'].map((account) =>
        keyUsed(session, account).then(
          () => 'ran',
          (error: Error & { code: string }) => error.code,
        ),
      ),
    )
    assert.deepEqual(refusals, Array(4).fill('account_not_found'))
  })

  test(`a shared connection works where it is pinned, until its list no longer admits the user (${name})`, async (t) => {
    const { deps, projectId, connect, create, keyUsed } = await setUp(t)
    const shared = await connect('bob', 'shared', { type: 'SHARED', acl: { allowedUserIds: ['ann'] } })
    const session = await create({ connectedAccounts: { mailer: [shared] } })
    assert.equal(await keyUsed(session), 'shared')
    assert.equal(await keyUsed(session, shared), 'shared')
    await patchAccount(deps, projectId, shared, { acl: { notAllowedUserIds: ['ann'] } })
    await assert.rejects(keyUsed(session), { code: 'account_not_found' })
    await assert.rejects(keyUsed(session, shared), { code: 'account_not_found' })
  })

  test(`a pin that is gone or disabled is not replaced by another connection (${name})`, async (t) => {
    const { deps, projectId, connect, create, keyUsed } = await setUp(t)
    const pinned = await connect('ann', 'pinned')
    await connect('ann', 'newest')
    const session = await create({ connectedAccounts: { mailer: [pinned] } })
    await setAccountEnabled(deps, projectId, pinned, false)
    await assert.rejects(keyUsed(session), { code: 'account_not_active' })
    await deleteAccount(deps, projectId, pinned)
    await assert.rejects(keyUsed(session), { code: 'account_not_found' })
  })

  test(`where a session asks for an explicit choice, a call without one names the connections (${name})`, async (t) => {
    const { connect, create, keyUsed } = await setUp(t)
    const first = await connect('ann', 'first', { alias: 'home' })
    const multiAccount = { enable: true, requireExplicitSelection: true }
    const session = await create({ multiAccount })
    assert.equal(await keyUsed(session), 'first', 'one is no choice')
    const second = await connect('ann', 'second')
    await assert.rejects(keyUsed(session), { code: 'invalid_request', fix: new RegExp(`${second}, ${first} \\(home\\)`) })
    assert.equal(await keyUsed(session, 'home'), 'first')
    assert.equal(await keyUsed(await create({ multiAccount: { enable: true } })), 'second')
  })

  test(`a call in a session costs two reads and no write before the upstream is called (${name})`, async (t) => {
    const { deps, projectId, connect, create, statements, run } = await setUp(t)
    await connect('ann', 'k')
    const { id } = await create()
    await run(await requireSession(deps, projectId, id), LIST) // the project's data key is unwrapped once and kept
    await connect('bob', 'b') // after a write, nothing is answered from memory
    statements.length = 0
    await run(await requireSession(deps, projectId, id), LIST)
    const reads = statements.filter((sql) => /^select/i.test(sql))
    assert.deepEqual([reads.length, statements.length - reads.length], [2, 0], statements.join('\n'))
  })

  test(`tools that the session leaves out do not run, by any way in (${name})`, async (t) => {
    const { deps, connect, create, run, upstream } = await setUp(t)
    await connect('ann', 'k')
    const session = await create({ tags: { enabled: ['readOnlyHint'] }, toolkits: { enabled: ['mailer'] } })
    await assert.rejects(run(session, 'MAILER_SEND_MESSAGE', { to: 'x' }), { code: 'tool_not_allowed' })
    await assert.rejects(run(session, 'mailer_send', { to: 'x' }), { code: 'tool_not_allowed' }, 'nor by its alias')
    await assert.rejects(run(session, 'NO_SUCH_TOOL'), { code: 'tool_not_found' })
    const multi = await run(session, 'COMPOSIO_MULTI_EXECUTE_TOOL', {
      tools: [{ tool_slug: 'MAILER_SEND', arguments: { to: 'x' } }],
    })
    assert.equal(multi.successful, false)
    const forecast = { toolkitSlug: 'weather', endpoint: '/', method: 'GET' } as const
    await assert.rejects(proxyInSession(deps, session, forecast), { code: 'tool_not_allowed' })
    assert.equal(upstream.seen.length, 0)
  })

  test(`the proxy of a session takes the session's connection (${name})`, async (t) => {
    const { deps, connect, create } = await setUp(t)
    await connect('bob', 'of-bob')
    const pinned = await connect('ann', 'pinned')
    await connect('ann', 'newest')
    const session = await create({ connectedAccounts: { mailer: [pinned] } })
    const reply = await proxyInSession(deps, session, { toolkitSlug: 'Mailer', endpoint: '/any?x=1', method: 'GET' })
    assert.deepEqual(reply.content.kind === 'json' && reply.content.value, { key: 'pinned', url: '/any?x=1' })
  })

  test(`of many calls each succeeds or fails in its own place, few at a time (${name})`, async (t) => {
    const { connect, create, run, mostAtOnce } = await setUp(t)
    await connect('ann', 'good', { alias: 'good' })
    await connect('ann', 'refused', { alias: 'bad' })
    const session = await create()
    const list = (q: number, account = 'good') => ({ tool_slug: LIST, arguments: { q: String(q) }, account })
    const tools = [
      ...Array.from({ length: 30 }, (_, index) => list(index)),
      list(30, 'bad'),
      { tool_slug: 'MAILER_SEND_MESSAGE', arguments: {} },
      { tool_slug: 'NO_SUCH_TOOL', arguments: {} },
      { tool_slug: 'COMPOSIO_MULTI_EXECUTE_TOOL', arguments: { tools: [] } },
      { tool_slug: 'WEATHER_FORECAST', arguments: {} },
    ]
    const { data, error, successful, logId } = await run(session, 'COMPOSIO_MULTI_EXECUTE_TOOL', { tools })
    const results = data['results'] as {
      tool_slug: string
      index: number
      error?: string
      response: { data: { url?: string } }
    }[]
    assert.deepEqual(
      results.map(({ tool_slug, index }) => [tool_slug, index]),
      tools.map(({ tool_slug }, index) => [tool_slug, index]),
    )
    assert.deepEqual(
      results.slice(0, 30).map(({ response }) => response.data.url),
      tools.slice(0, 30).map((_, index) => `/mailer_list_messages?q=${index}`),
    )
    assert.match(results[30]?.error ?? '', /answered 403/)
    assert.match(results[31]?.error ?? '', /arguments\.to is required/)
    assert.match(results[32]?.error ?? '', /no tool/)
    assert.match(results[33]?.error ?? '', /cannot be run from within/)
    assert.equal(results[34]?.error, undefined)
    assert.deepEqual([data['total_count'], data['success_count'], data['error_count']], [35, 31, 4])
    assert.deepEqual([error, successful], ['4 out of 35 tools failed', false])
    assert.match(logId, /^log_/)
    assert.ok(mostAtOnce() > 1 && mostAtOnce() <= 8, `${mostAtOnce()} at once`)
  })

  test(`helper tools refuse wrong arguments by their path, and those that are switched off (${name})`, async (t) => {
    const { create, run } = await setUp(t)
    const session = await create()
    const refused = (slug: string, args: Record<string, unknown>, path: string) =>
      assert.rejects(run(session, slug, args), (error: { code: string; fields: { path: string }[] }) => {
        assert.equal(error.code, 'invalid_tool_arguments')
        assert.deepEqual(error.fields[0]?.path, path)
        return true
      })
    await refused('COMPOSIO_SEARCH_TOOLS', {}, 'arguments.queries')
    await refused('COMPOSIO_SEARCH_TOOLS', { queries: [{}] }, 'arguments.queries[0].use_case')
    await refused('COMPOSIO_GET_TOOL_SCHEMAS', { tool_slugs: [1] }, 'arguments.tool_slugs[0]')
    await refused('COMPOSIO_MULTI_EXECUTE_TOOL', { tools: [] }, 'arguments.tools')
    const many = Array(51).fill({ tool_slug: LIST, arguments: {} })
    await refused('COMPOSIO_MULTI_EXECUTE_TOOL', { tools: many }, 'arguments.tools')
    const off = await create({ search: false, multiExecute: false, manageConnections: { enabled: false } })
    for (const slug of [
      'COMPOSIO_SEARCH_TOOLS',
      'COMPOSIO_GET_TOOL_SCHEMAS',
      'COMPOSIO_MULTI_EXECUTE_TOOL',
      'COMPOSIO_MANAGE_CONNECTIONS',
    ])
      await assert.rejects(run(off, slug), { code: 'tool_not_allowed' })
    await assert.rejects(run(session, 'COMPOSIO_REMOTE_WORKBENCH'), { code: 'not_implemented' })
  })

  test(`a search finds only tools of the session, with plan and pitfalls where tools declare them (${name})`, async (t) => {
    const { connect, create, run } = await setUp(t)
    const account = await connect('ann', 'k')
    const queries = [{ use_case: 'list messages of the mailbox' }, { use_case: 'write a note' }, { use_case: 'qwertyuiop' }]
    const search = async (change: Partial<SessionConfig>) => {
      const { data } = await run(await create(change), 'COMPOSIO_SEARCH_TOOLS', { queries })
      return data as {
        results: { index: number; primary_tool_slugs: string[]; recommended_plan_steps?: string[]; known_pitfalls?: string[] }[]
        tool_schemas: Record<string, { hasFullSchema: boolean; input_schema?: object; schemaRef?: { args: object } }>
        toolkit_connection_statuses: {
          toolkit: string
          has_active_connection: boolean
          connection_details?: { connected_account_id: string }
        }[]
      }
    }
    const all = await search({})
    assert.deepEqual(
      all.results.map(({ index, primary_tool_slugs: [first] }) => [index, first]),
      [
        [1, LIST],
        [2, 'NOTES_WRITE_NOTE'],
        [3, undefined],
      ],
    )
    assert.deepEqual(all.results[0]?.recommended_plan_steps, ['List the messages.', 'Read the one that is wanted.'])
    assert.deepEqual(all.results[0]?.known_pitfalls, ['Dates are in UTC.'])
    assert.equal(all.results[1]?.recommended_plan_steps, undefined)
    assert.ok(all.tool_schemas[LIST]?.input_schema)
    const status = (toolkit: string) => all.toolkit_connection_statuses.find((one) => one.toolkit === toolkit)
    assert.deepEqual([status('mailer')?.has_active_connection, status('notes')?.has_active_connection], [true, false])
    assert.equal(status('mailer')?.connection_details?.connected_account_id, account)
    const some = await search({ toolkits: { disabled: ['mailer'] }, tags: { disabled: ['destructiveHint'] } })
    assert.deepEqual(
      Object.keys(some.tool_schemas).filter((slug) => slug.startsWith('MAILER') || slug === 'NOTES_WRITE_NOTE'),
      [],
    )
  })

  test(`schemas are given for tools of the session; the others are not found, with the nearest (${name})`, async (t) => {
    const { create, run } = await setUp(t)
    const session = await create({ toolkits: { enabled: ['mailer'] } })
    const tool_slugs = ['mailer_send', 'NOTES_READ_NOTE', 'MAILER_LIST_MESAGES']
    const { data } = await run(session, 'COMPOSIO_GET_TOOL_SCHEMAS', { tool_slugs, include: ['output_schema'] })
    assert.deepEqual(data['not_found'], ['NOTES_READ_NOTE', 'MAILER_LIST_MESAGES'])
    assert.equal((data['suggestions'] as Record<string, string[]>)['MAILER_LIST_MESAGES']?.[0], LIST)
    const { MAILER_SEND_MESSAGE: schema } = data['tool_schemas'] as Record<string, Record<string, unknown>>
    assert.deepEqual([schema?.['input_schema'], typeof schema?.['output_schema']], [undefined, 'object'])
  })

  test(`connections are told as they are (${name})`, async (t) => {
    const { connect, create, run } = await setUp(t)
    const account = await connect('ann', 'k', { alias: 'work' })
    await connect('bob', 'k')
    const session = await create({ toolkits: { disabled: [] } })
    const toolkits = ['mailer', 'weather', { name: 'notes', action: 'add' }, 'mailerr']
    const { data } = await run(session, 'COMPOSIO_MANAGE_CONNECTIONS', { toolkits })
    const results = data['results'] as Record<
      string,
      { status: string; instruction: string; connected_account_id?: string; redirect_url?: string }
    >
    assert.deepEqual(
      Object.entries(results).map(([toolkit, { status }]) => [toolkit, status]),
      [
        ['mailer', 'active'],
        ['weather', 'active'],
        ['notes', 'initiated'],
        ['mailerr', 'failed'],
      ],
    )
    assert.equal(results['mailer']?.connected_account_id, account)
    assert.match(results['notes']?.redirect_url ?? '', /^http:\/\/holdfast\.test\/link\/lk_/)
    assert.ok(results['notes']?.instruction.includes(results['notes'].redirect_url ?? '-'))
    assert.deepEqual(data['summary'], { total_toolkits: 4, active: 2, initiated: 1, failed: 1 })
    const { data: asked } = await run(session, 'COMPOSIO_MANAGE_CONNECTIONS', { toolkits: ['notes'] })
    const { notes } = asked['results'] as typeof results
    assert.equal(
      notes?.connected_account_id,
      results['notes']?.connected_account_id,
      'who asks again gets a link to the same one',
    )
    assert.notEqual(notes?.redirect_url, results['notes']?.redirect_url)
    assert.match(results['mailerr']?.instruction ?? '', /Did you mean mailer/)
    const { data: listed } = await run(session, 'COMPOSIO_MANAGE_CONNECTIONS', { toolkits: [{ name: 'mailer', action: 'list' }] })
    const [only, ...others] = (
      listed['results'] as { mailer: { accounts: { id: string; alias: string; is_default: boolean }[] } }
    ).mailer.accounts
    assert.deepEqual([only?.id, only?.alias, only?.is_default, others.length], [account, 'work', true, 0])
  })
}
