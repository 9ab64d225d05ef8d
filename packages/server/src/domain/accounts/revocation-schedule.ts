import type { AccountsDeps } from './accounts.service.ts'
import { type DueSchedule, type DueScheduleOptions, startDueSchedule } from './due-schedule.ts'
import { attemptRevocation } from './revocation-attempt.ts'
import { listDueRevocationsAcrossProjects } from './revocations.repository.ts'

const BATCH = 100

/** Grants that are to be given back are, across restarts and on whichever server is there. */
export const startRevocationSchedule = (
  deps: AccountsDeps,
  { everyMs = 10_000, ...options }: Partial<DueScheduleOptions> = {},
): DueSchedule =>
  startDueSchedule(
    () => listDueRevocationsAcrossProjects(deps.db, deps.now(), BATCH),
    (due) => attemptRevocation(deps, due),
    { everyMs, ...options },
  )
