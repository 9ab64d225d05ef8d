import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openBrowser } from '../../testing/browser.ts'
import { testDatabases } from '../../testing/databases.ts'
import { answerProvider, headlessBrowser, isCallback, sendLinkForm } from '../../testing/headless-browser.ts'
import { type OAuthClient, type OAuthServer, startOAuthServer } from '../../testing/oauth-server.ts'
import { startTestServer, type TestServerOptions } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const CALLBACK = '/api/v3/toolkits/auth/callback'

async function setUp(t: TestContext, options: TestServerOptions = {}) {
  const upstream = await startOAuthServer()
  t.after(() => upstream.stop())
  const server = await startTestServer({
    ...options,
    env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir },
  })
  t.after(() => server.stop())
  const wire = wireClient(server)
  const client = await upstream.newClient(`${server.url}${CALLBACK}`)
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: client }
  const made = await wire.call('POST', '/auth_configs', { toolkit: { slug: 'oauth_server' }, auth_config })
  const authConfig = (made.body['auth_config'] as { id: string }).id
  const whoAmI = (id: string) => wire.execute('OAUTH_SERVER_WHO_AM_I', id)
  const account = async (id: string) => (await wire.call('GET', `/connected_accounts/${id}`)).body
  const newLink = async (more: object = {}) => {
    const { body, text } = await wire.call('POST', '/connected_accounts/link', {
      auth_config_id: authConfig,
      user_id: 'ada',
      ...more,
    })
    assert.ok(body['redirect_url'], text)
    return { url: String(body['redirect_url']), id: String(body['connected_account_id']) }
  }
  return { upstream, server, wire, client, authConfig, whoAmI, account, newLink }
}

interface Grant {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

/** What an app does that keeps its users' grants itself: the way through the browser, and the code for tokens. */
async function obtainGrant(upstream: OAuthServer, client: OAuthClient, redirectUri: string, user: string): Promise<Grant> {
  const verifier = 'a-verifier-of-the-tests-that-is-long-enough-for-it'
  const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url')
  const asked = new URL(`${upstream.url}/api/auth/oauth2/authorize`)
  asked.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access',
    state: 'of the app',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString()
  const back = await answerProvider(headlessBrowser(), asked.href, user)
  const reply = await fetch(`${upstream.url}/api/auth/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  })
  assert.equal(reply.status, 200)
  return (await reply.json()) as Grant
}

for (const database of testDatabases()) {
  test(`a grant that another app obtained lives on: used, rotated, and EXPIRED once its user revokes it (${database.name})`, async (t) => {
    const { databaseUrl } = await database.address()
    const world = await setUp(t, databaseUrl === undefined ? {} : { database: { url: databaseUrl } })
    const { upstream, server, wire, client, authConfig, whoAmI, account } = world
    const grant = await obtainGrant(upstream, client, `${server.url}${CALLBACK}`, 'grace')
    const created = await wire.call('POST', '/connected_accounts', {
      auth_config: { id: authConfig },
      connection: { user_id: 'grace', state: { authScheme: 'OAUTH2', val: grant } },
      validate_credentials: true,
    })
    assert.equal(created.status, 201, created.text)
    const id = String(created.body['id'])
    assert.equal((await whoAmI(id)).data['name'], 'grace')
    assert.equal(await upstream.isActive(client, grant.refresh_token), true, 'an import spends nothing')

    const { body } = await wire.call('POST', `/connected_accounts/${id}/refresh`)
    assert.equal(body['status'], 'ACTIVE')
    assert.equal(await upstream.isActive(client, grant.refresh_token), false, 'the provider rotated it')
    assert.equal((await whoAmI(id)).data['name'], 'grace')

    // Handed over dead: a herd finds it so, and this server takes a spent refresh token for theft of the whole grant.
    const dead = await obtainGrant(upstream, client, `${server.url}${CALLBACK}`, 'dora')
    const dora = await wire.importCredential('dora', authConfig, 'OAUTH2', { ...dead, access_token: 'dead', expires_at: 1 })
    const herd = await Promise.all(Array.from({ length: 100 }, () => whoAmI(dora)))
    assert.deepEqual([...new Set(herd.map(({ successful, data }) => `${successful} ${data['name']}`))], ['true dora'])
    assert.equal(await upstream.isActive(client, dead.refresh_token), false)
    assert.equal((await wire.call('POST', `/connected_accounts/${dora}/refresh`)).body['status'], 'ACTIVE')
    assert.equal((await whoAmI(dora)).data['name'], 'dora')

    const gone = await obtainGrant(upstream, client, `${server.url}${CALLBACK}`, 'rita')
    const rita = await wire.importCredential('rita', authConfig, 'OAUTH2', { ...gone })
    assert.equal((await whoAmI(rita)).successful, true)
    await upstream.revoke(client, gone.refresh_token)
    const refused = await whoAmI(rita)
    assert.equal(refused.successful, false)
    assert.match(String(refused.error), /401.*Invalid access token/i)
    const { status, status_reason } = await account(rita)
    assert.deepEqual([status, status_reason], ['EXPIRED', 'OAuth server no longer refreshes this grant (invalid_grant)'])
    assert.equal((await whoAmI(rita)).status, 400)
    assert.equal((await whoAmI(dora)).data['name'], 'dora', "nobody else's grant suffers")
  })
}

test('a grant that is given back is dead at its provider: at once, or after its connection is gone', async (t) => {
  const { upstream, server, wire, client, authConfig, whoAmI, account } = await setUp(t)
  const importOf = async (user: string) => {
    const grant = await obtainGrant(upstream, client, `${server.url}${CALLBACK}`, user)
    return { grant, id: await wire.importCredential(user, authConfig, 'OAUTH2', { ...grant }) }
  }
  const now = await importOf('rita')
  assert.equal((await whoAmI(now.id)).successful, true)
  const { body } = await wire.call('POST', `/connected_accounts/${now.id}/revoke`)
  assert.deepEqual(
    [body['status'], (body['revocation'] as { status: string }).status],
    ['REVOKED', 'revoked'],
    JSON.stringify(body),
  )
  assert.equal(await upstream.isActive(client, now.grant.refresh_token), false)
  assert.equal(((await account(now.id))['revocation'] as { status: string }).status, 'revoked')

  const later = await importOf('dora')
  const deleted = await wire.call('DELETE', `/connected_accounts/${later.id}?revoke_on_delete=true`)
  assert.equal((await wire.call('GET', `/connected_accounts/${later.id}`)).status, 404)
  const job = `/connected_accounts/revocations/${String(deleted.body['revoke_job_id'])}`
  const statusOf = async () => (await wire.call('GET', job)).body['status']
  while ((await statusOf()) === 'pending') await new Promise((resolve) => setTimeout(resolve, 200))
  assert.deepEqual([await statusOf(), await upstream.isActive(client, later.grant.refresh_token)], ['revoked', false])
})

test('a user connects at a link, and one who says no is told so', async (t) => {
  const { upstream, server, wire, whoAmI, account, newLink } = await setUp(t)
  const link = await newLink()
  const browser = headlessBrowser()
  const { goesTo = '' } = await sendLinkForm(browser, link.url)
  const callback = await answerProvider(browser, goesTo, 'ada-there')
  assert.equal(callback.searchParams.get('iss'), `${upstream.url}/api/auth`)
  assert.equal((await browser.get(callback.href)).status, 200)
  assert.deepEqual([(await account(link.id))['status'], (await whoAmI(link.id)).data['name']], ['ACTIVE', 'ada-there'])
  assert.equal((await wire.call('POST', `/connected_accounts/${link.id}/refresh`)).body['status'], 'ACTIVE')
  assert.equal((await whoAmI(link.id)).data['name'], 'ada-there')

  const denied = await newLink()
  const trip = await sendLinkForm(browser, denied.url)
  const refusal = await answerProvider(browser, trip.goesTo ?? '', 'ada-there', 'deny')
  assert.ok(isCallback(refusal))
  const page = await browser.get(refusal.href)
  assert.equal(page.status, 400)
  const { status, status_reason } = await account(denied.id)
  assert.deepEqual([status, status_reason], ['FAILED', 'The access was not allowed at OAuth server (access_denied).'])

  const output = server.output()
  for (const secret of [callback.searchParams.get('code'), callback.searchParams.get('state'), link.url.split('/').at(-1)])
    assert.ok(secret && !output.includes(secret), 'neither codes nor states nor links stand in the log')
})

test('in a real browser a person connects, signs in, allows, and tools work', { timeout: 180_000 }, async (t) => {
  const { upstream, server, whoAmI, account, newLink } = await setUp(t)
  const link = await newLink()
  const { page, requests, complaintsAt } = await (await openBrowser(t)).newPage()
  await page.goto(link.url)
  await page.click('button:has-text("Continue to OAuth server")')
  await page.waitForSelector('[name=login]')
  await page.fill('[name=login]', 'ada')
  await page.click('[value=allow]')
  await page.waitForSelector('h1:has-text("consent")')
  assert.equal((await account(link.id))['status'], 'INITIATED')
  await page.click('[value=allow]')
  await page.waitForURL((url) => url.origin === server.url)
  await page.waitForSelector('h1')
  assert.deepEqual([(await account(link.id))['status'], (await whoAmI(link.id)).data['name']], ['ACTIVE', 'ada'])
  assert.deepEqual(complaintsAt(server.url), [])
  const there = requests.filter(({ url }) => url.startsWith(upstream.url))
  assert.ok(there.length > 0)
  for (const { url, referer } of there) assert.doesNotMatch(`${url} ${referer}`, /lk_|\/link/)
})
