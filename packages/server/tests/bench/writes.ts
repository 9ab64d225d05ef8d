import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, type Load, median } from './load.ts'
import { createCall } from './workload.ts'

export interface WriteResult {
  /** One after the other: what a single import waits. */
  readonly singleMs: number
  /** With 16 at once. */
  readonly perSecond: number
  /** What the disk itself takes to hold one page for good. */
  readonly diskMs: number
}

/** Imports through the API, each one durable before it is answered. */
export async function measureWrites(
  load: Load,
  plan: {
    readonly url: string
    readonly authConfigId: string
    readonly directory: string
    readonly rounds: number
    readonly seconds: number
  },
): Promise<WriteResult> {
  const { url, authConfigId, directory } = plan
  const calls = (from: number): Call[] =>
    Array.from({ length: 500 }, (_, index) => createCall(url, authConfigId, 1_000_000 + from + index))
  const diskBefore = timeDisk(directory)
  const [single] = await load.takeTurns([calls(0)], plan.rounds)
  const { perSecond } = await load.press(calls(500), 16, plan.seconds)
  return { singleMs: single?.median ?? Number.NaN, perSecond, diskMs: median([diskBefore, timeDisk(directory)]) }
}

function timeDisk(directory: string): number {
  const path = join(directory, 'disk-probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4096)
  const times = Array.from({ length: 60 }, () => {
    const started = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - started
  })
  closeSync(file)
  rmSync(path)
  return median(times)
}
