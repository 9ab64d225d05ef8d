import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDir, testDatabases } from '../testing/databases.ts'
import { startTestServer, type TestServer } from '../testing/test-server.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const [, postgres] = testDatabases()
assert.ok(postgres)

const runCommand = (command: string, env: Record<string, string>) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    execFile(process.execPath, [MAIN, command], { env: { PATH: process.env['PATH'], ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
    })
  })

async function call(server: TestServer, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v3${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`)
  return response.json()
}

async function importKey(server: TestServer): Promise<string> {
  const config = { toolkit: { slug: 'sendgrid' }, auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' } }
  const { auth_config } = (await call(server, '/auth_configs', config)) as { auth_config: { id: string } }
  const connection = { user_id: 'u', state: { authScheme: 'API_KEY', val: { api_key: 'sg-kept-through-rotation' } } }
  return ((await call(server, '/connected_accounts', { auth_config, connection })) as { id: string }).id
}

async function assertOpens(server: TestServer, id: string): Promise<void> {
  const account = (await call(server, `/connected_accounts/${id}`)) as { state: { val: { api_key: string } } }
  assert.equal(account.state.val.api_key, 'sg-k...')
}

const start = async (t: TestContext, options: Parameters<typeof startTestServer>[0]): Promise<TestServer> => {
  const server = await startTestServer(options)
  t.after(() => server.kill())
  return server
}

test('rotate-keys re-wraps under a running server, which goes on, and so does one that starts afterwards', async (t) => {
  const dataDir = temporaryDir()
  const running = await start(t, { dataDir })
  const id = await importKey(running)
  const before = readFileSync(join(dataDir, 'master-key'), 'utf8')

  const rotated = await runCommand('rotate-keys', { HOLDFAST_DATA_DIR: dataDir })
  assert.deepEqual([rotated.code, /1 project keys/.test(rotated.output)], [0, true], rotated.output)
  assert.notEqual(readFileSync(join(dataDir, 'master-key'), 'utf8'), before)

  await assertOpens(running, id)
  const project = await fetch(`${running.url}/api/v3/org/owner/project/new`, {
    method: 'POST',
    headers: { 'x-org-api-key': running.orgApiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'made-after', should_create_api_key: true }),
  })
  assert.ok(project.ok, await project.text())
  await running.stop()
  await assertOpens(await start(t, { dataDir }), id)

  writeFileSync(join(dataDir, 'master-key'), before)
  const refused = await runCommand('serve', { HOLDFAST_DATA_DIR: dataDir, HOLDFAST_PORT: '0' })
  assert.equal(refused.code, 1)
  assert.match(refused.output, /sealed with master key [0-9a-f]{16}/)
})

test('on PostgreSQL both keys are given while they are rotated, and then the old one is of no use', async (t) => {
  const { databaseUrl = '' } = await postgres.address()
  const [old, next] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  const on = (env: Record<string, string>) => ({ database: { url: databaseUrl }, env })
  const first = await start(t, on({ HOLDFAST_MASTER_KEY: old }))
  const id = await importKey(first)

  const second = await start(t, on({ HOLDFAST_MASTER_KEY: next, HOLDFAST_MASTER_KEY_PREVIOUS: old }))
  await assertOpens(second, id)
  const settings = { HOLDFAST_DATABASE_URL: databaseUrl, HOLDFAST_MASTER_KEY: next }
  const refused = await runCommand('rotate-keys', settings)
  assert.deepEqual([refused.code, /sealed with master key/.test(refused.output)], [1, true], refused.output)
  const rotated = await runCommand('rotate-keys', { ...settings, HOLDFAST_MASTER_KEY_PREVIOUS: old })
  assert.equal(rotated.code, 0, rotated.output)

  await assertOpens(second, id)
  await assertOpens(await start(t, on({ HOLDFAST_MASTER_KEY: next })), id)
  const late = await runCommand('serve', { HOLDFAST_DATABASE_URL: databaseUrl, HOLDFAST_MASTER_KEY: old, HOLDFAST_PORT: '0' })
  assert.equal(late.code, 1)
  assert.match(late.output, /HOLDFAST_MASTER_KEY/)
  assert.equal(late.output.includes(old) || late.output.includes(next), false)
})
