import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { askHidden } from '../src/prompt.ts'
import { folderFor, run, startWithServer } from './support/run.ts'

test('login keeps address and key where only their owner reads them, and the next command needs neither', async (t) => {
  const { server } = await startWithServer(t)
  const { dir } = folderFor(t)
  const env = { XDG_CONFIG_HOME: dir }
  const path = join(dir, 'holdfast/config.json')
  const refused = await run(['login', '--base-url', server.url], { env, stdin: 'hf_wrong-key-of-somebody\n' })
  assert.deepEqual([refused.code, /refuses this key; nothing was stored/.test(refused.stderr)], [2, true])
  assert.throws(() => statSync(path), { code: 'ENOENT' })

  const ran = await run(['login', '--base-url', `${server.url}/api/v3`], { env, stdin: `${server.apiKey}\n` })
  assert.equal(ran.code, 0, ran.stderr)
  assert.ok(!(ran.stdout + ran.stderr).includes(server.apiKey))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { base_url: server.url, api_key: server.apiKey })
  assert.equal((await run(['doctor'], { env })).code, 0)
  assert.equal((await run(['imports', 'list'], { env: { ...env, HOLDFAST_BASE_URL: `${server.url}/` } })).code, 0)
})

test('the stored key goes to no other server', async (t) => {
  const { dir } = folderFor(t)
  const seen: unknown[] = []
  const other = createServer(({ headers }, reply) => {
    seen.push(headers['x-api-key'])
    reply.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok","items":[]}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  t.after(() => other.close())
  const { server } = await startWithServer(t)
  await run(['login', '--base-url', server.url], { env: { XDG_CONFIG_HOME: dir }, stdin: server.apiKey })
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  for (const args of [['imports', 'list'], ['doctor']])
    assert.notEqual((await run([...args, '--base-url', url], { env: { XDG_CONFIG_HOME: dir } })).code, 0)
  assert.ok(seen.length > 0 && !seen.includes(server.apiKey))
  const { code, stderr } = await run(['imports', 'list', '--base-url', url], { env: { XDG_CONFIG_HOME: dir } })
  assert.deepEqual([code, /No API key: run `holdfast login`/.test(stderr)], [2, true])
})

test('a hidden prompt writes nothing of what is typed, takes corrections, and gives the terminal back', async () => {
  const modes: boolean[] = []
  const screen: string[] = []
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) })
  const asked = askHidden('API key: ', keyboard, { write: (text) => screen.push(text) })
  keyboard.write('hf_se')
  keyboard.write('crex\u007ft\r')
  assert.equal(await asked, 'hf_secret')
  assert.deepEqual(
    [screen, modes],
    [
      ['API key: ', '\n'],
      [true, false],
    ],
  )

  const stopped = askHidden('API key: ', Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} }).end('x\u0003'), {
    write: () => {},
  })
  await assert.rejects(stopped, /Stopped/)
  await assert.rejects(askHidden('API key: ', new PassThrough()), /no terminal/)
})
