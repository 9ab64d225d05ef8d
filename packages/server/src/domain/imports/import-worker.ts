import { HoldfastError } from '../../errors.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import { recordEvent } from '../events/events.ts'
import type { HeldJob } from './import-job.ts'
import { advanceJob, claimJobAcrossProjects, hasWorkAcrossProjects, releaseLeasesAcrossProjects } from './imports.repository.ts'
import { LEASE_MS, NoLongerHeld, runImport, type WorkOptions } from './run-import.ts'
import { undoImport } from './undo-import.ts'

export const hasImportWork = (deps: Pick<AccountsDeps, 'db' | 'now'>): Promise<boolean> =>
  hasWorkAcrossProjects(deps.db, deps.now())

/** At the start of a server on a database of its own: imports that it was killed over go on at once. */
export const releaseImports = async (deps: Pick<AccountsDeps, 'db'>): Promise<void> =>
  void (await releaseLeasesAcrossProjects(deps.db))

/**
 * Works off every job that waits, oldest first, whichever project's it is; resolves with their number when none is left. Any
 * number of workers on any number of servers may do so at once: a job is one worker's at a time.
 */
export async function workOffImports(
  deps: AccountsDeps,
  options: WorkOptions & { readonly onError: (error: unknown) => void },
): Promise<number> {
  let done = 0
  while (!options.signal.aborted) {
    const now = deps.now()
    const job = await claimJobAcrossProjects(deps.db, now, now + LEASE_MS)
    if (!job) break
    await workOn(deps, job, options)
    done += 1
  }
  return done
}

async function workOn(
  deps: AccountsDeps,
  job: HeldJob,
  options: WorkOptions & { readonly onError: (error: unknown) => void },
): Promise<void> {
  try {
    await (job.state === 'undoing' ? undoImport(deps, job, options) : runImport(deps, job, options))
    if (!options.signal.aborted)
      await recordEvent(deps.db, job.projectId, { type: 'import.finished', subjectId: job.id }, deps.now())
  } catch (error) {
    if (error instanceof NoLongerHeld) return
    options.onError(error)
    // The database is away: the lease runs out, and somebody goes on. Anything else would fail again and again.
    if (error instanceof HoldfastError && error.code === 'service_unavailable') return
    if (job.state === 'undoing') return
    const message =
      error instanceof HoldfastError ? `${error.message}${error.fix ? ` ${error.fix}` : ''}` : 'An unexpected error stopped it.'
    await advanceJob(deps.db, job, { state: 'failed', error: message, leaseUntil: 0, finishedAt: deps.now() }, deps.now())
  }
}
