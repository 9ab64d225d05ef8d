import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
/** Only for a server that hangs: what starts slowly starts on a busy machine. */
const READY_WITHIN_MS = 120_000
/** Any key will do, as long as every server on one database has the same. */
export const SHARED_MASTER_KEY = Buffer.alloc(32, 'holdfast-test').toString('base64')

export interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** `sqlite` (default) in the data dir, or a PostgreSQL. */
  readonly database?: 'sqlite' | { readonly url: string }
  /** To start again on what an earlier server left; otherwise a new one that `stop` and `kill` remove. */
  readonly dataDir?: string
}

export interface TestServer {
  readonly url: string
  readonly apiKey: string
  readonly orgApiKey: string
  readonly dataDir: string
  readonly pid: number
  /** Everything it wrote so far, stdout and stderr. */
  output(): string
  /** Asks it to end, waits until it has, and resolves with its exit code (null when a signal ended it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** kill -9: nothing is flushed. */
  kill(): Promise<void>
}

/** A real server process with an environment of its own, ready when this resolves. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'holdfast-test-')))
  const database = options.database ?? 'sqlite'
  const onPostgres = database !== 'sqlite'
  const apiKey = options.env?.['HOLDFAST_API_KEY'] ?? (onPostgres ? 'hf_test-server-shared-key-000000' : undefined)
  const orgApiKey = options.env?.['HOLDFAST_ORG_API_KEY'] ?? 'test-organisation-key-0123456789'
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_ORG_API_KEY: orgApiKey,
      ...(onPostgres ? { HOLDFAST_DATABASE_URL: database.url, HOLDFAST_MASTER_KEY: SHARED_MASTER_KEY } : {}),
      ...(apiKey === undefined ? {} : { HOLDFAST_API_KEY: apiKey }),
      ...options.env,
    },
  })
  const written: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => written.push(text))
  const output = () => written.join('')
  const ended = endOf(child)

  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const code = await ended
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    return code
  }
  try {
    const url = await waitUntilReady(child, output)
    return {
      url,
      apiKey: apiKey ?? (await readFile(join(dataDir, 'api-key'), 'utf8')).trim(),
      orgApiKey,
      dataDir,
      pid: child.pid ?? 0,
      output,
      stop: (signal = 'SIGTERM') => end(signal),
      kill: async () => void (await end('SIGKILL')),
    }
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
}

const endOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })

/** The banner names the port that the system chose; /readyz says when it may be used. */
async function waitUntilReady(child: ChildProcess, output: () => string): Promise<string> {
  const deadline = Date.now() + READY_WITHIN_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the test server ended at its start:\n${output()}`)
    const url = /listens on (http:\/\/\S+)/.exec(output())?.[1]
    if (url !== undefined && (await isReady(url))) return url
    await sleep(10)
  }
  throw new Error(`the test server was not ready within ${READY_WITHIN_MS} ms:\n${output()}`)
}

const isReady = async (url: string) => {
  try {
    return (await fetch(`${url}/readyz`)).ok
  } catch {
    return false // not listening yet
  }
}
