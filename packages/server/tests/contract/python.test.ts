import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDir } from '../../testing/databases.ts'
import { startTestServer } from '../../testing/test-server.ts'

const VERSION = '0.29.0'
const SNIPPETS = fileURLToPath(new URL('document_snippets.py', import.meta.url))

const run = (file: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ code: number; stdout: string; output: string }>((resolve) => {
    execFile(file, args, { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env } }, (error, stdout, stderr) => {
      resolve({ code: error ? 1 : 0, stdout, output: `${stdout}${stderr}${error ?? ''}` })
    })
  })

/** How pip says that it got nowhere; any other failure of an installation is one of ours. */
const UNREACHABLE = /No matching distribution|Could not fetch URL|NewConnectionError|ConnectTimeout|Temporary failure|ENOENT/

test(`the official Python package ${VERSION} runs the document's snippets`, async (t) => {
  const venv = temporaryDir()
  const made = await run('python3', ['-m', 'venv', venv])
  if (/ENOENT|ensurepip is not available/.test(made.output)) return t.skip('python3 with venv is not on this machine')
  assert.equal(made.code, 0, made.output)
  const python = join(venv, 'bin', 'python')
  const installed = await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `composio==${VERSION}`])
  if (installed.code !== 0 && UNREACHABLE.test(installed.output))
    return t.skip(`PyPI cannot be reached: ${installed.output.slice(-200)}`)
  assert.equal(installed.code, 0, installed.output)

  const server = await startTestServer()
  t.after(() => server.stop())
  const { code, stdout, output } = await run(python, [SNIPPETS], {
    HOLDFAST_TEST_URL: server.url,
    HOLDFAST_TEST_KEY: server.apiKey,
    COMPOSIO_DISABLE_TELEMETRY: 'true',
    COMPOSIO_CACHE_DIR: venv,
  })
  assert.equal(code, 0, output)
  const { accounts, listed, tools } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, string[]>
  assert.deepEqual(listed?.toSorted(), accounts?.toSorted())
  assert.ok(tools?.includes('COMPOSIO_SEARCH_TOOLS'), String(tools))
})
