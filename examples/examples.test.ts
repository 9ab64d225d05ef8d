import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTestServer } from '../packages/server/testing/test-server.ts'
import { startVerdaccio } from '../packages/server/testing/verdaccio.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const notes = spawn(process.execPath, ['examples/own-toolkit/notes-server.ts'], { cwd: ROOT, env: { PORT: '0' } })
after(() => notes.kill())
const notesUrl = await new Promise<string>((resolve, reject) => {
  notes.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.replace('notes on', '').trim()))
  notes.once('close', () => reject(new Error('the notes server ended')))
})
const registry = await startVerdaccio()
after(registry.stop)
const server = await startTestServer({
  env: {
    HOLDFAST_ALLOW_HOSTS: `${registry.host},${new URL(notesUrl).host}`,
    HOLDFAST_TOOLKITS_DIR: `${ROOT}/examples/own-toolkit/toolkits`,
  },
})
after(() => server.stop())

/** As a reader would run it: from the root, with the settings that the text tells. */
async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOLDFAST: server.url,
      HOLDFAST_BASE_URL: server.url,
      HOLDFAST_API_KEY: server.apiKey,
      NPM_REGISTRY_URL: registry.url,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 0, written)
  assert.doesNotMatch(written, /hf_[\w-]{20}/, 'an API key was printed')
  return written
}
const example = (name: string, env?: Readonly<Record<string, string>>) => run(process.execPath, [`examples/${name}`], env)

test('import-existing.ts imports three schemes, and updates when it runs again', async () => {
  const first = await example('import-existing.ts')
  for (const toolkit of ['sendgrid', 'gmail', 'twilio'])
    assert.match(first, new RegExp(`${toolkit}: imported as ca_\\S+, ACTIVE`))
  assert.doesNotMatch(first, /example-key-of-user-1|example-token/)
  const second = await example('import-existing.ts')
  for (const toolkit of ['sendgrid', 'gmail', 'twilio']) assert.match(second, new RegExp(`${toolkit}: was there, updated ca_`))
})

test('import-with-curl.sh imports a token and uses it', async () => {
  const written = await run('bash', ['examples/import-with-curl.sh'], {
    NPM_TOKEN: await registry.user('carla', 'carla-password'),
  })
  assert.match(written, /"username":"carla"/)
})

test('rotate.ts: the call after the rotation is somebody else’s', async () => {
  const env = { NPM_TOKEN: await registry.user('old', 'old-password'), NPM_TOKEN_NEW: await registry.user('new', 'new-password') }
  assert.equal(await example('rotate.ts', env), 'before: old\nafter: new\n')
})

test('agent-session.ts: a session finds and runs a tool', async () => {
  const written = await example('agent-session.ts', { NPM_TOKEN: await registry.user('agnes', 'agnes-password') })
  assert.match(written, /tools: .*COMPOSIO_SEARCH_TOOLS/)
  assert.match(written, /search: found NPM_REGISTRY_WHO_AM_I/)
  assert.match(written, /executed: true \{"username":"agnes"\}/)
})

test('own-toolkit: a service of one’s own is called with an imported key', async () => {
  const written = await example('own-toolkit/run.ts', { NOTES_URL: notesUrl })
  assert.match(written, /"notes":\[\{"by":"Ann","text":"Keys are held fast\."\}\]/)
})

/** A snippet of the README, with the address, the key and the ids of this run in place of those in the text. */
async function snippet(mark: string): Promise<string> {
  const readme = readFileSync(`${ROOT}/README.md`, 'utf8')
  let code = new RegExp(`<!-- run: ${mark} -->\\n\`\`\`\\w+\\n(.*?)\`\`\``, 's').exec(readme)?.[1]
  assert.ok(code, `the README has no snippet marked ${mark}`)
  code = code
    .replaceAll('your-api-key', server.apiKey)
    .replaceAll('http://localhost:9900', server.url)
    .replaceAll('user_123', `user_${mark}`)
  for (const [toolkit, authScheme] of [
    ['sendgrid', 'API_KEY'],
    ['gmail', 'BEARER_TOKEN'],
    ['twilio', 'BASIC'],
  ]) {
    const { auth_config } = await post('/auth_configs', {
      toolkit: { slug: toolkit },
      auth_config: { type: 'use_custom_auth', authScheme },
    })
    code = code.replaceAll(`ac_your_${toolkit}_config`, auth_config.id)
  }
  return code
}

async function post(path: string, body: object): Promise<{ id: string; auth_config: { id: string } }> {
  const headers = { 'x-api-key': server.apiKey, 'content-type': 'application/json' }
  const reply = await fetch(`${server.url}/api/v3${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal(reply.status, 201)
  return (await reply.json()) as { id: string; auth_config: { id: string } }
}

for (const mark of ['sdk', 'official'])
  test(`the README's TypeScript runs as it stands there (${mark})`, async () => {
    const printIds = '\nconsole.log("ran", connection.id, session.sessionId)'
    const written = await run(process.execPath, ['--input-type=module-typescript', '-e', (await snippet(mark)) + printIds], {
      COMPOSIO_DISABLE_TELEMETRY: 'true',
    })
    assert.match(written, /ran ca_\S+ trs_\S+/)
  })

test("the README's curl lines make, import and rotate", async () => {
  assert.match(await run('bash', ['-euc', await snippet('curl-config')]), /"auth_scheme":"API_KEY"/)
  assert.match(await run('bash', ['-euc', await snippet('curl-import')]), /"status":"ACTIVE"/)
  const config = await post('/auth_configs', {
    toolkit: { slug: 'sendgrid' },
    auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' },
  })
  const { id } = await post('/connected_accounts', {
    auth_config: { id: config.auth_config.id },
    connection: { user_id: 'user_patch', state: { authScheme: 'API_KEY', val: { api_key: 'SG-old' } } },
  })
  assert.match(await run('bash', ['-euc', (await snippet('curl-rotate')).replaceAll('ca_xxx', id)]), /"success":true/)
})
