import { setImmediate as yieldTurn } from 'node:timers/promises'
import type { LogId, ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { insertExecutions } from './execution-log.repository.ts'

/** What was called and how it went. Never arguments, never answers, never a credential. */
export interface Execution {
  readonly id: LogId
  readonly projectId: ProjectId
  readonly kind: 'tool' | 'proxy'
  readonly toolSlug: string | null
  readonly toolkitSlug: string | null
  readonly accountId: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly upstreamStatus: number | null
  readonly successful: boolean
  readonly error: string | null
  readonly durationMs: number
  readonly createdAt: number
}

export interface ExecutionLog {
  /** Kept in memory and written with others: a call never waits for its own record. */
  record(execution: Execution): void
  flush(): Promise<void>
  close(): Promise<void>
}

export interface ExecutionLogOptions {
  readonly flushEveryMs?: number
  readonly batchSize?: number
  /** Told of a batch that could not be written; it is kept and tried again. */
  readonly onError?: (error: unknown) => void
}

/** Beyond this many unwritten records the oldest go: a database that is down must not eat the memory. */
const MAX_PENDING = 50_000

export function createExecutionLog(
  db: Db,
  { flushEveryMs = 500, batchSize = 200, onError = () => {} }: ExecutionLogOptions = {},
): ExecutionLog {
  let pending: Execution[] = []
  let writing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  let isFailing = false

  const write = async () => {
    try {
      // What comes in meanwhile waits for the next time, or ever smaller batches would follow each other without an end.
      for (let left = pending.length; left > 0; left -= batchSize) {
        const batch = pending.slice(0, Math.min(batchSize, left))
        await insertExecutions(db, batch)
        isFailing = false
        pending = pending.slice(batch.length)
        // An embedded database writes within this very turn: calls that wait go first, then the next batch.
        await yieldTurn()
      }
    } catch (error) {
      isFailing = true
      throw error
    }
  }
  const flushOnce = (): Promise<void> => {
    clearTimeout(timer)
    clearImmediate(soon)
    timer = undefined
    soon = undefined
    writing ??= write().finally(() => {
      writing = undefined
      if (pending.length > 0) schedule()
    })
    return writing
  }
  const flushQuietly = () => void flushOnce().catch(onError)
  /** A full batch goes at once: records that wait half a second under load are garbage that is hard to collect. */
  const schedule = () => {
    if (pending.length >= batchSize && !isFailing) soon ??= setImmediate(flushQuietly)
    else timer ??= setTimeout(flushQuietly, flushEveryMs).unref()
  }
  const flush = async () => {
    do await flushOnce()
    while (pending.length > 0)
  }
  return {
    record(execution) {
      pending.push(execution)
      if (pending.length > MAX_PENDING) pending = pending.slice(-MAX_PENDING / 2)
      schedule()
    },
    flush,
    close: flush,
  }
}
