import { setTimeout as sleep } from 'node:timers/promises'

export interface Pace {
  /** Resolves when one more may go to this toolkit; at once when the signal is aborted. */
  turn(toolkitSlug: string, signal: AbortSignal): Promise<void>
}

/** At most so many a second for each toolkit, evenly. */
export function createPace(perSecond: number, now: () => number = () => performance.now()): Pace {
  const nextAt = new Map<string, number>()
  return {
    async turn(toolkitSlug, signal) {
      const at = Math.max(now(), nextAt.get(toolkitSlug) ?? 0)
      nextAt.set(toolkitSlug, at + 1000 / perSecond)
      const wait = at - now()
      if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined)
    },
  }
}
