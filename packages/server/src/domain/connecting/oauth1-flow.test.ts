import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { requireAccount } from '../accounts/accounts.service.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import type { CallbackParams } from './connect-link.ts'
import { createLink } from './create-link.ts'
import { finishAuthorization } from './finish-authorization.ts'
import { startAuthorization } from './start-authorization.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)
const CONSUMER = { consumer_key: 'k', consumer_secret: 'hush-hush' }

/** A provider that answers what `world` says. Signatures are tested with one that checks them. */
async function setUp(t: TestContext, credentials: CredentialValues = CONSUMER, asksTeam = false) {
  const world = {
    temporary: { status: 200, body: 'oauth_token=temp&oauth_token_secret=temp-secret&oauth_callback_confirmed=true' },
    lasting: { status: 200, body: 'oauth_token=t&oauth_token_secret=s&user=ann' },
  }
  const upstream = await startUpstream(t, ({ url }, response) => {
    const { status, body } = url.startsWith('/initiate') ? world.temporary : world.lasting
    response.writeHead(status, { 'content-type': 'application/x-www-form-urlencoded' }).end(body)
  })
  const { origin, port } = upstream
  const oauth1 = {
    request_token_url: `${origin}/initiate`,
    authorization_url: `${origin}/authorize?fixed=1`,
    access_token_url: `${origin}/token`,
    capture: { team: 'team_id', screen_name: 'user' },
  }
  const fields = asksTeam ? [{ name: 'team', required: true }] : []
  const toolkit = exampleToolkit({
    base_url: origin,
    hosts: [`127.0.0.1:${port}`],
    auth: [{ scheme: 'OAUTH1', oauth1, connection_fields: fields }],
  })
  const deps = await testDeps(t, sqlite as NonNullable<typeof sqlite>, {
    catalogue: createCatalogue([toolkit]),
    allowHosts: [`127.0.0.1:${port}`],
  })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'OAUTH1', { credentials })
  const link = () => createLink(deps, projectId, { authConfigId, userId: 'ann' })
  const start = async (linkId: string) =>
    new URL((await startAuthorization(deps, linkId, { fields: {}, browserToken: 'browser-1' })).redirectUrl)
  /** The address at which the provider was told to send its users back. */
  const callback = () => {
    const header = upstream.seen.find(({ url }) => url.startsWith('/initiate'))?.headers.authorization ?? ''
    return new URL(decodeURIComponent(/oauth_callback="([^"]*)"/.exec(header)?.[1] ?? ''))
  }
  const connect = async (params: CallbackParams) => {
    const { linkId, account } = await link()
    const page = await start(linkId)
    const state = callback().searchParams.get('state') ?? ''
    const outcome = await finishAuthorization(deps, { params: { state, ...params }, browserToken: 'browser-1' })
    return { page, outcome, status: (await requireAccount(deps, projectId, account.id)).account.status }
  }
  return { world, deps, upstream, link, start, connect, callback }
}
const GOOD = { oauth_token: 'temp', oauth_verifier: 'v' }

test('the page is told the temporary token and nothing secret, and the state comes back in the address', async (t) => {
  const { connect, upstream, callback } = await setUp(t)
  const { page, status } = await connect(GOOD)
  assert.deepEqual([Object.fromEntries(page.searchParams), status], [{ fixed: '1', oauth_token: 'temp' }, 'ACTIVE'])
  assert.equal(callback().pathname, '/api/v3/toolkits/auth/callback')
  assert.doesNotMatch(JSON.stringify(upstream.seen.map(({ url }) => url)), /hush|secret/)
})

for (const [what, params, reason] of [
  ['an answer about another temporary token', { ...GOOD, oauth_token: 'of-another' }, /did not come from Example/],
  ['an answer without a token', { oauth_verifier: 'v' }, /did not come from Example/],
  ['an answer without a verifier', { oauth_token: 'temp' }, /sent no verifier/],
  ['a no, in the words of one provider', { denied: 'temp' }, /was not allowed/],
  ['a no, in the words of another', { oauth_problem: 'permission_denied' }, /was not allowed/],
] as const)
  test(`${what} connects nothing and asks for no token`, async (t) => {
    const { connect, upstream } = await setUp(t)
    const { outcome, status } = await connect(params)
    assert.match(outcome.reason ?? '', reason)
    assert.deepEqual([outcome.status, status], ['failed', 'FAILED'])
    assert.equal(upstream.seen.filter(({ url }) => url.startsWith('/token')).length, 0)
  })

test('a provider that refuses, stumbles or does not confirm the callback sends nobody anywhere', async (t) => {
  const { world, link, start } = await setUp(t)
  const { linkId } = await link()
  for (const [status, body, why] of [
    [401, 'oauth_problem=consumer_key_unknown', /consumer_key_unknown/],
    [503, '<html>', /could not be asked/],
    [200, 'oauth_token=temp&oauth_token_secret=x', /did not confirm/],
    [200, 'oauth_token=temp&oauth_token_secret=x&oauth_callback_confirmed=false', /did not confirm/],
  ] as const) {
    world.temporary = { status, body }
    await assert.rejects(start(linkId), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'not_connectable')
      assert.match(error.message, why)
      return true
    })
  }
})

test('a verifier that is refused, and fields that are still missing, end the link with a reason', async (t) => {
  const refusing = await setUp(t)
  refusing.world.lasting = { status: 401, body: 'secret-1' }
  const refused = await refusing.connect(GOOD)
  assert.match(refused.outcome.reason ?? '', /gave no token \(status_401\)/)
  assert.doesNotMatch(JSON.stringify(refused.outcome), /secret-1/)
  const lacking = await setUp(t, CONSUMER, true)
  assert.match((await lacking.connect(GOOD)).outcome.reason ?? '', /granted access, but team is required/)
  lacking.world.lasting = { status: 200, body: 'oauth_token=t&oauth_token_secret=s&team_id=7' }
  lacking.upstream.seen.length = 0
  assert.equal((await lacking.connect(GOOD)).outcome.status, 'success')
})

test('an auth config without a whole consumer makes no links', async (t) => {
  for (const [credentials, why] of [
    [{}, /no consumer_key/],
    [{ consumer_key: 'k' }, /no consumer_secret/],
  ] as const)
    await assert.rejects((await setUp(t, credentials)).link(), { code: 'not_connectable', message: why })
  await (await setUp(t, { client_id: 'k', client_secret: 's' })).link()
})
