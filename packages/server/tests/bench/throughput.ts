import { type Call, type Load, median, spread, type Throughput } from './load.ts'
import { bareCall, executeCall, proxyCall } from './workload.ts'

export interface Figure {
  readonly perSecond: number
  readonly p99: number
  /** Against the bare proxy of the same round, the median of the rounds. */
  readonly ofBare: number
  readonly ofBarePost: number
  readonly p99OfBare: number
  /** Of the throughput between rounds, as a share of the median. */
  readonly spread: number
}

/** `barePost` is the bare proxy given the very requests that Holdfast is given: keys, JSON bodies and all. */
export type Targets = 'bare' | 'barePost' | 'proxy' | 'execute'
export type ThroughputResult = Readonly<Record<Targets, Figure>>

export interface ThroughputPlan {
  readonly bareUrl: string
  readonly serverUrl: string
  readonly accountIds: readonly string[]
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  /** Of each target. Long enough for the code to be compiled: a cold server is another measurement. */
  readonly warmUpSeconds: number
}

/** In turns (A B C A B C …) and by medians, so that a noisy minute of the machine does not decide. */
export async function measureThroughput(load: Load, plan: ThroughputPlan): Promise<ThroughputResult> {
  const { bareUrl, serverUrl, accountIds, connections } = plan
  const calls: Readonly<Record<Targets, readonly Call[]>> = {
    bare: accountIds.map(() => bareCall(bareUrl)),
    barePost: accountIds.map((id) => proxyCall(bareUrl, id)),
    proxy: accountIds.map((id) => proxyCall(serverUrl, id)),
    execute: accountIds.map((id) => executeCall(serverUrl, id)),
  }
  const targets = ['bare', 'barePost', 'proxy', 'execute'] as const
  for (const target of targets) await load.press(calls[target], connections, plan.warmUpSeconds)

  const rounds: Record<Targets, Throughput[]> = { bare: [], barePost: [], proxy: [], execute: [] }
  for (let round = 0; round < plan.rounds; round++)
    for (const target of targets) rounds[target].push(await load.press(calls[target], connections, plan.seconds))

  const figureOf = (target: Targets): Figure => {
    const perSecond = rounds[target].map((round) => round.perSecond)
    const against = (other: Targets, pick: (round: Throughput) => number) =>
      median(rounds[target].map((round, index) => pick(round) / pick(rounds[other][index] ?? round)))
    return {
      perSecond: median(perSecond),
      p99: median(rounds[target].map(({ p99 }) => p99)),
      ofBare: against('bare', (round) => round.perSecond),
      ofBarePost: against('barePost', (round) => round.perSecond),
      p99OfBare: against('bare', (round) => round.p99),
      spread: spread(perSecond),
    }
  }
  return {
    bare: figureOf('bare'),
    barePost: figureOf('barePost'),
    proxy: figureOf('proxy'),
    execute: figureOf('execute'),
  }
}
