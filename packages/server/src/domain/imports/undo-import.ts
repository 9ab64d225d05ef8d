import { HoldfastError } from '../../errors.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import { listImported, removeUntouched } from '../accounts/bulk-accounts.ts'
import type { HeldJob, ImportProgress } from './import-job.ts'
import { advanceJob } from './imports.repository.ts'
import { LEASE_MS, NoLongerHeld, type WorkOptions } from './run-import.ts'

const BATCH = 100
const MAX_RACES = 20

/** Removes what the job created and nobody changed since; what was changed, refreshed or deleted by others is left as it is. */
export async function undoImport(deps: AccountsDeps, job: HeldJob, { signal }: WorkOptions): Promise<void> {
  let progress: ImportProgress = job.progress
  for (;;) {
    if (signal.aborted) return void (await advanceJob(deps.db, job, { leaseUntil: 0 }, deps.now()))
    const next = await undoSome(deps, job, progress)
    if (!next) break
    progress = next
  }
  const change = { state: 'undone' as const, progress, leaseUntil: 0, finishedAt: deps.now() }
  if (!(await advanceJob(deps.db, job, change, deps.now()))) throw new NoLongerHeld()
}

async function undoSome(deps: AccountsDeps, job: HeldJob, progress: ImportProgress): Promise<ImportProgress | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.db.transaction().execute(async (trx) => {
        const now = deps.now()
        const { row, removed, kept } = progress.undone
        const some = await listImported(trx, job.projectId, job.id, { after: row, limit: BATCH })
        const last = some.at(-1)
        if (!last) return undefined
        const gone = await removeUntouched(deps, trx, job.projectId, some, now)
        const living = some.filter(({ isDeleted }) => !isDeleted).length
        const undone = { row: last.importRow, removed: removed + gone, kept: kept + living - gone }
        const next = { ...progress, undone }
        if (!(await advanceJob(trx, job, { progress: next, leaseUntil: now + LEASE_MS }, now))) throw new NoLongerHeld()
        return next
      })
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'credential_conflict') || attempt === MAX_RACES) throw error
    }
  }
}
