import { HoldfastError } from '../../errors.ts'

/** Ends whatever the exchange is doing when its time is up or its caller gives up. */
export interface Deadline {
  /** Set by the step that is running; called once at most. */
  onEnd: ((error: Error) => void) | null
  /** Why it ended, or null while there is time. */
  ended: Error | null
  stop(): void
}

export function startDeadline(host: string, timeoutMs: number, signal: AbortSignal | undefined): Deadline {
  const end = (error: Error) => {
    deadline.ended ??= error
    deadline.onEnd?.(deadline.ended)
  }
  const timer = setTimeout(() => end(timedOut(host)), timeoutMs)
  const stopListening = signal && onAbort(signal, end)
  const deadline: Deadline = {
    onEnd: null,
    ended: null,
    stop() {
      clearTimeout(timer)
      stopListening?.()
      deadline.onEnd = null
    },
  }
  if (signal?.aborted) end(reasonOf(signal))
  return deadline
}

function onAbort(signal: AbortSignal, end: (error: Error) => void): () => void {
  const listener = () => end(reasonOf(signal))
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new DOMException('The call was aborted.', 'AbortError')

export const timedOut = (host: string, cause?: unknown): HoldfastError =>
  new HoldfastError('upstream_timeout', `${host} did not answer in time.`, { cause })
