import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
export const API_KEY = 'hf_benchmark-key-0000000000'
export const MASTER_KEY = Buffer.alloc(32, 'holdfast-bench').toString('base64')

/** Where a server keeps what it is given. */
export interface Home {
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly toolkitsDir: string
  readonly allowHosts: string
}

export interface BenchServer {
  readonly url: string
  /** From the spawn of the process to the first good answer of /readyz. */
  readonly startedInMs: number
  residentBytes(): Promise<number>
  stop(): Promise<void>
}

/** How the image starts a server: what of it concerns the runtime. */
function readImage(): { readonly nodeOptions: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const dockerfile = readFileSync(new URL('../../../../Dockerfile', import.meta.url), 'utf8')
  const entry: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? 'null')
  const arenas = /^ENV MALLOC_ARENA_MAX=(\d+)$/m.exec(dockerfile)?.[1]
  if (!Array.isArray(entry) || arenas === undefined) throw new Error('the Dockerfile no longer says how a server is started')
  return {
    nodeOptions: entry.map(String).filter((part) => part.startsWith('--')),
    environment: { MALLOC_ARENA_MAX: arenas },
  }
}

/**
 * As the image starts it, with the settings of a production server, its log included: that goes to a file, so that nobody
 * spends time on reading it.
 */
export async function startServer(home: Home): Promise<BenchServer> {
  const logFile = join(home.toolkitsDir, '..', 'server.log')
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const { nodeOptions, environment } = readImage()
  const child = spawn(process.execPath, [...nodeOptions, MAIN, 'serve'], {
    stdio: ['ignore', 'pipe', log],
    env: {
      PATH: process.env['PATH'],
      ...environment,
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA_DIR: home.dataDir,
      HOLDFAST_API_KEY: API_KEY,
      HOLDFAST_MASTER_KEY: MASTER_KEY,
      HOLDFAST_TOOLKITS_DIR: home.toolkitsDir,
      HOLDFAST_ALLOW_HOSTS: home.allowHosts,
      ...(home.databaseUrl === undefined ? {} : { HOLDFAST_DATABASE_URL: home.databaseUrl }),
    },
  })
  closeSync(log)
  const url = await untilReady(child, logFile)
  return {
    url,
    startedInMs: performance.now() - startedAt,
    residentBytes: () => readResidentBytes(url),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function untilReady(child: ChildProcess, logFile: string): Promise<string> {
  let banner = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    banner += text
  })
  for (let attempt = 0; attempt < 6_000; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
    const url = /listens on (http:\/\/\S+)/.exec(banner)?.[1]
    if (url !== undefined && (await fetch(`${url}/readyz`)).ok) return url.replace('localhost', '127.0.0.1')
    await sleep(5)
  }
  throw new Error('the server was not ready in time')
}

async function readResidentBytes(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1])
}
