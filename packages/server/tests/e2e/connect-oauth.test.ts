import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabases } from '../../testing/databases.ts'
import { answerProvider, headlessBrowser, sendLinkForm } from '../../testing/headless-browser.ts'
import { startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

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
}
