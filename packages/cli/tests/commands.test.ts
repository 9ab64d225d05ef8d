import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { startKeyUpstream } from '../../server/testing/key-upstream.ts'
import { folderFor, run, startWithServer } from './support/run.ts'

/** A server with a toolkit whose provider tells which credential reached it. */
async function start(t: TestContext) {
  const upstream = await startKeyUpstream()
  t.after(() => upstream.stop())
  const env = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
  return { upstream, ...(await startWithServer(t, { env })) }
}

test('an auth config is made, listed, shown and deleted; toolkits say what they ask for', async (t) => {
  const { cli } = await start(t)
  const made = await cli(['auth-configs', 'create', 'keyed', '--scheme', 'BEARER_TOKEN', '--name', 'mine'])
  const id = made.stdout.trim()
  assert.match(id, /^ac_[\w-]+$/, made.stderr)
  assert.match(
    (await cli(['auth-configs', 'list', '--toolkit', 'keyed'])).stdout,
    new RegExp(`\n${id} +keyed +BEARER_TOKEN +ENABLED +0 +mine`),
  )
  assert.equal(JSON.parse((await cli(['auth-configs', 'get', id, '--json'])).stdout).name, 'mine')
  assert.match((await cli(['auth-configs', 'delete', id])).stdout, /^Deleted/)
  const gone = await cli(['auth-configs', 'get', id])
  assert.deepEqual([gone.code, gone.stdout], [1, ''])

  assert.match((await cli(['toolkits', '--search', 'keyed'])).stdout, /\nkeyed +keyed +API_KEY BEARER_TOKEN BASIC/)
  assert.match((await cli(['toolkits', 'keyed'])).stdout, /\n {2}API_KEY\n {4}\w+: /)
  assert.equal(JSON.parse((await cli(['toolkits', 'keyed', '--json'])).stdout).slug, 'keyed')
  assert.equal((await cli(['auth-configs', 'create', 'keyed'])).code, 2)
})

test('a connection is imported, used by a tool and the proxy, rotated, switched off and on, renamed and deleted', async (t) => {
  const { cli, upstream } = await start(t)
  const { write } = folderFor(t)
  const config = (await cli(['auth-configs', 'create', 'keyed', '--scheme', 'api_key'])).stdout.trim()
  upstream.accept('secret-one', 'ada')
  upstream.accept('secret-two', 'ada')

  const credential = write('credential.json', JSON.stringify({ api_key: 'secret-one', base_url: upstream.url }))
  const made = await cli(['connections', 'import', credential, '--user', 'ada', '--auth-config', config, '--verify', '--json'])
  assert.equal(made.code, 0, made.stderr)
  const { id, status } = JSON.parse(made.stdout)
  assert.equal(status, 'ACTIVE')
  const again = await cli(['connections', 'import', credential, '--user', 'ada', '--auth-config', config])
  assert.deepEqual([again.code, again.stderr.includes(id)], [1, true])

  assert.match((await cli(['connections', 'list', '--user', 'ada'])).stdout, new RegExp(`\n${id} +ada +keyed +API_KEY +ACTIVE`))
  assert.equal((await cli(['connections', 'list', '--user', 'nobody'])).stdout, 'None.\n')
  assert.match((await cli(['connections', 'get', id])).stdout, /^userId +ada$/m)

  const me = await cli(['execute', 'KEYED_ME', '--user', 'ada'])
  assert.deepEqual([me.code, /"ada"/.test(me.stdout)], [0, true], me.stderr)
  const failed = await cli(['execute', 'KEYED_FAIL', '-', '--user', 'ada'], { stdin: '{"status":418}' })
  assert.deepEqual([failed.code, /KEYED_FAIL failed: /.test(failed.stderr)], [1, true])

  const rotated = await cli(['connections', 'rotate', id, '--env', 'api_key=NEW_KEY'], { env: { NEW_KEY: 'secret-two' } })
  assert.equal(rotated.code, 0, rotated.stderr)
  const proxied = await cli(['proxy', '/me', '--connection', id, '-i'])
  assert.deepEqual([proxied.code, upstream.seen.at(-1)], [0, 'secret-two'])
  assert.match(proxied.stdout, /^200\n(?:.*\n)*content-type: application\/json/)
  const posted = await cli(['proxy', '/echo', '--connection', id, '-H', 'x-note: hello', '-d', '@-', '--json'], {
    stdin: '{"a":1}',
  })
  assert.equal(JSON.parse(posted.stdout).data.headers['x-note'], 'hello', posted.stderr)
  assert.equal((await cli(['proxy', '/nothing', '--connection', id])).code, 1)

  assert.match((await cli(['connections', 'update', id, '--alias', 'work'])).stdout, /updated/)
  assert.match((await cli(['connections', 'disable', id])).stdout, /disabled/)
  assert.equal((await cli(['proxy', '/me', '--connection', id])).code, 1)
  assert.match((await cli(['connections', 'enable', id])).stdout, /enabled/)
  const { alias, isDisabled } = JSON.parse((await cli(['connections', 'get', id, '--json'])).stdout)
  assert.deepEqual([alias, isDisabled], ['work', false])
  assert.match((await cli(['connections', 'delete', id])).stdout, /deleted/)
  assert.equal((await cli(['connections', 'get', id])).code, 1)
  for (const { stdout, stderr } of [made, again, me, failed, rotated, proxied]) assert.doesNotMatch(stdout + stderr, /secret-/)
})

test('a bare key on stdin is enough where the scheme asks for one field', async (t) => {
  const { cli, authConfigId } = await startWithServer(t)
  const flags = ['--user', 'ada', '--auth-config', authConfigId]
  const { code, stdout, stderr } = await cli(['connections', 'import', '-', ...flags], { stdin: 'SG.bare-key\n' })
  assert.deepEqual([code, /^ca_[\w-]+: ACTIVE\n$/.test(stdout)], [0, true], stderr)
})

test('mcp config prints what each client takes, without the API key unless it is asked for', async (t) => {
  const { cli, server } = await startWithServer(t)
  const all = await cli(['mcp', 'config', '--user', 'ada', '--json'])
  assert.equal(all.code, 0, all.stderr)
  const { url, snippets } = JSON.parse(all.stdout) as { url: string; snippets: { client: string; text: string }[] }
  assert.ok(url.startsWith(server.url))
  assert.deepEqual(
    snippets.map(({ client }) => client),
    ['claude-code', 'claude-desktop', 'cursor', 'vscode', 'windsurf', 'gemini', 'codex'],
  )
  for (const { client, text } of snippets) {
    assert.ok(text.includes(url), client)
    if (client !== 'codex') JSON.parse(text)
  }
  assert.ok(!all.stdout.includes(server.apiKey))

  const shown = await cli(['mcp', 'config', '--user', 'ada', '--client', 'cursor', '--show-key'])
  const { holdfast: entry } = JSON.parse(shown.stdout).mcpServers
  const reply = await fetch(entry.url, {
    method: 'POST',
    headers: { ...entry.headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    }),
  })
  assert.deepEqual([reply.status, /serverInfo/.test(await reply.text())], [200, true])
})

test('completion names the commands and options of each place, in bash as bash understands it', async () => {
  const script = (await run(['completion', 'bash'])).stdout
  const complete = (...words: string[]) => {
    const line = words.map((word) => `'${word}'`).join(' ')
    const asked = `${script}\nCOMP_WORDS=(holdfast ${line}); COMP_CWORD=${words.length}; _holdfast; echo "\${COMPREPLY[*]}"`
    return spawnSync('bash', ['-c', asked], { encoding: 'utf8' }).stdout.trim().split(' ')
  }
  assert.deepEqual(complete('impo'), ['import', 'imports'])
  assert.deepEqual(complete('connections', 'ro'), ['rotate'])
  assert.deepEqual(complete('import', 'users.csv', '--dr'), ['--dry-run'])
  assert.ok(!complete('imports', '--').includes('--dry-run'))
  for (const shell of ['zsh', 'fish']) {
    const { code, stdout } = await run(['completion', shell])
    assert.deepEqual([code, stdout.includes("'connections rotate'"), stdout.includes('--dry-run')], [0, true, true])
  }
  assert.equal((await run(['completion', 'csh'])).code, 2)
})

test('what would put a secret on the command line, or say nothing, is wrong use', async () => {
  const env = { HOLDFAST_BASE_URL: 'http://127.0.0.1:1', HOLDFAST_API_KEY: 'hf_x' }
  for (const [args, words] of [
    [['proxy', '/me', '--connection', 'ca_1', '-H', 'Authorization: Bearer secret-1'], /not for the command line/],
    [['proxy', '/me', '--connection', 'ca_1', '-X', 'BREW'], /GET, POST/],
    [['execute', 'GMAIL_SEND_EMAIL'], /--user or --connection/],
    [['execute', 'GMAIL_SEND_EMAIL', '{secret-1', '--user', 'a'], /not JSON/],
    [['execute', 'GMAIL_SEND_EMAIL', '[]', '--user', 'a'], /JSON object/],
    [['mcp', 'config'], /--user or --session/],
    [['connections', 'import', '--user', 'a'], /--auth-config/],
    [['auth-configs', 'create', 'gmail', '/no/such/file', '--scheme', 'OAUTH2'], /ENOENT/],
  ] as const) {
    const ran = await run(args, { env })
    assert.equal(ran.code, 2, `${args.join(' ')}: ${ran.stderr}`)
    assert.match(ran.stderr, words)
    assert.doesNotMatch(ran.stdout + ran.stderr, /secret-1/)
  }
})
