import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { writeBanner } from './start-banner.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

const run = (args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })

test('help names the commands, and each has its own', async () => {
  const { code, stdout } = await run(['--help'])
  assert.equal(code, 0)
  for (const command of ['serve', 'migrate', 'rotate-keys', 'oauth-apps', 'doctor']) {
    assert.match(stdout, new RegExp(`^ +${command} `, 'm'))
    assert.match((await run([command, '--help'])).stdout, new RegExp(`^Usage: holdfast-server ${command}`))
  }
})

test('the version is that of the package', async () => {
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('wrong settings stop every command with exit 2, a line for each and no value', async () => {
  for (const command of [[], ['migrate'], ['rotate-keys'], ['doctor']]) {
    const { code, stdout, stderr } = await run(command, { HOLDFAST_PORT: 'marked', HOLDFAST_MASTER_KEY: 'marked' })
    assert.equal(code, 2, command.join())
    assert.match(stderr, /^holdfast-server: HOLDFAST_PORT must be .*\nholdfast-server: HOLDFAST_MASTER_KEY must be .*\n$/)
    assert.equal((stdout + stderr).includes('marked'), false)
  }
})

test('a database that is not there is told in words, with its address and without its password', async () => {
  const { code, stdout, stderr } = await run([], {
    HOLDFAST_PORT: '0',
    HOLDFAST_DATABASE_URL: 'postgres://user:marked@127.0.0.1:1/holdfast',
    HOLDFAST_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  })
  assert.equal(code, 1)
  assert.match(stderr, /database cannot be reached[\s\S]*ECONNREFUSED 127\.0\.0\.1:1/)
  assert.equal((stdout + stderr).includes('marked'), false)
})

test('the banner points at the file of the key and does not show the key', () => {
  const text = writeBanner({
    url: 'http://h:1',
    version: '1.0.0',
    bootstrap: { apiKeyFile: "/it's/api-key", apiKeyCreated: 'hf_new' },
  })
  assert.equal(text.includes('hf_new'), false)
  assert.match(text, /in \/it's\/api-key/)
  assert.ok(text.includes(`curl -H "x-api-key: $(cat '/it'\\''s/api-key')" http://h:1/api/v3.1/toolkits`))
})

test('a key that is kept nowhere is shown at the start that made it, and only then', () => {
  const banner = (bootstrap: { apiKeyCreated?: string }) => writeBanner({ url: 'http://h:1', version: '1.0.0', bootstrap })
  assert.match(banner({ apiKeyCreated: 'hf_new' }), /hf_new \(made just now/)
  assert.equal(banner({}).includes('hf_'), false)
})
