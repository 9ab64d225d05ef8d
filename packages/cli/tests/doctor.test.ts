import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTestServer } from '../../server/testing/test-server.ts'
import { run } from './support/run.ts'

const BIN = fileURLToPath(new URL('../bin/holdfast.js', import.meta.url))
const KEY = 'hf_a-key-that-must-not-be-printed'

/** Something that listens, with the answers given. */
async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Fake {
  readonly readyz?: readonly [status: number, body: object]
  readonly toolkits?: readonly [status: number, body: object]
}

const fakeHoldfast =
  ({ readyz = [200, { status: 'ready', checks: {} }], toolkits = [200, { items: [] }] }: Fake): RequestListener =>
  (request, reply) => {
    const path = (request.url ?? '').split('?')[0]
    const answers: Record<string, readonly [number, object]> = {
      '/healthz': [200, { status: 'ok' }],
      '/readyz': readyz,
      '/openapi.json': [200, { info: { version: '9.8.7' } }],
      '/api/v3.1/toolkits': toolkits,
      '/api/v3/toolkits': toolkits,
    }
    const [status, body] = answers[path ?? ''] ?? [404, {}]
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

test('on a real server with its key all is well, by environment, by file and by stdin', async (t) => {
  const server = await startTestServer()
  t.after(() => server.stop())
  const file = join(server.dataDir, 'api-key')
  for (const ran of [
    await run(['doctor'], { env: { HOLDFAST_BASE_URL: server.url, HOLDFAST_API_KEY: server.apiKey } }),
    await run(['doctor', '--base-url', `${server.url}/api/v3`, '--api-key-file', file]),
    await run(['doctor', '--base-url', server.url, '--api-key-file', '-'], { stdin: `${server.apiKey}\n` }),
  ]) {
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.match(
      ran.stdout,
      /^ok {4}reachable: .*\nok {4}ready: .*\nok {4}version: Holdfast \d+\.\d+\.\d+\nok {4}api key: accepted\n/,
    )
  }
  const wrong = await run(['doctor', '--json'], { env: { HOLDFAST_BASE_URL: server.url, HOLDFAST_API_KEY: KEY } })
  assert.equal(wrong.code, 1)
  const { ok, reachable, checks } = JSON.parse(wrong.stdout)
  assert.deepEqual([ok, reachable], [false, true])
  assert.deepEqual(
    checks
      .filter((check: { ok: boolean }) => !check.ok)
      .map(({ name, detail }: { name: string; detail: string }) => [name, detail]),
    [['api key', 'refused']],
  )
})

test('without a key the server is still examined, and the missing key is what is wrong', async (t) => {
  const { code, stdout } = await run(['doctor', '--base-url', await listen(t, fakeHoldfast({}))])
  assert.equal(code, 1)
  assert.match(stdout, /ok {4}ready/)
  assert.match(stdout, /version: Holdfast 9\.8\.7/)
  assert.match(stdout, /FAIL {2}api key: none given\n.*HOLDFAST_API_KEY/)
})

test('a server that is not ready is named with what fails', async (t) => {
  const readyz = [503, { status: 'not ready', checks: { database: 'failing', migrations: 'ok', key: 'failing' } }] as const
  const env = { HOLDFAST_BASE_URL: await listen(t, fakeHoldfast({ readyz })), HOLDFAST_API_KEY: KEY }
  const { code, stdout } = await run(['doctor'], { env })
  assert.equal(code, 1)
  assert.match(stdout, /FAIL {2}ready: failing: database, key\n.*holdfast-server doctor/)
})

test('a failure of the server while the key is tried is not taken for a wrong key', async (t) => {
  const toolkits = [500, { error: { message: 'x', request_id: 'req_1' } }] as const
  const env = { HOLDFAST_BASE_URL: await listen(t, fakeHoldfast({ toolkits })), HOLDFAST_API_KEY: KEY }
  const { code, stdout } = await run(['doctor'], { env })
  assert.equal(code, 1)
  assert.match(stdout, /FAIL {2}api key: could not be tried: the server answers 500 \(request req_1\)/)
})

test('nobody there, somebody else, and somebody who does not answer: exit code 3, and why', async (t) => {
  const other = await listen(t, (_request, reply) => reply.end('<h1>It works</h1>'))
  const redirecting = await listen(t, (_request, reply) => reply.writeHead(302, { location: 'https://example.com/' }).end())
  const silent = await listen(t, () => {})
  // Only the silent one is waited for in full; how long a machine takes to say that a name is unknown is its own affair.
  for (const [url, reason, timeout] of [
    ['http://127.0.0.1:1', /nothing listens there|could not be sent/, '60'],
    ['http://no-such-host.invalid', /host name/, '60'],
    [other, /not as a Holdfast server/, '60'],
    [redirecting, /answers 302/, '60'],
    [silent, /nothing within 0\.3 s/, '0.3'],
  ] as const) {
    const { code, stdout } = await run(['doctor', '--json', '--timeout', timeout, '--base-url', url], {
      env: { HOLDFAST_API_KEY: KEY },
    })
    assert.equal(code, 3, url)
    const diagnosis = JSON.parse(stdout)
    assert.equal(diagnosis.reachable, false)
    assert.match(diagnosis.checks[0].detail, reason)
    assert.equal(typeof diagnosis.checks[0].fix, 'string')
  }
})

test('wrong use is exit code 2, with what to do and on stderr only', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const empty = join(dir, 'empty')
  writeFileSync(empty, '\n')
  for (const [args, words] of [
    [['doctor', '--nonsense'], /unknown option/],
    [['doctor', '--timeout', '0'], /above 0/],
    [['doctor', '--base-url', 'localhost:9900'], /http/],
    [['doctor', '--api-key-file', join(dir, 'missing')], /missing cannot be read \(ENOENT\)/],
    [['doctor', '--api-key-file', empty], /is empty/],
    [['doctor', '--api-key-file', '-'], /stdin is empty/],
    [['operate'], /unknown command|too many arguments/],
  ] as const) {
    const { code, stdout, stderr } = await run(args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, words)
  }
})

test('a key is no argument, and one that is passed so all the same, or in a URL, is not repeated', async (t) => {
  const url = await listen(t, fakeHoldfast({ toolkits: [401, { error: { message: 'no' } }] }))
  for (const [args, env] of [
    [['doctor', `--api-key=${KEY}`], {}],
    [['doctor', '--api-key', KEY], {}],
    [['doctor', KEY], {}],
    [[KEY], {}],
    [['doctor', '--base-url', `http://x:${KEY}@localhost`], {}],
    [['doctor', '--base-url', url], { HOLDFAST_API_KEY: KEY }],
    [['doctor', '--json', '--base-url', url], { HOLDFAST_API_KEY: KEY }],
  ] as const) {
    const { code, stdout, stderr } = await run(args, { env })
    assert.notEqual(code, 0)
    assert.doesNotMatch(stdout + stderr, /must-not-be-printed/, args.join(' '))
  }
})

test('the built command that npm links answers --version and --help', async () => {
  const version = await run(['--version'], { main: BIN })
  assert.deepEqual([version.code, /^\d+\.\d+\.\d+\n$/.test(version.stdout), version.stderr], [0, true, ''])
  const help = await run(['doctor', '--help'], { main: BIN })
  assert.equal(help.code, 0)
  assert.match(help.stdout, /Exit code: 0 all is well/)
})
