import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { resolveConfig } from '../src/config.ts'
import { HttpClient } from '../src/http.ts'
import { AuthScheme, Holdfast } from '../src/index.ts'
import { startFakeServer, wireError } from './support/fake-server.ts'

const API_KEY = 'hf_marked-api-key'
const HEADER = 'marked-header-secret'
const CREDENTIAL = 'marked-credential'

/** Everything that a log line or a crash report could show of a value. */
const shown = (value: unknown) =>
  [
    inspect(value, { depth: Infinity, showHidden: true }),
    JSON.stringify(value),
    String(value),
    inspect((value as Error).cause),
  ].join('\n')

function assertNoSecret(value: unknown): void {
  for (const secret of [API_KEY, HEADER, CREDENTIAL]) assert.ok(!shown(value).includes(secret), `${secret} in ${shown(value)}`)
}

const thrownBy = (work: () => Promise<unknown>) =>
  work().then(
    () => assert.fail('no error'),
    (error: unknown) => error,
  )

test('printing a client or a session shows no secret; mcp.headers still carries the key', async (t) => {
  const mcp = { type: 'http', url: 'http://localhost:9900/mcp/trs_1' }
  const server = await startFakeServer(t, () => ({
    body: { session_id: 'trs_1', mcp, config: { user_id: 'u' }, config_version: 1 },
  }))
  const holdfast = new Holdfast({ apiKey: API_KEY, baseURL: server.url, headers: { authorization: HEADER } })
  const session = await holdfast.create('u')
  const http = new HttpClient(resolveConfig({ apiKey: API_KEY, headers: { authorization: HEADER } }))
  for (const value of [http, holdfast, session, holdfast.connectedAccounts, holdfast.tools]) assertNoSecret(value)
  assert.ok(!inspect(session.mcp).includes(API_KEY))
  assert.deepEqual({ ...session.mcp }, { ...mcp, headers: { 'x-api-key': API_KEY } })
  assert.equal(server.requests[0]?.headers.authorization, HEADER)
})

test('no error shows a secret, whatever went wrong', async (t) => {
  const echo = await startFakeServer(t, ({ headers }) => ({
    status: 400,
    body: wireError(400, 'bad', `You sent ${headers['x-api-key']}`, {
      suggested_fix: `${headers['x-api-key']}`,
      errors: [`x: ${headers['x-api-key']}`],
    }),
  }))
  const silent = await startFakeServer(t, () => new Promise(() => undefined))
  const broken = await startFakeServer(t, (_request, response) => void response.destroy())
  for (const baseURL of [echo.url, silent.url, broken.url, 'http://127.0.0.1:9']) {
    const options = { apiKey: API_KEY, baseURL, headers: { 'x-extra': HEADER }, timeoutMs: 50, maxRetries: 0 }
    const { connectedAccounts } = new Holdfast(options)
    const config = AuthScheme.APIKey({ api_key: CREDENTIAL })
    assertNoSecret(await thrownBy(() => connectedAccounts.initiate('u', 'ac_1', { config, allowMultiple: true })))
    const connection = { state: { authScheme: 'API_KEY', val: { api_key: CREDENTIAL } } } as const
    assertNoSecret(await thrownBy(() => connectedAccounts.update('ca_1', { connection })))
  }
  const { toolkits } = new Holdfast({ apiKey: API_KEY, baseURL: echo.url })
  assertNoSecret(await thrownBy(() => toolkits.list({}, { headers: { 'x-extra': `${HEADER}\n` } })))
})
