import type { AccountsDeps } from './accounts.service.ts'
import { attemptRevocation } from './revocation-attempt.ts'
import { listDueRevocationsAcrossProjects } from './revocations.repository.ts'

export interface RevocationSchedule {
  /** Asks the providers of all that is due; resolves with the number of those. */
  runOnce(): Promise<number>
  /** Nothing new begins; what is under way ends first. */
  close(): Promise<void>
}

export interface RevocationScheduleOptions {
  readonly everyMs?: number
  readonly onError?: (error: unknown) => void
}

const BATCH = 100
const CONCURRENCY = 4

/** Grants that are to be given back are, across restarts and on whichever server is there. */
export function startRevocationSchedule(
  deps: AccountsDeps,
  { everyMs = 10_000, onError = () => {} }: RevocationScheduleOptions = {},
): RevocationSchedule {
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> | undefined

  const work = async (): Promise<number> => {
    const due = await listDueRevocationsAcrossProjects(deps.db, deps.now(), BATCH)
    const queue = due.values()
    const worker = async () => {
      for (const one of queue) {
        if (closed) return
        await attemptRevocation(deps, one).catch(onError)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, worker))
    return due.length
  }
  const runOnce = (): Promise<number> => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
  const plan = () => {
    if (closed) return
    // Servers that started together drift apart.
    timer = setTimeout(() => void runOnce().catch(onError).finally(plan), everyMs * (0.5 + Math.random())).unref()
  }
  plan()
  return {
    runOnce,
    async close() {
      closed = true
      clearTimeout(timer)
      await running?.catch(onError)
    },
  }
}
