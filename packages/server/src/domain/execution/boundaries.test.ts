import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { type Seen, startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { createAccount } from '../accounts/accounts.service.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import type { Placement, ToolDefinition } from '../toolkits/definition.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import { executeTool } from './execute-tool.ts'
import { proxy } from './proxy.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)

type Answer = (seen: Seen) => { status?: number; headers?: Record<string, string>; body?: string }

async function setUp(t: TestContext, answer: Answer, placement?: Placement) {
  const upstream = await startUpstream(t, (seen, response) => {
    const { status = 200, headers = {}, body = '{}' } = answer(seen)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  })
  const elsewhere = await startUpstream(t, (_seen, response) => response.end('{}'))
  const host = new URL(upstream.origin).host
  const tools: ToolDefinition[] = [
    { ...TOOL, slug: 'EXAMPLE_READ', request: { method: 'GET', path: '/items' } },
    { ...TOOL, slug: 'EXAMPLE_WRITE', request: { method: 'POST', path: '/items' } },
    { ...TOOL, slug: 'EXAMPLE_FORM', request: { method: 'POST', path: '/items', body: 'form' } },
  ]
  const toolkit = exampleToolkit(
    {
      base_url: upstream.origin,
      hosts: [host],
      ...(placement && { auth: [{ scheme: 'API_KEY', placements: [placement] }] }),
    },
    tools,
  )
  const allowHosts = [host, new URL(elsewhere.origin).host]
  const deps = await testDeps(t, sqlite as NonNullable<typeof sqlite>, { catalogue: createCatalogue([toolkit]), allowHosts })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'API_KEY')
  const run = (slug: string, call: Partial<Parameters<typeof executeTool>[2]>) =>
    executeTool(deps, projectId, { toolSlug: `EXAMPLE_${slug}`, arguments: {}, ...call })
  return { deps, projectId, authConfigId, run, upstream, elsewhere }
}

const TOOL = {
  name: 'Tool',
  description: 'A tool.',
  input: { type: 'object' as const, properties: { note: { type: 'string' } } },
}
const imported = { credential: { val: { api_key: 'key-0001' } } }

test('a shared connection runs for its creator and for whom its list admits; deny wins', async (t) => {
  const { deps, projectId, authConfigId, run, upstream } = await setUp(t, () => ({}))
  const acl = { allowAllUsers: true, allowedUserIds: ['denied'], notAllowedUserIds: ['denied'] }
  const share = async (list: object) =>
    (await createAccount(deps, projectId, { authConfigId, userId: 'creator', ...imported, type: 'SHARED', acl: list })).account.id
  const open = await share(acl)
  const closed = await share({ allowedUserIds: ['friend'] })
  const calls = (accountId: string, userId: string) => [
    () => run('READ', { accountId, userId }),
    () => proxy(deps, projectId, { accountId, userId, endpoint: '/x', method: 'GET' }),
  ]
  for (const [accountId, userId] of [
    [open, 'denied'],
    [closed, 'stranger'],
  ] as const)
    for (const call of calls(accountId, userId)) await assert.rejects(call(), { code: 'forbidden' })
  assert.equal(upstream.seen.length, 0)
  for (const [accountId, userId] of [
    [open, 'anyone'],
    [closed, 'friend'],
    [closed, 'creator'],
  ] as const)
    for (const call of calls(accountId, userId)) await call()
  assert.equal(upstream.seen.length, 6)
})

test('credentials brought for one base URL are not sent to another one', async (t) => {
  const { deps, projectId, authConfigId, run, upstream } = await setUp(t, () => ({}))
  const { account } = await createAccount(deps, projectId, { authConfigId, userId: 'u', ...imported })
  const parameters = [{ name: 'x-api-key', in: 'header' as const, value: 'for-the-own-server-only' }]
  for (const baseUrl of ['https://example.internal.example', 'not a url', 'https://127.0.0.1@evil.example'])
    for (const accountId of [undefined, account.id])
      await assert.rejects(run('READ', { accountId, customAuth: { baseUrl, parameters } }), { code: 'destination_not_allowed' })
  assert.equal(upstream.seen.length, 0)
  assert.equal((await run('READ', { customAuth: { baseUrl: upstream.origin, parameters } })).successful, true)
})

test('a header that a caller brought as a credential does not follow a redirect to another host', async (t) => {
  const { run, elsewhere } = await setUp(t, () => ({ status: 302, headers: { location: `${elsewhere.origin}/taken` } }))
  await run('READ', { customAuth: { parameters: [{ name: 'X-Customer', in: 'header', value: 'secret-of-a-customer' }] } })
  assert.equal(elsewhere.seen.length, 1)
  assert.equal(JSON.stringify(elsewhere.seen).includes('secret-of-a-customer'), false)
})

test('a credential in the body does not follow a redirect to another host', async (t) => {
  const placement: Placement = { in: 'body', name: 'api_key', template: '{{ api_key }}' }
  const { deps, projectId, authConfigId, run, elsewhere } = await setUp(
    t,
    () => ({ status: 307, headers: { location: `${elsewhere.origin}/taken` } }),
    placement,
  )
  await createAccount(deps, projectId, { authConfigId, userId: 'u', ...imported })
  await assert.rejects(run('WRITE', { userId: 'u' }), { code: 'destination_not_allowed' })
  const customAuth = { parameters: [], body: { api_key: 'brought-along' } }
  await assert.rejects(run('WRITE', { customAuth }), { code: 'destination_not_allowed' })
  assert.equal(elsewhere.seen.length, 0)
})

test('custom authentication in the body joins a form as it joins JSON', async (t) => {
  const { run, upstream } = await setUp(t, () => ({}))
  const customAuth = { parameters: [], body: { api_key: 'brought-along' } }
  await run('FORM', { arguments: { note: 'a b' }, customAuth })
  await run('WRITE', { arguments: { note: 'a b' }, customAuth })
  assert.deepEqual(
    upstream.seen.map(({ body }) => body),
    ['note=a+b&api_key=brought-along', '{"note":"a b","api_key":"brought-along"}'],
  )
})

test('a refusal of millions of brackets is read as fast as any other', async (t) => {
  const body = '<'.repeat(2_000_000)
  const { run } = await setUp(t, () => ({ status: 400, headers: { 'content-type': 'text/html' }, body }))
  const startedAt = performance.now()
  const { successful } = await run('READ', { customAuth: { parameters: [] } })
  assert.equal(successful, false)
  assert.ok(performance.now() - startedAt < 2_000, 'an upstream must not hold up the server')
})
