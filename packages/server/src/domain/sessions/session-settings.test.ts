import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { createAccount, requireAccount } from '../accounts/accounts.service.ts'
import type { NewAccount } from '../accounts/new-account.ts'
import { patchAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { proxyInSession } from './app-tool.ts'
import { executeInSession } from './execute-in-session.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { Session, SessionConfig } from './session.ts'
import { linkInSession } from './session-link.ts'
import { createSession } from './sessions.service.ts'

const LIST = 'MAILER_LIST_MESSAGES'
const SEND = 'MAILER_SEND_MESSAGE'

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext) {
    const upstream = await startUpstream(t, ({ headers }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ key: headers['x-secret-key'] ?? 'none' }))
    })
    const given = await testDeps(t, testDatabase, {
      catalogue: testCatalogue(upstream.origin),
      allowHosts: [`127.0.0.1:${upstream.port}`],
    })
    let now = Date.now()
    const deps = { ...given, now: () => ++now }
    const projectId = await testProject(deps)
    const mailer = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    const connect = async (userId: string, key: string, more: Partial<NewAccount> = {}) => {
      const input = { authConfigId: mailer, userId, credential: { val: { api_key: key } }, ...more }
      return (await createAccount(deps, projectId, input)).account.id
    }
    const create = (change: Partial<SessionConfig> = {}) =>
      createSession(deps, projectId, { userId: 'ann', config: anySession(change) })
    const run = (session: Session, toolSlug: string, args: Record<string, unknown> = {}, more: object = {}) =>
      executeInSession(deps, session, { toolSlug, arguments: args, ...more })
    const manage = async (session: Session, wish: object) => {
      const { data } = await run(session, 'COMPOSIO_MANAGE_CONNECTIONS', { toolkits: [{ name: 'mailer', ...wish }] })
      return (data['results'] as { mailer: { status: string; instruction: string; redirect_url?: string } }).mailer
    }
    return { deps, projectId, mailer, connect, create, run, manage, upstream }
  }

  test(`permissions deny, ask and allow, for a tool with a connection before the connection before the session (${name})`, async (t) => {
    const { deps, connect, create, run, upstream } = await setUp(t)
    const [first, second] = [await connect('ann', 'first'), await connect('ann', 'second')]
    const session = await create({
      permissions: {
        default: 'ask_every_call',
        overrides: {
          [`mailer_list_messages:${first}`]: 'always_allow',
          [`*:${first}`]: 'always_deny',
          [`*:${second}`]: 'ask_once',
          'WEATHER_FORECAST:__none__': 'always_deny',
        },
      },
    })
    const confirmed = { confirmed: true }
    await run(session, LIST, {}, { account: first })
    await assert.rejects(run(session, SEND, { to: 'x' }, { account: first, ...confirmed }), { code: 'tool_not_allowed' })
    await assert.rejects(run(session, SEND, { to: 'x' }), { code: 'confirmation_required', fix: new RegExp(`${SEND}:${second}`) })
    await run(session, SEND, { to: 'x' }, confirmed)
    await assert.rejects(run(session, 'WEATHER_FORECAST', {}, confirmed), { code: 'tool_not_allowed' })
    const call = { toolkitSlug: 'mailer', endpoint: '/', method: 'GET' } as const
    await assert.rejects(proxyInSession(deps, session, call), { code: 'confirmation_required' })
    assert.equal(upstream.seen.length, 2)
    const multi = await run(session, 'COMPOSIO_MULTI_EXECUTE_TOOL', {
      tools: [{ tool_slug: SEND, arguments: { to: 'x' }, confirmed: true }],
    }).catch((error: { code: string }) => error)
    assert.equal(upstream.seen.length, 2, `an agent cannot confirm by itself: ${JSON.stringify(multi)}`)
  })

  test(`a permission that names nothing is refused, with the nearest name (${name})`, async (t) => {
    const { create } = await setUp(t)
    const refused = (key: string, fields: RegExp) =>
      assert.rejects(create({ permissions: { default: 'allow_all', overrides: { [key]: 'always_deny' } } }), { message: fields })
    await refused('MAILER_SEND_MESAGE:__none__', /did you mean MAILER_SEND_MESSAGE/)
    await refused(SEND, /must be TOOL_SLUG:ca_/)
    await refused(`${SEND}:ca_1:ca_2`, /must be TOOL_SLUG:ca_/)
  })

  test(`an auth config that is not for sessions is passed over, and refused where it is named (${name})`, async (t) => {
    const { deps, projectId, connect, create, run } = await setUp(t)
    const other = await testAuthConfig(deps, projectId, 'mailer', 'API_KEY')
    await connect('ann', 'usual')
    const barred = await connect('ann', 'barred', { authConfigId: other })
    const early = [await create({ authConfigs: { mailer: other } }), await create({ connectedAccounts: { mailer: [barred] } })]
    const session = await create()
    assert.equal((await run(session, LIST)).data['key'], 'barred')
    await patchAuthConfig(deps, projectId, other, { settings: { enabledForToolRouter: false } })
    assert.equal((await run(session, LIST)).data['key'], 'usual')
    await assert.rejects(run(session, LIST, {}, { account: barred }), { code: 'auth_config_disabled' })
    for (const one of early) await assert.rejects(run(one, LIST), { code: 'auth_config_disabled' })
    await assert.rejects(create({ authConfigs: { mailer: other } }), /not enabled for sessions/)
    await assert.rejects(create({ connectedAccounts: { mailer: [barred] } }), /not enabled for sessions/)
  })

  test(`an agent renames and removes its user's own connections, within the session, and no others (${name})`, async (t) => {
    const { deps, projectId, connect, create, manage } = await setUp(t)
    const [own, pinned] = [await connect('ann', 'k', { alias: 'old' }), await connect('ann', 'k')]
    const foreign = await connect('bob', 'k')
    const shared = await connect('bob', 'k', { type: 'SHARED', acl: { allowAllUsers: true } })
    const session = await create()
    assert.match((await manage(session, { action: 'remove' })).instruction, new RegExp(`${pinned}, ${own} \\(old\\)`))
    for (const account_id of [foreign, shared, 'ca_none', 'nobody'])
      for (const action of ['remove', 'rename'])
        assert.equal((await manage(session, { action, account_id, alias: 'mine' })).status, 'failed', account_id)
    assert.equal((await manage(session, { action: 'rename', account_id: 'old', alias: 'work' })).status, 'active')
    assert.equal((await requireAccount(deps, projectId, own)).account.alias, 'work')
    assert.match((await manage(session, { action: 'rename', account_id: own })).instruction, /give alias/)
    const narrow = await create({ connectedAccounts: { mailer: [pinned] } })
    assert.equal((await manage(narrow, { action: 'remove', account_id: own })).status, 'failed')
    const fixed = await create({ manageConnections: { enabled: true, allowRemoval: false } })
    assert.match((await manage(fixed, { action: 'remove', account_id: own })).instruction, /cannot be removed/)
    assert.equal((await manage(session, { action: 'remove', account_id: own })).status, 'active')
    await assert.rejects(requireAccount(deps, projectId, own), { code: 'account_not_found' })
    await requireAccount(deps, projectId, foreign)
    await requireAccount(deps, projectId, shared)
  })

  test(`links stop at the number of connections a session allows, and lead to the host it names (${name})`, async (t) => {
    const { deps, connect, create, manage } = await setUp(t)
    await connect('ann', 'k')
    const session = await create({
      multiAccount: { enable: true, maxAccountsPerToolkit: 2 },
      linkBaseUrl: 'https://connect.app.example/holdfast',
    })
    const { linkId, url } = await linkInSession(deps, session, { toolkitSlug: 'mailer' })
    assert.equal(url, `https://connect.app.example/holdfast/link/${linkId}`)
    assert.match(
      (await manage(session, { action: 'add' })).redirect_url ?? '',
      /^https:\/\/connect\.app\.example\/holdfast\/link\/lk_/,
    )
    await connect('ann', 'k')
    await assert.rejects(linkInSession(deps, session, { toolkitSlug: 'mailer' }), { code: 'not_connectable' })
    assert.match((await manage(session, { action: 'add' })).instruction, /the most that this session allows/)
  })

  test(`waiting is off unless asked for, ends when the user has connected, and in any case (${name})`, async (t) => {
    const { connect, create, run } = await setUp(t)
    const wait = (session: Session, toolkits: string[], timeout_seconds: number) =>
      run(session, 'COMPOSIO_WAIT_FOR_CONNECTIONS', { toolkits, timeout_seconds })
    await assert.rejects(wait(await create(), ['mailer'], 0), { code: 'tool_not_allowed' })
    const session = await create({ manageConnections: { enabled: true, waitForConnections: true } })
    const { data: early } = await wait(session, ['mailer', 'weather', 'nowhere'], 0.1)
    assert.equal(early['all_connected'], false)
    assert.deepEqual(
      Object.entries(early['results'] as Record<string, { status: string }>).map(([slug, { status }]) => [slug, status]),
      [
        ['mailer', 'pending'],
        ['weather', 'active'],
        ['nowhere', 'failed'],
      ],
    )
    const waiting = wait(session, ['mailer'], 50)
    await connect('ann', 'k')
    assert.equal((await waiting).data['all_connected'], true)
    await assert.rejects(wait(session, ['mailer'], 51), { code: 'invalid_tool_arguments' })
  })
}
