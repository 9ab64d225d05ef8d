import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ComposioClient from '@composio/client'
import { wireClient } from '../../testing/wire-client.ts'
import { CLIENT_LINES, SESSION_SNIPPET, SNIPPETS, type Snippet } from './document-snippets.ts'
import { startWorld } from './world.ts'

/** The packages as their users have them; a snippet names one of these where the guide says `@composio/core`. */
const SDKS = ['@composio/core', 'composio-core-early', '@holdfast/sdk'] as const
type Sdk = (typeof SDKS)[number]

const world = await startWorld()
after(world.stop)
const wire = wireClient(world.server)
const client = new ComposioClient({ apiKey: world.server.apiKey, baseURL: world.server.url })

const showing = await wire.call('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false })
assert.equal(showing.status, 200)

/** Each run gets an auth config of its own: the SDKs refuse a second connection of a user under the same one. */
const authConfigFor = ({ toolkit, scheme }: Snippet) => wire.authConfig(toolkit, scheme)

/** Without `base_url`, which the toolkits fill in themselves. */
async function stateOf(id: string) {
  const { body } = await wire.call('GET', `/connected_accounts/${id}`)
  const { authScheme, val } = body['state'] as { authScheme: string; val: Record<string, string> }
  const { status, base_url: _, ...values } = val
  return { authScheme, status, values }
}
const active = ({ scheme }: Snippet, values: object) => ({ authScheme: scheme, status: 'ACTIVE', values })

async function importOf(snippet: Snippet): Promise<string> {
  return wire.importCredential('user_123', await authConfigFor(snippet), snippet.scheme, snippet.imported)
}

for (const sdk of SDKS)
  for (const snippet of SNIPPETS)
    test(`${sdk} runs the guide's import of ${snippet.scheme} as it stands, and it is active at once`, async () => {
      const authConfig = await authConfigFor(snippet)
      const { stdout } = await run(sdk, snippet.initiate, { ac_your_auth_config: authConfig })
      const [, id = ''] = /^Connected: (ca_\S+)$/m.exec(stdout) ?? assert.fail(stdout)
      assert.deepEqual(await stateOf(id), active(snippet, snippet.imported))
    })

for (const snippet of SNIPPETS) {
  test(`@holdfast/sdk runs the guide's update of ${snippet.scheme} as it stands`, async () => {
    const id = await importOf(snippet)
    await run('@holdfast/sdk', CLIENT_LINES + snippet.update, { ca_your_connection_id: id })
    assert.deepEqual(await stateOf(id), active(snippet, snippet.updated))
  })

  test(`the guide's curl line for ${snippet.scheme} updates in place`, async () => {
    const id = await importOf(snippet)
    assert.equal((await sendCurl(snippet.curl, id)).status, 200)
    assert.deepEqual(await stateOf(id), active(snippet, snippet.updated))
  })

  test(`@composio/client patches ${snippet.scheme} in place`, async () => {
    const id = await importOf(snippet)
    const [, body = ''] = /-d '(.*)'$/.exec(snippet.curl) ?? []
    const reply = await client.connectedAccounts.patch(id, JSON.parse(body))
    assert.deepEqual([reply.id, reply.success], [id, true])
    assert.deepEqual(await stateOf(id), active(snippet, snippet.updated))
  })

  test(`@composio/core 0.19.0 itself still refuses the guide's update of ${snippet.scheme}, before it sends anything`, async () => {
    const id = await importOf(snippet)
    await assert.rejects(
      run('@composio/core', CLIENT_LINES + snippet.update, { ca_your_connection_id: id }),
      /ValidationError|Failed to parse connected account update params/,
    )
    assert.deepEqual(await stateOf(id), active(snippet, snippet.imported))
  })
}

for (const sdk of ['@composio/core', '@holdfast/sdk'] as const)
  test(`${sdk} runs the guide's session as it stands`, async () => {
    const [, gmail] = SNIPPETS
    assert.ok(gmail)
    const code = `${SESSION_SNIPPET}\nconsole.log('Session:', session.sessionId)`
    const { stdout } = await run(sdk, code, { ac_your_auth_config: await authConfigFor(gmail) })
    assert.match(stdout, /^Session: trs_\S+$/m)
  })

/** In a process of its own, where the packages are found; nothing but this machine can be reached from there. */
function run(sdk: Sdk, code: string, filled: Readonly<Record<string, string>>) {
  const { url, apiKey } = world.server
  const text = Object.entries({ ...filled, 'your-api-key': apiKey }).reduce(
    (snippet, [placeholder, value]) => snippet.replaceAll(placeholder, value),
    code.replace('@composio/core', sdk),
  )
  const args = ['--import', `data:text/javascript,${encodeURIComponent(KEEP_INSIDE)}`, '--input-type=module', '--eval', text]
  return promisify(execFile)(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../testing', import.meta.url)),
    env: { PATH: process.env['PATH'], COMPOSIO_BASE_URL: url, HOLDFAST_BASE_URL: url, TELEMETRY_DISABLED: 'true' },
  })
}

const KEEP_INSIDE = `
const { fetch } = globalThis
globalThis.fetch = (input, init) => {
  const { hostname } = new URL(input.url ?? input)
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') return Promise.reject(new Error('not in a test: ' + hostname))
  return fetch(input, init)
}`

/** Sends what a curl line says, so that no curl is needed. */
function sendCurl(line: string, id: string): Promise<Response> {
  const text = line
    .replace('https://backend.composio.dev', world.server.url)
    .replace('ca_xxx', id)
    .replace('YOUR_API_KEY', world.server.apiKey)
  const [, method = '', url = ''] = /^curl -X (\S+) (\S+)/.exec(text) ?? []
  const headers = [...text.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']): [string, string] => [name, value])
  const [, body = ''] = /-d '(.*)'$/.exec(text) ?? []
  return fetch(url, { method, headers, body })
}
