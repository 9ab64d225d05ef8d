import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const DEMO = fileURLToPath(new URL('../../testing/demo.ts', import.meta.url))

test('npm run demo tells the whole story and ends well', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO], { timeout: 60_000 }) // rejects unless it exits with 0
  const [before = '', after = ''] = stdout.split('rotates the credential in place')
  assert.match(before, /"username":"ada"/)
  assert.match(before, /error +"npm registry answered 403/)
  assert.match(after, /"username":"ada-robot"/)
  assert.match(after, /Done in \d+\.\d s/)
  assert.doesNotMatch(stdout, /eyJ\w{5}|-has-a-password|not-her-password/, 'the demo shows a secret')
})
