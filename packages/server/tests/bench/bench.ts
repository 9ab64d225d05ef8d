import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type PostgresServer, startPostgres } from '../../testing/postgres.ts'
import { startChild } from './children.ts'
import { newHome, openStock } from './homes.ts'
import { loadFrom } from './load.ts'
import { measureReads } from './reads.ts'
import { type BenchResult, writeReport } from './report.ts'
import { measureThroughput, type ThroughputResult } from './throughput.ts'
import { writeToolkit } from './toolkit.ts'
import { getCall } from './workload.ts'
import { measureWrites } from './writes.ts'

const USAGE = `npm run bench -- [--quick] [--postgres]

  --quick      a smoke run of half a minute: fewer accounts, one short round
  --postgres   the same once more on PostgreSQL
`

const FULL = { few: 1_000, many: 100_000, rounds: 5, seconds: 3, warmUpSeconds: 5, turns: 300, writes: 200 }
const QUICK = { few: 500, many: 5_000, rounds: 1, seconds: 1, warmUpSeconds: 1, turns: 60, writes: 30 }
/** Accounts whose credentials the calls use in turn. */
const ACCOUNTS_IN_USE = 1_000

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, postgres: { type: 'boolean' }, help: { type: 'boolean' } },
})
if (options.help) {
  process.stdout.write(USAGE)
  process.exit()
}
const quick = options.quick === true
const planFor = (database: BenchResult['database']) => {
  if (quick) return QUICK
  // Over a socket each statement of an import is a round trip: a hundred thousand would take minutes.
  return database === 'postgres' ? { ...FULL, many: 20_000 } : FULL
}
const progress = (text: string) => process.stderr.write(`… ${text}\n`)

async function runOn(database: BenchResult['database'], postgres: PostgresServer | undefined): Promise<BenchResult> {
  const startedAt = performance.now()
  const plan = planFor(database)
  const root = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const cleanUp: (() => Promise<void>)[] = [async () => rmSync(root, { recursive: true, force: true })]
  try {
    const upstream = await startChild<{ url: string; replyBytes: number }>('upstream.process.ts')
    cleanUp.push(upstream.stop)
    const bare = await startChild<{ url: string }>('bare-proxy.process.ts', upstream.ready.url)
    cleanUp.push(bare.stop)
    const generator = await startChild('load.process.ts')
    cleanUp.push(generator.stop)
    const load = loadFrom(generator)
    mkdirSync(join(root, 'toolkits'))
    writeToolkit(join(root, 'toolkits'), upstream.ready.url)
    const homeOptions = { root, upstreamUrl: upstream.ready.url, postgres }

    progress(`${database}: ${plan.few} accounts through the API`)
    const few = await openStock(load, await newHome('few', homeOptions), plan.few, 'api')
    cleanUp.push(few.server.stop)
    progress(`${database}: ${plan.many} accounts by the server's own function`)
    const many = await openStock(load, await newHome('many', homeOptions), plan.many, 'function')
    cleanUp.push(many.server.stop)
    const idle = await many.server.residentBytes()
    const accountIds = many.stock.accountIds.slice(0, ACCOUNTS_IN_USE)

    const throughput: Record<string, ThroughputResult> = {}
    for (const connections of [16, 64]) {
      progress(`${database}: bare proxy against Holdfast, ${connections} connections`)
      throughput[connections] = await measureThroughput(load, {
        bareUrl: bare.ready.url,
        serverUrl: many.server.url,
        accountIds,
        connections,
        rounds: plan.rounds,
        seconds: plan.seconds,
        warmUpSeconds: plan.warmUpSeconds,
      })
    }
    progress(`${database}: reads at ${plan.few} and at ${plan.many} accounts`)
    const gets = await load.press(
      accountIds.map((id) => getCall(many.server.url, id)),
      16,
      plan.seconds,
    )
    const reads = await measureReads(load, few.stock, many.stock, plan.turns)
    progress(`${database}: imports`)
    const { authConfigId } = many.stock
    const writes = await measureWrites(load, {
      url: many.server.url,
      authConfigId,
      directory: root,
      rounds: plan.writes,
      seconds: plan.seconds,
    })
    const bareAt16 = throughput[16]?.bare.perSecond ?? Number.NaN
    return {
      database,
      quick,
      accounts: { few: plan.few, many: plan.many },
      replyBytes: upstream.ready.replyBytes,
      throughput,
      reads,
      getPerSecond: { perSecond: gets.perSecond, ofBare: gets.perSecond / bareAt16 },
      writes,
      importPerSecond: (plan.many / many.seededInMs) * 1000,
      startMs: { first: few.firstStartMs, next: few.nextStartMs, nextWithMany: many.nextStartMs },
      residentMb: { idle: idle / 2 ** 20, afterLoad: (await many.server.residentBytes()) / 2 ** 20 },
      seconds: (performance.now() - startedAt) / 1000,
    }
  } finally {
    for (const clean of cleanUp.reverse()) await clean()
  }
}

process.stderr.write(`Node ${process.version}, ${availableParallelism()} processors. Nothing else should run meanwhile.\n`)
process.stdout.write(writeReport(await runOn('sqlite', undefined)))
if (options.postgres) {
  const postgres = await startPostgres()
  try {
    process.stdout.write(writeReport(await runOn('postgres', postgres)))
  } finally {
    await postgres.stop()
  }
}
