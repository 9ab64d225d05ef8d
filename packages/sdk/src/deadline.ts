import { HoldfastAbortError } from './errors.ts'

/** Timers hold 31 bits; a longer wait would fire at once, so it counts as "no limit". */
const MAX_TIMER_MS = 2 ** 31 - 1

const abortErrorOf = (signal: AbortSignal) => new HoldfastAbortError('The request was aborted.', { cause: signal.reason })

export interface Deadline {
  readonly timeoutMs: number
  readonly onTimeout: () => Error
  readonly signal?: AbortSignal | undefined
}

/** Runs `work` until the deadline or the caller's signal, even if the work ignores the signal that it is given. */
export function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, timeoutMs } = deadline
  if (signal?.aborted) return Promise.reject(abortErrorOf(signal))
  return new Promise<T>((resolve, reject) => {
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const cleanUp = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    // Rejected before the work is told to stop, so that its own AbortError comes too late to be seen.
    const interrupt = (error: Error) => {
      cleanUp()
      reject(error)
      controller.abort(error)
    }
    const onAbort = () => signal && interrupt(abortErrorOf(signal))
    signal?.addEventListener('abort', onAbort, { once: true })
    if (timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS) timer = setTimeout(() => interrupt(deadline.onTimeout()), timeoutMs)
    work(controller.signal).then(resolve, reject).finally(cleanUp)
  })
}

/** Waits, and stops waiting with an error as soon as the signal fires. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(abortErrorOf(signal))
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      if (signal) reject(abortErrorOf(signal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
