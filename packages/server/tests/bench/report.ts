import type { ReadResult } from './reads.ts'
import type { Figure, ThroughputResult } from './throughput.ts'
import type { WriteResult } from './writes.ts'

export interface BenchResult {
  readonly database: 'sqlite' | 'postgres'
  readonly quick: boolean
  readonly accounts: { readonly few: number; readonly many: number }
  readonly replyBytes: number
  readonly throughput: Readonly<Record<string, ThroughputResult>>
  readonly reads: readonly ReadResult[]
  readonly getPerSecond: { readonly perSecond: number; readonly ofBare: number }
  readonly writes: WriteResult
  readonly importPerSecond: number
  readonly startMs: { readonly first: number; readonly next: number; readonly nextWithMany: number }
  readonly residentMb: { readonly idle: number; readonly afterLoad: number }
  readonly seconds: number
}

const AIMS = { throughput: 0.6, p99: 3, growth: 1.3, residentMb: 250 }

const rounded = (value: number, digits = 2) => Number(value.toFixed(digits))
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`
const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED')

interface Line {
  readonly what: string
  readonly figure: string
  readonly ratio?: string
  readonly aim?: string
}

function throughputLines(connections: string, { bare, barePost, proxy, execute }: ThroughputResult): Line[] {
  const judged = connections === '64'
  const figureOf = ({ perSecond, p99, spread }: Figure) =>
    `${perSecond.toFixed(0)}/s, p99 ${ms(p99)}, rounds within ${(spread * 100).toFixed(0)} %`
  const lines: Line[] = [
    { what: `bare Node proxy, ${connections} connections`, figure: figureOf(bare) },
    {
      what: `bare, given Holdfast's requests, ${connections} connections`,
      figure: figureOf(barePost),
      ratio: `${barePost.ofBare.toFixed(2)} of bare`,
    },
  ]
  for (const [name, figure] of [
    ['tools/execute/proxy', proxy],
    ['tools/execute/{slug}', execute],
  ] as const) {
    const { ofBare: share, ofBarePost, p99OfBare: slower } = figure
    lines.push({
      what: `${name}, ${connections} connections`,
      figure: figureOf(figure),
      ratio: `${share.toFixed(2)} of bare (${ofBarePost.toFixed(2)} of bare with these requests), p99 × ${slower.toFixed(1)}`,
      ...(judged && {
        aim: `≥ ${AIMS.throughput}: ${verdict(share >= AIMS.throughput)}, p99 ≤ × ${AIMS.p99}: ${verdict(slower <= AIMS.p99)}`,
      }),
    })
  }
  return lines
}

function linesOf(result: BenchResult): Line[] {
  const { few, many } = result.accounts
  const { writes, startMs, residentMb, getPerSecond } = result
  return [
    ...Object.entries(result.throughput).flatMap(([connections, figures]) => throughputLines(connections, figures)),
    {
      what: 'account get, 16 connections',
      figure: `${getPerSecond.perSecond.toFixed(0)}/s`,
      ratio: `${getPerSecond.ofBare.toFixed(2)} of bare`,
    },
    ...result.reads.map(({ name, few: small, many: large, ratio }) => ({
      what: name,
      figure: `${ms(small.median)} at ${few}, ${ms(large.median)} at ${many}`,
      ratio: `× ${ratio.toFixed(2)}`,
      aim: `≤ × ${AIMS.growth}: ${verdict(ratio <= AIMS.growth)}`,
    })),
    {
      what: 'account create, single, durable',
      figure: ms(writes.singleMs),
      ratio: `${(writes.singleMs / writes.diskMs).toFixed(1)} × one write that reaches the disk (${ms(writes.diskMs)})`,
    },
    { what: 'account create, 16 connections', figure: `${writes.perSecond.toFixed(0)}/s` },
    { what: `import of ${many} by function, batched`, figure: `${result.importPerSecond.toFixed(0)}/s` },
    { what: 'start to /readyz, new database', figure: ms(startMs.first) },
    { what: `start to /readyz, ${few} accounts`, figure: ms(startMs.next) },
    {
      what: `start to /readyz, ${many} accounts`,
      figure: ms(startMs.nextWithMany),
      ratio: `× ${(startMs.nextWithMany / startMs.next).toFixed(2)}`,
    },
    {
      what: `memory with ${many} accounts`,
      figure: `${residentMb.idle.toFixed(0)} MB idle, ${residentMb.afterLoad.toFixed(0)} MB after the load`,
      aim: `< ${AIMS.residentMb} MB: ${verdict(residentMb.afterLoad < AIMS.residentMb)}`,
    },
  ]
}

/** A table for people, then one line of JSON for programs. */
export function writeReport(result: BenchResult): string {
  const lines = linesOf(result)
  const width = (pick: (line: Line) => string | undefined) => Math.max(...lines.map((line) => pick(line)?.length ?? 0))
  const [what, figure, ratio] = [width((line) => line.what), width((line) => line.figure), width((line) => line.ratio)]
  const table = lines.map((line) =>
    `${line.what.padEnd(what)}  ${line.figure.padEnd(figure)}  ${(line.ratio ?? '').padEnd(ratio)}  ${line.aim ?? ''}`.trimEnd(),
  )
  const json = JSON.stringify(result, (_, value) => (typeof value === 'number' ? rounded(value, 3) : value))
  return `\nHoldfast on ${result.database}${result.quick ? ' (quick: too short to judge by)' : ''}, upstream replies of ${result.replyBytes} bytes, ${result.seconds.toFixed(0)} s\n\n${table.join('\n')}\n\n${json}\n`
}
