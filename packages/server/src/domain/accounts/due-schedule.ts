export interface DueSchedule {
  /** Works on what is due now; resolves with the number of those. */
  runOnce(): Promise<number>
  /** Nothing new begins; what is under way ends first. */
  close(): Promise<void>
}

export interface DueScheduleOptions {
  readonly everyMs: number
  readonly concurrency?: number
  readonly onError?: (error: unknown) => void
}

/** Works on what is due, again and again. Any number of servers may do so: `work` sees to it that one of them gets each piece. */
export function startDueSchedule<Due>(
  listDue: () => Promise<readonly Due[]>,
  work: (due: Due) => Promise<void>,
  { everyMs, concurrency = 4, onError = () => {} }: DueScheduleOptions,
): DueSchedule {
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> | undefined

  const workOff = async (): Promise<number> => {
    const due = await listDue()
    const queue = due.values()
    const worker = async () => {
      for (const one of queue) {
        if (closed) return
        await work(one).catch(onError)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return due.length
  }
  const runOnce = (): Promise<number> => {
    running ??= workOff().finally(() => {
      running = undefined
    })
    return running
  }
  const plan = () => {
    if (closed) return
    // Servers that started together drift apart.
    const wait = everyMs * (0.5 + Math.random())
    timer = setTimeout(() => void runOnce().catch(onError).finally(plan), wait).unref()
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
