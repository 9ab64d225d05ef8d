import { HoldfastError } from '../../errors.ts'

/** Ends whatever the exchange is doing when its time is up or its caller gives up. */
export interface Deadline {
  /** Set by the step that is running; called once at most. */
  onEnd: ((error: Error) => void) | null
  /** Why it ended, or null while there is time. */
  readonly ended: Error | null
  stop(): void
}

export function startDeadline(host: string, timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  let ended: Error | null = null
  const end = (error: Error) => {
    ended ??= error
    deadline.onEnd?.(ended)
  }
  const onAbort = () =>
    end(signal?.reason instanceof Error ? signal.reason : new DOMException('The call was aborted.', 'AbortError'))
  const timer = setTimeout(() => end(timedOut(host)), timeoutMs)
  const deadline: Deadline = {
    onEnd: null,
    get ended() {
      return ended
    },
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      deadline.onEnd = null
    },
  }
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  return deadline
}

export const timedOut = (host: string, cause?: unknown): HoldfastError =>
  new HoldfastError('upstream_timeout', `${host} did not answer in time.`, { cause })
