/** How often something may be tried. Kept in memory: each server counts for itself, and a restart forgets. */
export interface AttemptLimit {
  /** Milliseconds to wait; 0: go ahead, and this try is counted. */
  take(key: string): number
}

export interface AttemptLimitOptions {
  readonly attempts: number
  readonly windowMs: number
  /** The oldest are forgotten beyond this many keys. */
  readonly maxKeys: number
  readonly now: () => number
}

export function createAttemptLimit({ attempts, windowMs, maxKeys, now }: AttemptLimitOptions): AttemptLimit {
  const counts = new Map<string, { until: number; used: number }>()
  return {
    take(key) {
      const at = now()
      let count = counts.get(key)
      if (!count || count.until <= at) {
        counts.delete(key)
        count = { until: at + windowMs, used: 0 }
        counts.set(key, count)
        const oldest = counts.keys().next()
        if (counts.size > maxKeys && !oldest.done) counts.delete(oldest.value)
      }
      if (count.used >= attempts) return count.until - at
      count.used++
      return 0
    },
  }
}
