import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { bundleSdk } from './support/bundle.ts'
import { accountWire, createdWire, routes, startFakeServer, wireError, page as wirePage } from './support/fake-server.ts'

const APP = `
import { AuthScheme, Holdfast, HoldfastNotFoundError } from './src/index.ts'
globalThis.runApp = async (baseURL) => {
  const holdfast = new Holdfast({ apiKey: 'hf_browser', baseURL })
  const connection = await holdfast.connectedAccounts.initiate('user_123', 'ac_1', { config: AuthScheme.APIKey({ api_key: 'sg' }) })
  const account = await holdfast.connectedAccounts.get(connection.id)
  const missing = await holdfast.connectedAccounts.get('ca_none').catch((error) => error)
  const refused = await new Holdfast({ apiKey: 'k', baseURL: 'http://127.0.0.1:9', maxRetries: 0 }).toolkits.list().catch((error) => error)
  return {
    connection: connection.toJSON(),
    userId: account.userId,
    missing: [missing instanceof HoldfastNotFoundError, missing.status, missing.requestId],
    refused: [refused.name, refused.mayHaveReachedServer],
  }
}`

async function servePage(t: TestContext, script: string): Promise<string> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/app.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : '<!doctype html><title>app</title><script type="module" src="/app.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('it works from a web page of another origin, in a real browser', { timeout: 120_000 }, async (t) => {
  const api = await startFakeServer(
    t,
    routes({
      'GET /connected_accounts': { body: wirePage([]) },
      'POST /connected_accounts': { status: 201, body: createdWire() },
      'GET /connected_accounts/ca_1': { body: accountWire() },
      'GET /connected_accounts/ca_none': { status: 404, body: wireError(404, 'account_not_found', 'No such connection.') },
    }),
  )
  const resolveDir = new URL('..', import.meta.url).pathname
  const { code } = await bundleSdk({ platform: 'browser', stdin: { contents: APP, resolveDir } })
  const url = await servePage(t, code)
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    // The same-origin rules stay on: without them the API would never be asked whether the page may call it.
    args: [...chromium.args.filter((arg) => arg !== '--disable-web-security'), '--no-sandbox'],
    headless: true,
  })
  t.after(() => browser.close())
  const page = await browser.newPage()
  await page.goto(url)
  await page.waitForFunction('globalThis.runApp')
  assert.deepEqual(await page.evaluate(`runApp(${JSON.stringify(api.url)})`), {
    connection: { id: 'ca_1', status: 'ACTIVE', redirectUrl: null },
    userId: 'user_123',
    missing: [true, 404, 'req_1'],
    refused: ['HoldfastConnectionError', true],
  })
  assert.equal(api.requests[1]?.headers['x-api-key'], 'hf_browser')
  assert.equal(`${api.requests[1]?.headers.origin}/`, url)
})
