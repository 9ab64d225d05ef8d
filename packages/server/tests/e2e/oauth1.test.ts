import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createAccount, openAccount } from '../../src/domain/accounts/accounts.service.ts'
import { createLink } from '../../src/domain/connecting/create-link.ts'
import { finishAuthorization } from '../../src/domain/connecting/finish-authorization.ts'
import { openLink } from '../../src/domain/connecting/open-link.ts'
import { startAuthorization } from '../../src/domain/connecting/start-authorization.ts'
import { executeTool } from '../../src/domain/execution/execute-tool.ts'
import { proxy } from '../../src/domain/execution/proxy.ts'
import { createCatalogue } from '../../src/domain/toolkits/catalogue.ts'
import type { OAuth1Definition } from '../../src/domain/toolkits/definition.ts'
import { exampleTool, exampleToolkit } from '../../src/domain/toolkits/fixture.testing.ts'
import { type TestDatabase, testDatabases } from '../../testing/databases.ts'
import { CONSUMER, startOAuth1Upstream } from '../../testing/oauth1-upstream.ts'
import { testAuthConfig, testDeps, testProject } from '../../testing/test-deps.ts'

async function setUp(
  t: TestContext,
  database: TestDatabase,
  { origin, host }: { origin: string; host: string },
  method: NonNullable<OAuth1Definition['signature_method']>,
) {
  const toolkit = exampleToolkit(
    {
      base_url: `${origin}/api`,
      hosts: [host],
      auth: [
        {
          scheme: 'OAUTH1',
          oauth1: {
            request_token_url: `${origin}/initiate`,
            authorization_url: `${origin}/authorize`,
            access_token_url: `${origin}/token`,
            authorization_params: { name: 'Holdfast' },
            capture: { screen_name: 'screen_name' },
            signature_method: method,
          },
        },
      ],
    },
    [
      exampleTool(
        { method: 'POST', path: '/items/{id}', body: 'form' },
        {
          properties: { id: { type: 'string' }, text: { type: 'string' }, tag: { type: 'string', in: 'query' } },
          required: ['id'],
        },
      ),
    ],
  )
  const deps = await testDeps(t, database, { catalogue: createCatalogue([toolkit]), allowHosts: [host] })
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', 'OAUTH1', { credentials: CONSUMER })
  const otherConfigId = await testAuthConfig(deps, projectId, 'example', 'OAUTH1', { credentials: {} })
  return { deps, projectId, authConfigId, otherConfigId }
}

type World = Awaited<ReturnType<typeof setUp>>

async function travel({ deps, projectId, authConfigId }: World, more = '') {
  const { linkId, account } = await createLink(deps, projectId, { authConfigId, userId: 'ann' })
  assert.equal((await openLink(deps, linkId)).continuesAtProvider, true)
  const { redirectUrl } = await startAuthorization(deps, linkId, { fields: {}, browserToken: 'browser-1' })
  const { status, headers } = await fetch(`${redirectUrl}${more}`, { redirect: 'manual' })
  assert.equal(status, 302)
  const params = Object.fromEntries(new URL(headers.get('location') ?? '').searchParams)
  return { account, redirectUrl: new URL(redirectUrl), params }
}

const callsOf = ({ deps, projectId }: World, accountId: string) => ({
  tool: () =>
    executeTool(deps, projectId, {
      toolSlug: 'EXAMPLE_CALL',
      arguments: { id: "a/b c!'()*", text: "Ladies + Gentlemen, 100% & é=\n'q'", tag: 'x y&z=+~' },
      accountId,
    }),
  json: () =>
    proxy(deps, projectId, { accountId, endpoint: '/things?b=%3D%253D&a=2+q&a=1&empty=', method: 'PUT', body: { a: [1, 'é'] } }),
  plain: () =>
    proxy(deps, projectId, {
      accountId,
      endpoint: '/me',
      method: 'GET',
      parameters: [{ name: 'q', value: 'a b+c', in: 'query' }],
    }),
  binary: () =>
    proxy(deps, projectId, {
      accountId,
      endpoint: '/upload',
      method: 'POST',
      binaryBody: {
        base64: Buffer.from('a=1&b=2+3%20%C3%A9').toString('base64'),
        contentType: 'application/x-www-form-urlencoded',
      },
    }),
})

test('OAuth 1: users connect, grants are imported, and every call is signed so that a provider of others takes it', async (t) => {
  const upstream = await startOAuth1Upstream(t)
  if ('unavailable' in upstream) return t.skip(upstream.unavailable)
  for (const database of testDatabases())
    for (const method of ['HMAC-SHA1', 'HMAC-SHA256', 'PLAINTEXT'] as const)
      await t.test(`${method} (${database.name})`, async (t) => {
        const world = await setUp(t, database, upstream, method)
        const { deps, projectId, authConfigId, otherConfigId } = world
        const { account, params, redirectUrl } = await travel(world)
        assert.deepEqual([redirectUrl.pathname, redirectUrl.searchParams.get('name')], ['/authorize', 'Holdfast'])
        const stolen = finishAuthorization(deps, { params, browserToken: 'browser-2' })
        await assert.rejects(stolen, { code: 'browser_mismatch' })
        assert.equal((await finishAuthorization(deps, { params, browserToken: 'browser-1' })).status, 'success')
        const again = finishAuthorization(deps, { params, browserToken: 'browser-1' })
        await assert.rejects(again, { code: 'authorization_not_found' })

        const { values } = await openAccount(deps, projectId, account.id)
        assert.deepEqual(Object.keys(values).sort(), ['oauth_token', 'oauth_token_secret', 'screen_name'])
        const calls = callsOf(world, account.id)
        const tool = await calls.tool()
        assert.equal(tool.error, null, JSON.stringify(tool))
        for (const one of [calls.json, calls.plain, calls.binary]) assert.equal((await one()).status, 200)

        const give = async (authConfig: string, val: Record<string, unknown>) =>
          (
            await createAccount(deps, projectId, {
              authConfigId: authConfig as typeof authConfigId,
              userId: 'bo',
              credential: { val },
            })
          ).account.id
        const grant = { oauth_token: values['oauth_token'], oauth_token_secret: values['oauth_token_secret'] }
        assert.equal((await callsOf(world, await give(authConfigId, grant)).tool()).successful, true)
        assert.equal((await callsOf(world, await give(otherConfigId, { ...grant, ...CONSUMER })).tool()).successful, true)
        const renamed = { ...grant, client_id: CONSUMER.consumer_key, client_secret: CONSUMER.consumer_secret }
        assert.equal((await callsOf(world, await give(otherConfigId, renamed)).plain()).status, 200)
        await assert.rejects(give(otherConfigId, grant), { code: 'missing_credential_field', fix: /consumer_key/ })

        const wrong = await callsOf(
          world,
          await give(authConfigId, { ...grant, oauth_token_secret: 'wrong-secret-of-nobody' }),
        ).tool()
        assert.match(wrong.error ?? '', /401/)
        assert.doesNotMatch(JSON.stringify(wrong), /wrong-secret|consumer-secret/)
      })

  await t.test('who says no is told so', async (t) => {
    const [database] = testDatabases()
    assert.ok(database)
    const world = await setUp(t, database, upstream, 'HMAC-SHA1')
    const { params } = await travel(world, '&deny=1')
    const outcome = await finishAuthorization(world.deps, { params, browserToken: 'browser-1' })
    assert.deepEqual([outcome.status, outcome.reason], ['failed', 'The access was not allowed at Example.'])
  })
})
