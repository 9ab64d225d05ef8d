import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const MODULE = new URL('log-destination.ts', import.meta.url).href

const runScript = (body: string) =>
  spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { openLogDestination } from '${MODULE}'; const log = openLogDestination(2); ${body}`,
  ])

const collect = async (stream: NodeJS.ReadableStream) => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('lines come out whole and in order, also those written just before the exit', async () => {
  const child = runScript(`for (let i = 0; i < 20000; i++) log.write(i + ' ' + 'ä'.repeat(20) + '\\n'); process.exit(0)`)
  const lines = (await collect(child.stderr)).trimEnd().split('\n')
  assert.equal(lines.length, 20_000)
  assert.equal(
    lines.every((line, i) => line === `${i} ${'ä'.repeat(20)}`),
    true,
  )
})

test('a line does not wait for the next one', async () => {
  const child = runScript(`log.write('first\\n'); setInterval(() => {}, 1e6)`)
  const [chunk] = await once(child.stderr, 'data')
  child.kill('SIGKILL')
  assert.equal(String(chunk), 'first\n')
})

test('when the reader is gone the process goes on and ends by itself', async () => {
  const child = runScript(
    `process.stdin.once('data', () => { log.write('x\\n'); setTimeout(() => { log.write('y\\n'); process.exit(3) }, 60) })`,
  )
  child.stderr.destroy()
  child.stdin.end('go')
  const [code] = await once(child, 'exit')
  assert.equal(code, 3)
})
