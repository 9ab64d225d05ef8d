import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('with-setup.mjs', import.meta.url))
const run = (...args) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' })

test('what is set up runs at once, quietly, with its own exit code', () => {
  const { status, stdout, stderr } = run(
    'all',
    '-e',
    'console.log(process.argv[1], process.version); process.exitCode = 7',
    'argument',
  )
  assert.deepEqual([status, stdout, stderr], [7, `argument ${process.version}\n`, ''])
})

test('a script gets its own arguments', () => {
  const { status, stdout } = run('server', 'packages/server/src/main.ts', '--version')
  assert.deepEqual([status, /^\d+\.\d+\.\d+\n$/.test(stdout)], [0, true])
})

test('wrong use says what is right', () => {
  for (const args of [[], ['server'], ['everything', 'x.mjs']]) {
    const { status, stderr } = run(...args)
    assert.deepEqual([status, stderr.startsWith('usage: ')], [2, true])
  }
})

test('a signal reaches the program, which may end in its own way', async () => {
  const child = spawn(process.execPath, [
    SCRIPT,
    'all',
    '-e',
    'process.on("SIGTERM", () => process.exit(9)); console.log("up"); setInterval(() => {}, 1e6)',
  ])
  const code = await new Promise((resolve) => {
    child.stdout.once('data', () => child.kill('SIGTERM'))
    child.once('close', resolve)
  })
  assert.equal(code, 9)
})

test('a program that a signal killed is seen as killed by it', async () => {
  const child = spawn(process.execPath, [SCRIPT, 'all', '-e', 'process.kill(process.pid, "SIGKILL")'])
  const signal = await new Promise((resolve) => child.once('close', (_code, name) => resolve(name)))
  assert.equal(signal, 'SIGKILL')
})
