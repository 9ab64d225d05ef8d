import type { Child } from './children.ts'

export interface Call {
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Throughput {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export interface Latency {
  /** Milliseconds. */
  readonly median: number
  readonly p99: number
}

export type LoadQuestion =
  | {
      readonly kind: 'press'
      readonly calls: readonly Call[]
      readonly connections: number
      readonly seconds: number
    }
  | {
      readonly kind: 'turns'
      readonly groups: readonly (readonly Call[])[]
      readonly rounds: number
    }
  | { readonly kind: 'create'; readonly calls: readonly Call[]; readonly connections: number }

/** The load generator, seen from the benchmark. */
export interface Load {
  press(calls: readonly Call[], connections: number, seconds: number): Promise<Throughput>
  takeTurns(groups: readonly (readonly Call[])[], rounds: number): Promise<Latency[]>
  /** Makes each call once and resolves with the ids in the answers. */
  createAll(calls: readonly Call[], connections: number): Promise<string[]>
}

export const loadFrom = (child: Child): Load => ({
  press: (calls, connections, seconds) => child.ask({ kind: 'press', calls, connections, seconds } satisfies LoadQuestion),
  takeTurns: (groups, rounds) => child.ask({ kind: 'turns', groups, rounds } satisfies LoadQuestion),
  createAll: (calls, connections) => child.ask({ kind: 'create', calls, connections } satisfies LoadQuestion),
})

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = sorted.length % 2 === 0 ? sorted.slice(middle - 1) : sorted.slice(middle)
  return sorted.length % 2 === 0 ? (low + high) / 2 : low
}

/** How far the rounds lay apart: a figure from a noisy machine shows itself as one. */
export const spread = (values: readonly number[]): number => (Math.max(...values) - Math.min(...values)) / median(values)
