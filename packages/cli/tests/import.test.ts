import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startKeyUpstream } from '../../server/testing/key-upstream.ts'
import { folderFor, run, startWithServer } from './support/run.ts'

const HEADER = 'user_id,external_id,api_key'
const rows = (count: number) => Array.from({ length: count }, (_, n) => `user_${n},row_${n},SG.a-secret-${n}`)

test('a file, stdin, a map and JSON Lines are imported; the summary goes to stdout and the progress to stderr', async (t) => {
  const { cli, authConfigId, holdfast } = await startWithServer(t)
  const { write } = folderFor(t)
  const csv = [HEADER, ...rows(10)].join('\n')

  const dry = await cli(['import', write('users.csv', csv), '--auth-config', authConfigId, '--dry-run'])
  assert.deepEqual([dry.code, (await holdfast.connectedAccounts.list()).totalItems], [0, 0], dry.stderr)
  assert.match(dry.stdout, /^Import imp_[\w-]+: completed \(dry run: nothing was written\)\n {2}created 10, updated 0, /)
  assert.match(dry.stderr, /^completed: 100%, 10 rows/m)
  assert.doesNotMatch(dry.stdout + dry.stderr, /SG\./)
  assert.ok(!dry.stderr.includes('\u001b'))

  const piped = await cli(['import', '-', '--auth-config', authConfigId, '--json'], { stdin: csv })
  assert.equal(piped.code, 0, piped.stderr)
  assert.deepEqual(JSON.parse(piped.stdout).counts, { created: 10, updated: 0, unchanged: 0, conflict: 0, failed: 0 })

  const mapped = write('other.jsonl', '{"owner":"ada","key":"SG.ada"}\n')
  const names = ['--map', 'user_id=owner', '--map', 'api_key=key']
  const other = await cli(['import', mapped, '--toolkit', 'tavily', '--scheme', 'api_key', '--create-auth-configs', ...names])
  assert.match(other.stdout, /created 1,/, other.stderr)
})

test('rows that fail are exit code 3, named with what to do; conflicts too', async (t) => {
  const { cli, authConfigId } = await startWithServer(t)
  const { write } = folderFor(t)
  const file = write('users.csv', [HEADER, ...rows(2), ',row_9,SG.nobody', 'ada,row_10,'].join('\n'))
  const first = await cli(['import', file, '--auth-config', authConfigId])
  assert.equal(first.code, 3, first.stderr)
  assert.match(first.stdout, /created 2, updated 0, unchanged 0, conflict 0, failed 2\n/)
  assert.match(first.stdout, /First rows that were not imported:\n {2}row 3: user_id is missing\.\n/)
  assert.match(first.stdout, /\n {2}row 4 \(ada\): /)
  assert.match(first.stdout, /All of them: holdfast imports rows imp_[\w-]+ --status failed\n$/)

  const again = await cli(['import', file, '--auth-config', authConfigId, '--on-conflict', 'fail', '--json'])
  const { counts, badRows } = JSON.parse(again.stdout)
  assert.deepEqual([again.code, counts.conflict, counts.failed, badRows.length], [3, 2, 2, 4])
})

test('--mode rotate replaces the credentials of connections that are there', async (t) => {
  const { cli, authConfigId, holdfast } = await startWithServer(t)
  await cli(['import', '-', '--auth-config', authConfigId], { stdin: `${HEADER}\nada,row_1,SG.old` })
  const before = (await holdfast.connectedAccounts.list()).items
  const rotated = await cli(['import', '-', '--mode', 'rotate', '--json'], { stdin: `${HEADER}\nada,row_1,new-key-of-ada` })
  assert.deepEqual([rotated.code, JSON.parse(rotated.stdout).counts.updated], [0, 1], rotated.stderr)
  const after = (await holdfast.connectedAccounts.list()).items
  assert.equal(after.length, 1)
  assert.notDeepEqual(after[0]?.state, before[0]?.state)
})

test('Ctrl-C leaves the import running, says how to watch, pause and cancel, and --resume goes on', async (t) => {
  const { cli, authConfigId } = await startWithServer(t)
  const { write } = folderFor(t)
  const file = write('users.csv', [HEADER, ...rows(30_000)].join('\n'))
  let isStopped = false
  const stopped = await cli(['import', file, '--auth-config', authConfigId], {
    onStderr(text, child) {
      if (isStopped || !/^(queued|running):/m.test(text)) return
      isStopped = true
      child.kill('SIGINT')
    },
  })
  assert.equal(stopped.code, 130, stopped.stderr)
  const id =
    /watch: {2}holdfast import --resume (imp_[\w-]+)\n {2}pause: {2}holdfast imports pause \1\n/.exec(stopped.stderr)?.[1] ?? ''
  assert.ok(id, stopped.stderr)
  const watched = await cli(['import', '--resume', id])
  assert.equal(watched.code, 0, watched.stderr)
  assert.match(watched.stdout, /created 30000,/)
})

test('an upload that broke off goes on with --resume and the file', async (t) => {
  const { cli, authConfigId, holdfast } = await startWithServer(t)
  const { write } = folderFor(t)
  const text = [HEADER, ...rows(100)].join('\n')
  async function* breaksOff() {
    yield text.slice(0, 1000)
    throw new Error('gone')
  }
  await assert.rejects(holdfast.imports.create(breaksOff(), { authConfigId, partBytes: 500 }), /gone/)
  const id = (await holdfast.imports.list()).items[0]?.id ?? ''
  const without = await cli(['import', '--resume', id])
  assert.deepEqual([without.code, /give its file again/.test(without.stderr)], [2, true])
  const whole = await cli(['import', write('users.csv', text), '--resume', id, '--json'])
  assert.deepEqual([whole.code, JSON.parse(whole.stdout).counts.created], [0, 100], whole.stderr)
})

test('imports: list, get, rows, report and undo', async (t) => {
  const { cli, authConfigId } = await startWithServer(t)
  const { stdout } = await cli(['import', '-', '--auth-config', authConfigId, '--json'], {
    stdin: `${HEADER}\nada,r1,SG.a\n,r2,SG.b`,
  })
  const { id } = JSON.parse(stdout)
  assert.match((await cli(['imports', 'list'])).stdout, new RegExp(`^ID .*\n${id} +completed +2 +1 +`))
  assert.equal(JSON.parse((await cli(['imports', 'get', id, '--json'])).stdout).rows, 2)
  assert.match((await cli(['imports', 'get', id])).stdout, /row 2: user_id/)
  assert.match((await cli(['imports', 'rows', id, '--status', 'created'])).stdout, /\n1 +created +ada +ca_/)
  assert.equal(JSON.parse((await cli(['imports', 'rows', id, '--limit', '1', '--json'])).stdout).items.length, 1)
  assert.equal((await cli(['imports', 'report', id])).stdout.trim().split('\n').length, 3)
  const late = await cli(['imports', 'pause', id])
  assert.deepEqual([late.code, /is completed and cannot be paused/.test(late.stderr)], [1, true])
  assert.match((await cli(['imports', 'undo', id])).stdout, /undone\n.*\n {2}removed 1, kept because changed since 0/)

  assert.equal((await cli(['imports', 'get', 'imp_none'])).code, 1)
})

test('an import that is under way is paused, goes on, and is cancelled', async (t) => {
  const upstream = await startKeyUpstream()
  t.after(() => upstream.stop())
  const env = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
  const { cli, holdfast } = await startWithServer(t, { env })
  const { id: authConfigId } = await holdfast.authConfigs.create('keyed', { type: 'use_custom_auth', authScheme: 'API_KEY' })
  // Asked about one by one, once a second: it is under way for as long as the test may take.
  const text = ['user_id,api_key,base_url', ...rows(1000).map((_, n) => `user_${n},key_${n},${upstream.url}`)].join('\n')
  const { id } = await holdfast.imports.create(text, { authConfigId, verify: true, verifyPerSecond: 1 })
  assert.match((await cli(['imports', 'pause', id])).stdout, /: paused\n/)
  assert.match((await cli(['imports', 'resume', id])).stdout, /: queued\n/)
  assert.equal(JSON.parse((await cli(['imports', 'cancel', id, '--json'])).stdout).state, 'cancelled')
})

test('wrong use is exit code 2 before anything is sent, and a secret in it is not repeated', async () => {
  const env = { HOLDFAST_BASE_URL: 'http://127.0.0.1:1', HOLDFAST_API_KEY: 'hf_secret-key' }
  for (const [args, words] of [
    [['import'], /Give a file/],
    [['import', '/no/such/file.csv'], /cannot be read \(ENOENT\)/],
    [['import', '/tmp'], /is a folder/],
    [['import', '-', '--map', 'user_id'], /Give name=value/],
    [['import', '-', '--on-conflict', 'explode'], /skip, update, fail/],
    [['import', '-', '--scheme', 'MAGIC'], /API_KEY/],
    [['import', '-', '--api-key-file', '-'], /stdin cannot be both/],
    [['import', '--resume', 'imp_1', '--dry-run'], /leave the others out/],
    [['imports', 'rows', 'imp_1', '--limit', '0'], /whole number/],
  ] as const) {
    const ran = await run(args, { env })
    assert.equal(ran.code, 2, `${args.join(' ')}: ${ran.stderr}`)
    assert.match(ran.stderr, words)
    assert.doesNotMatch(ran.stdout + ran.stderr, /secret-key/)
  }
})
