import { Worker } from 'node:worker_threads'
import type { Config } from './config.ts'

export interface ImportThread {
  /** There is something to work on, perhaps. */
  wake(): void
  /** The job under way stops after its batch, and waits for whoever starts next. */
  close(): Promise<void>
}

export interface ImportThreadOptions {
  /** Asked from time to time: another server may have died over a job, or been stopped. */
  readonly hasWork: () => Promise<boolean>
  readonly onError: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Imports are worked on beside the server, in a thread with a database connection of its own, so that calls do not wait for
 * them. The thread is there only while there is work.
 */
export function startImportThread(config: Config, { hasWork, onError, everyMs = 10_000 }: ImportThreadOptions): ImportThread {
  let worker: Worker | undefined
  let ended: Promise<void> = Promise.resolve()
  let isWanted = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  const start = () => {
    isWanted = false
    const thread = new Worker(new URL('./import-thread.worker.ts', import.meta.url), { workerData: config })
    worker = thread
    thread.on('message', ({ error }: { error: string }) => onError(new Error(error)))
    thread.on('error', onError)
    ended = new Promise((resolve) => {
      thread.once('exit', () => {
        worker = undefined
        if (isWanted && !isClosed) start()
        resolve()
      })
    })
  }
  const wake = () => {
    if (isClosed) return
    // A thread that is about to end may have looked for the last time already.
    if (worker) isWanted = true
    else start()
  }
  const look = () => {
    timer = setTimeout(async () => {
      try {
        if (!worker && !isClosed && (await hasWork())) wake()
      } catch (error) {
        onError(error)
      }
      if (!isClosed) look()
    }, everyMs).unref()
  }
  hasWork().then((has) => has && wake(), onError)
  look()
  return {
    wake,
    async close() {
      isClosed = true
      clearTimeout(timer)
      worker?.postMessage('close')
      await ended
    },
  }
}
