import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDir } from './databases.ts'

const OAUTHLIB = 'oauthlib==3.3.1'
const PROVIDER = fileURLToPath(new URL('oauth1_provider.py', import.meta.url))

export const CONSUMER = { consumer_key: 'consumer-key-of-the-tests', consumer_secret: 'consumer-secret/+of the tests' }

const run = (file: string, args: readonly string[]) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    execFile(file, args, (error, stdout, stderr) => resolve({ code: error ? 1 : 0, output: `${stdout}${stderr}${error ?? ''}` }))
  })

/** How pip says that it got nowhere; any other failure of an installation is one of ours. */
const UNREACHABLE = /No matching distribution|Could not fetch URL|NewConnectionError|ConnectTimeout|Temporary failure|ENOENT/

/** A provider that nobody here wrote: oauthlib's, in Python. Undefined, with the reason told, where Python or PyPI is not there. */
export async function startOAuth1Upstream(t: TestContext): Promise<{ origin: string; host: string } | { unavailable: string }> {
  const venv = temporaryDir()
  const made = await run('python3', ['-m', 'venv', venv])
  if (/ENOENT|ensurepip is not available/.test(made.output)) return { unavailable: 'python3 with venv is not on this machine' }
  if (made.code !== 0) throw new Error(made.output)
  const python = join(venv, 'bin', 'python')
  const installed = await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', OAUTHLIB])
  if (installed.code !== 0 && UNREACHABLE.test(installed.output))
    return { unavailable: `PyPI cannot be reached: ${installed.output.slice(-200)}` }
  if (installed.code !== 0) throw new Error(installed.output)

  const child = spawn(python, [PROVIDER], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}` }
}
