import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { PostgresServer } from '../../testing/postgres.ts'
import { startChild } from './children.ts'
import { type Call, type Load, median } from './load.ts'
import type { Stock } from './reads.ts'
import type { SeedQuestion } from './seed.process.ts'
import { type BenchServer, type Home, startServer } from './server.ts'
import { createAuthConfig, createCall } from './workload.ts'

export interface HomeOptions {
  readonly root: string
  readonly upstreamUrl: string
  readonly postgres: PostgresServer | undefined
}

/** A new, empty place for a server. */
export async function newHome(name: string, { root, upstreamUrl, postgres }: HomeOptions): Promise<Home> {
  const dataDir = join(root, `data-${name}`)
  mkdirSync(dataDir)
  return {
    dataDir,
    databaseUrl: postgres && (await createDatabase(postgres, `bench_${name}`)),
    toolkitsDir: join(root, 'toolkits'),
    allowHosts: new URL(upstreamUrl).host,
  }
}

async function createDatabase(postgres: PostgresServer, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: `${postgres.url}/postgres` })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return `${postgres.url}/${name}`
}

export interface Opened {
  readonly stock: Stock
  readonly server: BenchServer
  readonly firstStartMs: number
  readonly nextStartMs: number
}

/** Few accounts come in through the API; many by the server's own function in a process of its own, since each waits for the disk. */
export async function openStock(
  load: Load,
  home: Home,
  size: number,
  via: 'api' | 'function',
): Promise<Opened & { seededInMs: number }> {
  const first = await startServer(home)
  const authConfigId = await createAuthConfig(first.url)
  const startedAt = performance.now()
  const ids = via === 'api' ? await importByApi(load, first.url, authConfigId, size) : []
  await first.stop()
  if (via === 'function') ids.push(...(await seed({ home, authConfigId, from: 0, to: size })))
  const seededInMs = performance.now() - startedAt

  const starts: number[] = []
  for (let round = 0; round < 3; round++) {
    const next = await startServer(home)
    starts.push(next.startedInMs)
    await next.stop()
  }
  const server = await startServer(home)
  starts.push(server.startedInMs)
  return {
    server,
    stock: { url: server.url, authConfigId, accountIds: ids, size },
    firstStartMs: first.startedInMs,
    nextStartMs: median(starts),
    seededInMs,
  }
}

async function seed(question: SeedQuestion): Promise<string[]> {
  const seeder = await startChild('seed.process.ts')
  try {
    return await seeder.ask<string[]>(question)
  } finally {
    await seeder.stop()
  }
}

async function importByApi(load: Load, url: string, authConfigId: string, size: number): Promise<string[]> {
  const calls: Call[] = Array.from({ length: size }, (_, index) => createCall(url, authConfigId, index))
  return load.createAll(calls, 16)
}
