import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { headlessBrowser, sendLinkForm } from '../../testing/headless-browser.ts'
import { type Answer, assertNoMarks, newSecret, newToken } from '../../testing/marks.ts'
import { MANNERS, type Manner, type QuotingProvider, startQuotingProvider } from '../../testing/quoting-provider.ts'
import { startTestServer, type TestServer } from '../../testing/test-server.ts'
import { type WireClient, type WireReply, wireClient } from '../../testing/wire-client.ts'

let provider: QuotingProvider
let server: TestServer
let wire: WireClient
let authConfig: string
const answers: Answer[] = []
const manners = Object.keys(MANNERS) as Manner[]

before(async () => {
  provider = await startQuotingProvider()
  const env = {
    HOLDFAST_ALLOW_HOSTS: provider.host,
    HOLDFAST_TOOLKITS_DIR: provider.toolkitsDir,
    HOLDFAST_LOG_LEVEL: 'trace',
  }
  server = await startTestServer({ env })
  wire = wireClient(server)
  const credentials = { client_id: 'public-client-id', client_secret: newSecret() }
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials }
  const made = await call('POST', '/auth_configs', { toolkit: { slug: 'quoting' }, auth_config })
  authConfig = (made.body['auth_config'] as { id: string }).id
})
after(async () => {
  await server?.stop()
  await provider?.stop()
})

async function call(method: string, path: string, body?: unknown): Promise<WireReply> {
  const reply = await wire.call(method, path, body)
  answers.push({ request: `${method} ${path}`, text: reply.text })
  return reply
}

const grant = (more: object = {}) => ({ access_token: newToken(), refresh_token: newToken(), id_token: newToken(), ...more })
const create = (val: object, more: object = {}) =>
  call('POST', '/connected_accounts', {
    auth_config: { id: authConfig },
    connection: { user_id: 'user_1', state: { authScheme: 'OAUTH2', val } },
    ...more,
  })
const execute = (id: string) => call('POST', '/tools/execute/QUOTING_ME', { connected_account_id: id, arguments: {} })
const askedFor = (type: string) => provider.asked.filter((one) => one === type).length

for (const manner of manners)
  test(`a refresh whose provider quotes ${manner} leaves no token in an answer`, async () => {
    provider.answerTokensWith(manner)
    for (const times of [{ expires_at: 1 }, {}]) {
      const created = await create(grant(times))
      assert.equal(created.status, 201, created.text)
      const id = String(created.body['id'])
      const before = askedFor('refresh_token')
      await execute(id)
      await call('POST', '/tools/execute/proxy', { connected_account_id: id, endpoint: '/me', method: 'GET' })
      assert.ok(askedFor('refresh_token') > before)
      const { body } = await call('GET', `/connected_accounts/${id}`)
      assert.equal(body['status'], manner === 'described' ? 'EXPIRED' : 'ACTIVE')
      await call('POST', `/connected_accounts/${id}/refresh`, {})
      await call('PATCH', `/connected_accounts/${id}`, { connection: { state: { authScheme: 'OAUTH2', val: grant() } } })
      for (const to of ['app', 'holdfast', 'app']) await call('POST', `/connected_accounts/${id}/handover`, { to })
      await execute(id)
    }
  })

for (const manner of manners)
  test(`an import that is proven at a provider that quotes ${manner} leaves no token in its answer`, async () => {
    provider.answerTokensWith(manner)
    const before = askedFor('refresh_token')
    const refreshed = await create(grant(), { validate_refresh: true })
    assert.equal(askedFor('refresh_token'), before + 1)
    assert.equal(refreshed.status < 300, manner === 'granted', refreshed.text)
    const verified = await create(grant(), { validate_credentials: true })
    assert.equal(verified.status, 400, verified.text)
  })

for (const manner of manners)
  test(`a code that is exchanged at a provider that quotes ${manner} leaves no mark on page or record`, async () => {
    provider.answerTokensWith(manner)
    const made = await call('POST', '/connected_accounts/link', { auth_config_id: authConfig, user_id: 'user_link' })
    const browser = headlessBrowser()
    const { goesTo = '' } = await sendLinkForm(browser, String(made.body['redirect_url']))
    const state = new URL(goesTo).searchParams.get('state') ?? ''
    const before = askedFor('authorization_code')
    const back = new URLSearchParams({ state, code: newSecret() })
    const page = await browser.get(`${server.url}/api/v3/toolkits/auth/callback?${back}`)
    assert.equal(askedFor('authorization_code'), before + 1)
    assert.equal(page.status, manner === 'granted' ? 200 : 400)
    answers.push({ request: `the callback, ${manner}`, text: `${page.body}\n${[...page.headers].join('\n')}` })
    const { text } = await call('GET', `/connected_accounts/${made.body['connected_account_id']}`)
    assert.match(text, manner === 'granted' ? /"ACTIVE"/ : /"FAILED"/)
  })

test('a bulk import reports rows that are good, refused, broken or without a header, and none of their secrets', async () => {
  provider.answerTokensWith('granted')
  const lines = [
    { user_id: 'bulk_1', ...grant() },
    { user_id: 'bulk_2', refresh_token: newToken() },
    { user_id: 'bulk_3', access_token: { of: newSecret() } },
    { user_id: 'bulk_4', scheme: newSecret(), ...grant() },
    { user_id: 'bulk_5', expires_at: newSecret(), auth_config_id: newSecret(), ...grant() },
    [newSecret()],
    newSecret(),
  ].map((row) => JSON.stringify(row))
  const header = 'user_id,access_token,refresh_token'
  const twice = newToken()
  const uploads = [
    ['application/x-ndjson', [...lines, `{"user_id":"bulk_6","access_token":"${newToken()}`]],
    ['text/csv', [header, `bulk_7,${newToken()},${newToken()}`, `bulk_8,${newToken()}`, `bulk_9,"${newToken()}`]],
    ['text/csv', [`bulk_10,${newToken()},${newToken()}`, `bulk_11,${newToken()},${newToken()}`]],
    ['text/csv', [newSecret(), newSecret()]],
    ['text/csv', [`${twice},${twice}`]],
    ['text/csv', [`${header},connected_account_id`, `bulk_12,${newToken()},,${newToken()}`]],
  ] as const
  for (const verify of ['false', 'true'])
    for (const [type, rows] of uploads) {
      const query = new URLSearchParams({ auth_config_id: authConfig, verify })
      const headers = { 'x-api-key': server.apiKey, 'content-type': type }
      const url = `${server.url}/api/v3/imports?${query}`
      const started = await fetch(url, { method: 'POST', headers, body: rows.join('\n') })
      const text = await started.text()
      answers.push({ request: 'POST /imports', text })
      assert.ok(started.status === 201 || started.status === 400, text)
      if (started.status === 400) continue
      const { id } = JSON.parse(text) as { id: string }
      const ended = async () => !/queued|running|undoing/.test(String((await call('GET', `/imports/${id}`)).body['state']))
      while (!(await ended())) await sleep(20)
      assert.match((await call('GET', `/imports/${id}/rows`)).text, type === 'text/csv' ? /"items"/ : /"failed"/)
      await call('GET', `/imports/${id}/report.csv`)
      await call('POST', `/imports/${id}/undo`)
      while (!(await ended())) await sleep(20)
    }
  await call('GET', '/imports')
})

// The tests above are what this one searches; it stands last and runs last.
test('after all of that, no answer, log line, metric, document or file of the server holds a mark', () =>
  assertNoMarks(server, answers))
