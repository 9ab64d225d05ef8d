import { HoldfastError } from '../../errors.ts'
import { isUniqueViolation } from '../../platform/storage/constraint.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import { authConfigChooser } from './auth-config-choice.ts'
import { assertNamesUsers } from './csv-records.ts'
import type { HeldJob, ImportProgress } from './import-job.ts'
import { advanceJob } from './imports.repository.ts'
import { createPace, type Pace } from './pace.ts'
import { type PrepareContext, type PreparedRow, prepareRow, verifyRow } from './prepare-row.ts'
import { readRecords } from './read-records.ts'
import type { RawRecord } from './records.ts'
import { deleteChunksBefore, deleteChunksFrom } from './upload.repository.ts'
import { readBytes } from './upload.ts'
import { writeBatch } from './write-batch.ts'

/** Rows a transaction: others who write wait as long as one takes. */
const BATCH_ROWS = 200
/** After this a job whose worker fell silent is another's. */
export const LEASE_MS = 20_000
const HEARTBEAT_MS = 5_000
const VERIFY_CONCURRENCY = 8

/** The job was stopped, or another worker has it: nothing of what is under way may stay. */
export class NoLongerHeld extends Error {}

export interface WorkOptions {
  /** Ends the work between two batches; the job waits for the next worker. */
  readonly signal: AbortSignal
  /** Sizes of batches, for tests. */
  readonly batchRows?: number
}

/**
 * Works through a job from where it stands to its end. What is done and how far it is land in one transaction, so whoever goes
 * on after a crash does each row exactly once.
 * @throws NoLongerHeld, or what made it impossible to go on
 */
export async function runImport(
  deps: AccountsDeps,
  job: HeldJob,
  { signal, batchRows = BATCH_ROWS }: WorkOptions,
): Promise<void> {
  const startedAt = deps.now()
  const workedBefore = job.progress.workedMs
  let progress: ImportProgress = job.progress
  const ignored = new Set(progress.ignoredColumns)
  const choose = authConfigChooser(deps, job.projectId, job.options)
  const context: PrepareContext = {
    deps,
    projectId: job.projectId,
    options: job.options,
    choose,
    onIgnored: (name) => remember(ignored, name),
  }
  const pace = job.options.verifyPerSecond === undefined ? undefined : createPace(job.options.verifyPerSecond)
  const heartbeat = setInterval(() => void extendLease(deps, job), HEARTBEAT_MS).unref()

  const write = async (records: readonly RawRecord[]): Promise<void> => {
    const last = records.at(-1)
    if (!last) return
    const rows = await prepareAll(context, records, pace, signal)
    if (signal.aborted) return
    const held = { ...job, progress }
    progress = await retryOnRace(rows, (some) =>
      deps.db.transaction().execute(async (trx) => {
        const counts = await writeBatch(deps, trx, held, some)
        const next: ImportProgress = {
          ...progress,
          counts,
          rows: last.row,
          offset: last.end,
          ignoredColumns: [...ignored],
          workedMs: workedBefore + deps.now() - startedAt,
        }
        if (!(await advanceJob(trx, job, { progress: next, leaseUntil: deps.now() + LEASE_MS }, deps.now())))
          throw new NoLongerHeld()
        await deleteChunksBefore(trx, job, last.end)
        return next
      }),
    )
  }

  try {
    const onHeader = (header: NonNullable<ImportProgress['header']>) => {
      assertNamesUsers(header, job.options.map)
      progress = { ...progress, header }
    }
    let waiting: RawRecord[] = []
    for await (const records of readRecords(job.options.format, progress, readBytes(deps, job, progress.offset), onHeader)) {
      waiting = waiting.length === 0 ? records : [...waiting, ...records]
      while (waiting.length >= batchRows && !signal.aborted) {
        await write(waiting.slice(0, batchRows))
        waiting = waiting.slice(batchRows)
      }
      if (signal.aborted) break
    }
    if (!signal.aborted) await write(waiting)
    if (signal.aborted) return void (await advanceJob(deps.db, job, { leaseUntil: 0 }, deps.now()))
    const finished = { ...progress, offset: progress.bytesTotal, workedMs: workedBefore + deps.now() - startedAt }
    const change = { state: 'completed' as const, progress: finished, leaseUntil: 0, finishedAt: deps.now() }
    await deps.db.transaction().execute(async (trx) => {
      if (!(await advanceJob(trx, job, change, deps.now()))) throw new NoLongerHeld()
      await deleteChunksFrom(trx, job, 0)
    })
  } finally {
    clearInterval(heartbeat)
  }
}

const MAX_IGNORED = 50
const remember = (ignored: Set<string>, name: string): void => {
  if (ignored.size < MAX_IGNORED) ignored.add(name)
}

async function extendLease(deps: AccountsDeps, job: HeldJob): Promise<void> {
  // A beat that is missed is made up for by the next one, or by the next batch.
  await advanceJob(deps.db, job, { leaseUntil: deps.now() + LEASE_MS }, deps.now()).catch(() => false)
}

async function prepareAll(
  context: PrepareContext,
  records: readonly RawRecord[],
  pace: Pace | undefined,
  signal: AbortSignal,
): Promise<PreparedRow[]> {
  const rows: PreparedRow[] = []
  for (const record of records) rows.push(await prepareRow(context, record))
  if (!pace) return rows
  const queue = rows.entries()
  const worker = async () => {
    for (const [index, row] of queue) {
      if (row.kind !== 'ready' || signal.aborted) continue
      await pace.turn(row.prepared.account.toolkitSlug, signal)
      rows[index] = await verifyRow(context.deps, row)
    }
  }
  await Promise.all(Array.from({ length: VERIFY_CONCURRENCY }, worker))
  return rows
}

/** Somebody took an alias or an external id between our look and our write: looked at again, it is that row's problem. */
async function retryOnRace<T>(rows: readonly PreparedRow[], write: (rows: readonly PreparedRow[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write(rows)
    } catch (error) {
      const isRace = isUniqueViolation(error) || (error instanceof HoldfastError && error.code === 'credential_conflict')
      if (!isRace || attempt === MAX_RACES) throw error
    }
  }
}

const MAX_RACES = 20
