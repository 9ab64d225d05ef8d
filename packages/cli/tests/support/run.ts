import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Holdfast } from '@holdfast/sdk'
import { startTestServer, type TestServerOptions } from '../../../server/testing/test-server.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly main?: string
  /** Called whenever something was written to stderr, with all of it so far. */
  readonly onStderr?: (text: string, child: ChildProcess) => void
}

/** The command as a process of its own, without a terminal and without the settings of whoever runs the tests. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [options.main ?? MAIN, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env },
  })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      if (name === 'stderr') options.onStderr?.(written.stderr, child)
    })
  child.stdin.on('error', () => {}) // a command that needs no input may end before it is there
  child.stdin.end(options.stdin ?? '')
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...written })))
}

/** A folder that goes with the test, and a way to write files into it. */
export function folderFor(t: TestContext): { readonly dir: string; write(name: string, text: string): string } {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return {
    dir,
    write(name, text) {
      const path = join(dir, name)
      writeFileSync(path, text)
      return path
    },
  }
}

/** A real server with one auth config, and the command pointed at it. */
export async function startWithServer(t: TestContext, options: TestServerOptions = {}) {
  const server = await startTestServer(options)
  t.after(() => server.stop())
  const holdfast = new Holdfast({ apiKey: server.apiKey, baseURL: server.url })
  const { id: authConfigId } = await holdfast.authConfigs.create('sendgrid', { type: 'use_custom_auth', authScheme: 'API_KEY' })
  const env = { HOLDFAST_BASE_URL: server.url, HOLDFAST_API_KEY: server.apiKey }
  const cli = (args: readonly string[], more: RunOptions = {}) => run(args, { ...more, env: { ...env, ...more.env } })
  return { server, holdfast, authConfigId, cli, env }
}
