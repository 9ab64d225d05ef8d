import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabases } from '../../testing/databases.ts'
import { answerProvider, headlessBrowser, sendLinkForm } from '../../testing/headless-browser.ts'
import { startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { SHARED_MASTER_KEY, startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

type Database = Parameters<typeof startTestServer>[0]

async function setUp(t: TestContext, database: Database, env: Record<string, string> = {}) {
  const upstream = await startOAuthUpstream({ accessTokenSeconds: 3600 })
  t.after(() => upstream.stop())
  const server = await startTestServer({
    ...database,
    env: { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir, ...env },
  })
  t.after(() => server.stop())
  upstream.redirectUris.add(`${server.url}/api/v3/toolkits/auth/callback`)
  const wire = wireClient(server)
  const newAuthConfig = async (credentials: object = upstream.client) => {
    const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials }
    const made = await wire.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
    return (made.body['auth_config'] as { id: string }).id
  }
  const newLink = async (body: Record<string, unknown>) => {
    const made = await wire.call('POST', '/connected_accounts/link', body)
    assert.equal(made.status, 201, made.text)
    return made.body as { link_token: string; redirect_url: string; expires_at: string; connected_account_id: string }
  }
  const account = async (id: string) => (await wire.call('GET', `/connected_accounts/${id}`)).body
  const start = async (linkUrl: string, browser = headlessBrowser()) => {
    const { goesTo, page } = await sendLinkForm(browser, linkUrl)
    assert.ok(goesTo, `${page.status} ${page.body}`)
    return { browser, goesTo }
  }
  return { upstream, server, wire, newAuthConfig, newLink, account, start }
}

for (const database of testDatabases()) {
  const options = async (): Promise<Database> => {
    const { databaseUrl } = await database.address()
    return databaseUrl === undefined ? {} : { database: { url: databaseUrl } }
  }

  test(`a user connects at a link, signs in at the provider, and the app's tools work (${database.name})`, async (t) => {
    const { upstream, server, wire, newAuthConfig, newLink, account, start } = await setUp(t, await options())
    const link = await newLink({
      auth_config_id: await newAuthConfig(),
      user_id: 'ada',
      callback_url: 'http://127.0.0.1:9/back?keep=1#part',
      alias: 'work',
    })
    assert.match(link.link_token, /^lk_[\w-]{32}$/)
    assert.equal(link.redirect_url, `${server.url}/link/${link.link_token}`)
    assert.deepEqual(
      [(await account(link.connected_account_id))['status'], link.expires_at > new Date().toISOString()],
      ['INITIATED', true],
    )

    const { browser, goesTo } = await start(link.redirect_url)
    const { searchParams: asked } = new URL(goesTo)
    assert.deepEqual(
      [asked.get('response_type'), asked.get('scope'), asked.get('code_challenge_method'), asked.get('prompt')],
      ['code', 'openid offline_access', 'S256', 'consent'],
    )
    const callback = await answerProvider(browser, goesTo, 'ada-upstream')
    assert.equal(callback.searchParams.get('iss'), `http://${upstream.host}`)
    const end = await browser.get(callback.href, (url) => url.port === '9')
    const back = new URL(end.url)
    assert.deepEqual(
      [back.origin, back.pathname, back.hash, Object.fromEntries(back.searchParams)],
      ['http://127.0.0.1:9', '/back', '#part', { keep: '1', status: 'success', connected_account_id: link.connected_account_id }],
    )
    const connected = await account(link.connected_account_id)
    assert.deepEqual([connected['status'], connected['status_reason'], connected['alias']], ['ACTIVE', null, 'work'])
    assert.deepEqual((await wire.execute('GRANTED_ME', link.connected_account_id)).data, { sub: 'ada-upstream' })
    const refreshed = await wire.call('POST', `/connected_accounts/${link.connected_account_id}/refresh`)
    assert.deepEqual([refreshed.status, refreshed.body['status'], refreshed.body['redirect_url']], [200, 'ACTIVE', null])
    assert.equal((await browser.get(link.redirect_url)).status, 400, 'the link is used up')
  })

  test(`an answer counts once, in the browser that asked, for the account it was asked for (${database.name})`, async (t) => {
    const { upstream, server, wire, newAuthConfig, newLink, account, start } = await setUp(t, await options())
    const authConfig = await newAuthConfig()
    const begin = async (user: string, config = authConfig) => {
      const link = await newLink({ auth_config_id: config, user_id: user })
      const { browser, goesTo } = await start(link.redirect_url)
      return { id: link.connected_account_id, link, browser, callback: await answerProvider(browser, goesTo, user) }
    }
    const ada = await begin('ada')

    const forged = new URL(ada.callback)
    forged.searchParams.set('state', 'x'.repeat(43))
    const twice = new URL(ada.callback)
    twice.searchParams.append('state', ada.callback.searchParams.get('state') ?? '')
    for (const url of [forged, twice]) assert.equal((await ada.browser.get(url.href)).status, 400)

    // Somebody else is made to follow it, with cookies of their own and without.
    const other = await begin('eve')
    for (const browser of [other.browser, headlessBrowser()]) {
      const page = await browser.get(ada.callback.href)
      assert.deepEqual([page.status, page.headers.get('location')], [403, null])
    }
    assert.equal((await account(ada.id))['status'], 'INITIATED', 'what came from elsewhere changes nothing')

    // The code of another trip, under this state: PKCE binds the two.
    const swapped = new URL(ada.callback)
    swapped.searchParams.set('code', other.callback.searchParams.get('code') ?? '')
    const failed = await ada.browser.get(swapped.href)
    assert.equal(failed.status, 400)
    const refused = await account(ada.id)
    assert.deepEqual(
      [refused['status'], refused['status_reason']],
      ['FAILED', 'Granted did not hand out a token (invalid_grant).'],
    )
    assert.equal((await ada.browser.get(ada.callback.href)).status, 400, 'its state is spent')

    const bob = await begin('bob')
    assert.equal((await bob.browser.get(bob.callback.href)).status, 200)
    const before = upstream.answers.granted
    assert.equal((await bob.browser.get(bob.callback.href)).status, 400, 'a replay is refused')
    assert.deepEqual([(await account(bob.id))['status'], upstream.answers.granted], ['ACTIVE', before])
    assert.deepEqual((await wire.execute('GRANTED_ME', bob.id)).data, { sub: 'bob' })

    // An answer that says it is another provider's: its code goes nowhere.
    const mixed = await begin('mia')
    const granted = upstream.answers.granted
    mixed.callback.searchParams.set('iss', 'https://evil.example')
    assert.equal((await mixed.browser.get(mixed.callback.href)).status, 400)
    const mia = await account(mixed.id)
    assert.deepEqual([mia['status'], upstream.answers.granted], ['FAILED', granted])
    assert.match(String(mia['status_reason']), /did not come from Granted/)

    const output = server.output()
    for (const { callback, link } of [ada, bob, mixed])
      for (const secret of [callback.searchParams.get('code'), callback.searchParams.get('state'), link.link_token])
        assert.ok(secret && !output.includes(secret), 'neither codes nor states nor links stand in the log')
  })

  test(`what a provider refuses is told to the app and the person, in our words (${database.name})`, async (t) => {
    const { newAuthConfig, newLink, account, start, upstream } = await setUp(t, await options())
    const link = await newLink({ auth_config_id: await newAuthConfig(), user_id: 'ada' })
    const { browser, goesTo } = await start(link.redirect_url)
    const callback = await answerProvider(browser, goesTo, 'ada', 'deny')
    assert.match(callback.searchParams.get('error_description') ?? '', /<script>/)
    const page = await browser.get(callback.href)
    assert.deepEqual([page.status, page.headers.get('content-type')], [400, 'text/html; charset=utf-8'])
    assert.match(page.body, /access_denied/)
    assert.doesNotMatch(page.body, /script|own words/)
    const denied = await account(link.connected_account_id)
    assert.deepEqual(
      [denied['status'], denied['status_reason']],
      ['FAILED', 'The access was not allowed at Granted (access_denied).'],
    )

    const wrong = await newAuthConfig({ ...upstream.client, client_secret: 'another-secret' })
    const second = await newLink({ auth_config_id: wrong, user_id: 'ada', callback_url: 'http://127.0.0.1:9/' })
    const trip = await start(second.redirect_url)
    const answer = await answerProvider(trip.browser, trip.goesTo, 'ada')
    const end = new URL((await trip.browser.get(answer.href, ({ port }) => port === '9')).url)
    assert.deepEqual(Object.fromEntries(end.searchParams), {
      status: 'failed',
      connected_account_id: second.connected_account_id,
    })
    assert.match(String((await account(second.connected_account_id))['status_reason']), /OAuth client \(invalid_client\)/)
  })

  test(`who lost a grant connects the same account again (${database.name})`, async (t) => {
    const { wire, newAuthConfig, account, start } = await setUp(t, await options())
    const dead = { access_token: 'long-dead', refresh_token: 'spent-elsewhere', expires_in: -60 }
    const id = await wire.importCredential('ada', await newAuthConfig(), 'OAUTH2', dead)
    const path = `/connected_accounts/${id}/refresh?redirect_url=${encodeURIComponent('http://127.0.0.1:9/again')}`
    const { body } = await wire.call('POST', path, {})
    assert.equal(body['status'], 'INITIATED')
    const older = String(body['redirect_url'])
    const newer = String((await wire.call('POST', path, {})).body['redirect_url'])
    assert.notEqual(older, newer)
    assert.equal((await headlessBrowser().get(older)).status, 400, 'an older link ends when there is a newer one')
    const { browser, goesTo } = await start(newer)
    const end = await browser.get((await answerProvider(browser, goesTo, 'ada')).href, ({ port }) => port === '9')
    assert.equal(new URL(end.url).searchParams.get('connected_account_id'), id)
    assert.equal((await account(id))['status'], 'ACTIVE')
    assert.deepEqual((await wire.execute('GRANTED_ME', id)).data, { sub: 'ada' })
    const again = await wire.call('POST', `/connected_accounts/${id}/refresh`)
    assert.deepEqual([again.body['status'], again.body['redirect_url']], ['ACTIVE', null], 'the new refresh token is in use')
  })

  test(`the operator's app connects and refreshes in every project, and a changed one counts at once (${database.name})`, async (t) => {
    const databaseOptions = await options()
    const { upstream, server, wire, account, start } = await setUp(t, databaseOptions)
    const managed = () =>
      wire.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config: { type: 'use_composio_managed_auth' } })
    assert.equal((await managed()).status, 400)
    const setApp = (secret: string) =>
      operate(
        server,
        databaseOptions,
        ['oauth-apps', 'set', 'granted', '--client-id', upstream.client.client_id],
        secret,
        upstream,
      )
    await setApp('not-the-secret')
    const made = await managed()
    assert.equal(made.status, 201, made.text)
    const { id: authConfig } = made.body['auth_config'] as { id: string }
    const toolkit = await wire.call('GET', '/toolkits/granted')
    assert.deepEqual(toolkit.body['composio_managed_auth_schemes'], ['OAUTH2'])

    const connect = async () => {
      const { body } = await wire.call('POST', '/connected_accounts', {
        auth_config: { id: authConfig },
        connection: { user_id: 'ada', state: { authScheme: 'OAUTH2', val: { status: 'INITIALIZING' } } },
      })
      const { val } = body['connectionData'] as { val: Record<string, string> }
      assert.deepEqual(
        [val['status'], val['redirectUrl'], body['redirect_uri']],
        ['INITIATED', body['redirect_url'], body['redirect_url']],
      )
      const { browser, goesTo } = await start(String(val['redirectUrl']))
      await browser.get((await answerProvider(browser, goesTo, 'ada')).href)
      return account(String(body['id']))
    }
    assert.match(String((await connect())['status_reason']), /invalid_client/)
    await setApp(upstream.client.client_secret)
    const connected = await connect()
    assert.equal(connected['status'], 'ACTIVE')
    const refreshed = await wire.call('POST', `/connected_accounts/${connected['id']}/refresh`)
    assert.deepEqual([refreshed.status, refreshed.body['status']], [200, 'ACTIVE'])
    assert.equal(upstream.answers.granted, 2, 'one for the code, one for the refresh')
    assert.ok(!JSON.stringify(await wire.call('GET', `/auth_configs/${authConfig}`)).includes(upstream.client.client_secret))
  })
}

/** An operator's command on the database of a running server. */
async function operate(
  { dataDir }: { dataDir: string },
  database: Database,
  args: string[],
  input: string,
  { toolkitsDir }: { toolkitsDir: string },
): Promise<void> {
  const url = typeof database?.database === 'object' ? database.database.url : undefined
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_TOOLKITS_DIR: toolkitsDir,
      ...(url !== undefined && { HOLDFAST_DATABASE_URL: url, HOLDFAST_MASTER_KEY: SHARED_MASTER_KEY }),
    },
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
}
