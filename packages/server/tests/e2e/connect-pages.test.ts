import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { findAccessibilityFaults } from '../../testing/accessibility.ts'
import { openBrowser } from '../../testing/browser.ts'
import { startKeyUpstream } from '../../testing/key-upstream.ts'
import { startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer } from '../../testing/test-server.ts'
import { wireClient } from '../../testing/wire-client.ts'

const TIMEOUT = { timeout: 180_000 }
const CALLBACK = '/api/v3/toolkits/auth/callback'

/** The app that sent its user to connect, and gets the user back. */
async function startApp(t: TestContext) {
  const visits: { path: string; referer: string | undefined }[] = []
  const server = createServer((request, reply) => {
    if (request.url !== '/favicon.ico') visits.push({ path: request.url ?? '', referer: request.headers.referer })
    reply.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>The app</title><h1>Welcome back</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/done?keep=1`, visits }
}

async function setUp(t: TestContext) {
  const keys = await startKeyUpstream()
  t.after(() => keys.stop())
  const oauth = await startOAuthUpstream({ accessTokenSeconds: 600 })
  t.after(() => oauth.stop())
  cpSync(oauth.toolkitsDir, keys.toolkitsDir, { recursive: true })
  const server = await startTestServer({
    env: {
      HOLDFAST_ALLOW_HOSTS: `${keys.host},${oauth.host}`,
      HOLDFAST_TOOLKITS_DIR: keys.toolkitsDir,
      HOLDFAST_LOG_LEVEL: 'trace',
    },
  })
  t.after(() => server.stop())
  oauth.redirectUris.add(`${server.url}${CALLBACK}`)
  const wire = wireClient(server)
  await wire.call('PATCH', '/org/project/config', { display_name: 'Support Desk' })
  const app = await startApp(t)
  const browser = await openBrowser(t)

  const oauthConfig = async () => {
    const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: oauth.client }
    const made = await wire.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
    assert.equal(made.status, 201, made.text)
    return (made.body['auth_config'] as { id: string }).id
  }
  const newLink = async (authConfigId: string, more: object = {}) => {
    const body = { auth_config_id: authConfigId, user_id: 'ada', callback_url: app.url, ...more }
    const made = await wire.call('POST', '/connected_accounts/link', body)
    assert.equal(made.status, 201, made.text)
    return { url: String(made.body['redirect_url']), accountId: String(made.body['connected_account_id']) }
  }
  const statusOf = async (accountId: string) => (await wire.call('GET', `/connected_accounts/${accountId}`)).body['status']
  const returned = (status: string, accountId: string) => [
    { path: `/done?keep=1&status=${status}&connected_account_id=${accountId}`, referer: undefined },
  ]
  return { keys, oauth, server, wire, app, browser, oauthConfig, newLink, statusOf, returned }
}

const signIn = async (page: Page) => {
  await page.waitForSelector('[name=login]')
  await page.fill('[name=login]', 'ada')
  await page.click('[value=allow]')
  await page.waitForSelector('h1:has-text("consent")')
}

test('a person whose key is refused is told so in place, enters the right one, and is back in the app', TIMEOUT, async (t) => {
  const { keys, server, wire, app, browser, newLink, statusOf, returned } = await setUp(t)
  keys.accept('the-right-key-of-ada', 'ada')
  const link = await newLink(await wire.authConfig('keyed', 'API_KEY'))
  assert.equal(await statusOf(link.accountId), 'INITIATED')
  const watched = await browser.newPage({ viewport: { width: 320, height: 640 } })
  const { page, requests, complaintsAt } = watched

  await page.goto(link.url)
  assert.equal(await page.title(), 'Connect keyed to Support Desk')
  assert.deepEqual(await findAccessibilityFaults(page), [])
  await page.click('button')
  await page.waitForSelector('[role=alert]')
  assert.deepEqual(await page.locator('.wrong').allInnerTexts(), ['Enter the base_url.', 'Enter the API key.'])
  assert.deepEqual(await findAccessibilityFaults(page), [])

  await page.fill('[name="field.base_url"]', keys.url)
  await page.getByLabel('API key').fill('a-wrong-key-of-ada')
  await page.click('button')
  await page.waitForSelector('.wrong:has-text("accept")')
  assert.match(await page.innerText('.wrong'), /^keyed did not accept this\./)
  assert.equal(await page.inputValue('[name="field.base_url"]'), keys.url)
  assert.equal(await page.getByLabel('API key').inputValue(), '')
  assert.equal(await statusOf(link.accountId), 'INITIATED')

  await page.getByLabel('API key').fill(' the-right-key-of-ada ')
  await page.keyboard.press('Enter')
  await page.waitForSelector('h1:has-text("Welcome back")')
  assert.deepEqual(app.visits, returned('success', link.accountId))
  assert.equal(await statusOf(link.accountId), 'ACTIVE')
  assert.deepEqual((await wire.execute('KEYED_ME', link.accountId)).data, { user: 'ada' })

  await page.goto(link.url)
  assert.match(await page.innerText('h1'), /This link has been used/)
  assert.deepEqual(complaintsAt(server.url), [])
  assert.equal(
    requests.some(({ url }) => url.includes('key-of-ada')),
    false,
  )
  assert.doesNotMatch(server.output(), /key-of-ada|lk_/)
})

test('a person signs in at the provider, allows it, is back in the app, and tools work', TIMEOUT, async (t) => {
  const { oauth, server, wire, app, browser, oauthConfig, newLink, statusOf, returned } = await setUp(t)
  const link = await newLink(await oauthConfig())
  const { page, requests, complaintsAt } = await browser.newPage()
  await page.goto(link.url)
  assert.deepEqual(await findAccessibilityFaults(page), [])
  assert.match(await page.innerText('main'), /Stay connected while you are away/)
  await page.click('button:has-text("Continue to Granted")')
  await signIn(page)
  assert.equal(await statusOf(link.accountId), 'INITIATED')
  await page.click('[value=allow]')
  await page.waitForSelector('h1:has-text("Welcome back")')
  assert.deepEqual(app.visits, returned('success', link.accountId))
  assert.equal(await statusOf(link.accountId), 'ACTIVE')
  assert.deepEqual((await wire.execute('GRANTED_ME', link.accountId)).data, { sub: 'ada' })
  assert.deepEqual(complaintsAt(server.url), [])
  const elsewhere = requests.filter(({ url }) => !url.startsWith(server.url))
  assert.ok(elsewhere.some(({ url }) => url.startsWith(`http://${oauth.host}/auth`)))
  for (const { url, referer } of elsewhere) assert.doesNotMatch(`${url} ${referer}`, /lk_|localhost:\d+\/link/)
})

test('a person who says no at the provider is told so, in our words, and nothing is connected', TIMEOUT, async (t) => {
  const { server, app, browser, oauthConfig, newLink, statusOf, returned } = await setUp(t)
  const authConfig = await oauthConfig()
  const withCallback = await newLink(authConfig)
  const { page, complaintsAt } = await browser.newPage()
  await page.goto(withCallback.url)
  await page.click('button')
  await page.waitForSelector('[name=login]')
  await page.click('[value=deny]')
  await page.waitForSelector('h1:has-text("Welcome back")')
  assert.deepEqual(app.visits, returned('failed', withCallback.accountId))
  assert.notEqual(await statusOf(withCallback.accountId), 'ACTIVE')

  const without = await newLink(authConfig, { callback_url: undefined })
  await page.goto(without.url)
  await page.click('button')
  await page.waitForSelector('[name=login]')
  await page.click('[value=deny]')
  await page.waitForSelector('.mark-bad')
  assert.match(await page.innerText('main'), /Granted could not be connected[\s\S]*not allowed at Granted/)
  assert.doesNotMatch(await page.content(), /own words/)
  assert.deepEqual(await findAccessibilityFaults(page), [])
  assert.deepEqual(complaintsAt(server.url), [])
})

test('without an address to go back to, the page says that the window can be closed', TIMEOUT, async (t) => {
  const { keys, browser, wire, newLink, statusOf } = await setUp(t)
  keys.accept('the-right-key', 'ada')
  const known = { callback_url: undefined, connection_data: { base_url: keys.url } }
  const link = await newLink(await wire.authConfig('keyed', 'API_KEY'), known)
  const { page } = await browser.newPage({ javaScriptEnabled: false })
  await page.goto(link.url)
  assert.equal(await page.locator('[name="field.base_url"]').count(), 0, 'what the app knows is not asked for')
  await page.getByLabel('API key').fill('the-right-key')
  await page.click('button')
  await page.waitForSelector('.mark-good')
  assert.match(await page.innerText('main'), /keyed is connected[\s\S]*You can close this window/)
  assert.equal(await statusOf(link.accountId), 'ACTIVE')
})

test('who finishes in another browser than the one it began in connects nothing', TIMEOUT, async (t) => {
  const { server, browser, oauthConfig, newLink, statusOf } = await setUp(t)
  const authConfig = await oauthConfig()
  const other = await browser.newPage()
  await other.page.goto((await newLink(authConfig)).url)
  const cookies = await other.context.cookies()
  assert.deepEqual(
    cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })),
    [{ name: 'holdfast-connect', httpOnly: true, sameSite: 'Lax' }],
  )
  for (const [what, theirs] of [
    ['one that has seen pages of its own', cookies],
    ['one that has never been here', []],
  ] as const) {
    const link = await newLink(authConfig)
    const { page, context, complaintsAt } = await browser.newPage()
    await page.goto(link.url)
    await page.click('button')
    await signIn(page)
    // From here on it is the other browser: it has the address with the code, and not the cookie.
    await context.clearCookies({ domain: 'localhost' })
    await context.addCookies([...theirs])
    await page.click('[value=allow]')
    await page.waitForSelector('h1:has-text("Please begin again")')
    assert.ok(page.url().startsWith(`${server.url}${CALLBACK}?`), what)
    assert.notEqual(await statusOf(link.accountId), 'ACTIVE', what)
    assert.deepEqual(await findAccessibilityFaults(page), [])
    assert.deepEqual(complaintsAt(server.url), [])
  }
})
