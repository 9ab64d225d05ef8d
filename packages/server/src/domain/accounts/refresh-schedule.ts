import { listDueGrantsAcrossProjects, stopRefreshing } from '../credentials/credentials.service.ts'
import { findAccountForUse } from './account-use.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'
import { type DueSchedule, type DueScheduleOptions, startDueSchedule } from './due-schedule.ts'
import { isGrant } from './fresh-credential.ts'
import { refreshGrant } from './grant-refresh.ts'

const BATCH = 100

/** Keeps grants alive that nobody uses. Any number of servers may run one: of two that find the same grant one gets the lease. */
export const startRefreshSchedule = (
  deps: AccountsDeps,
  { everyMs = 30_000, ...options }: Partial<DueScheduleOptions> = {},
): DueSchedule =>
  startDueSchedule(
    () => listDueGrantsAcrossProjects(deps.db, deps.now(), BATCH),
    (due) => refreshDue(deps, due),
    { everyMs, ...options },
  )

async function refreshDue(
  deps: AccountsDeps,
  { projectId, accountId }: Awaited<ReturnType<typeof listDueGrantsAcrossProjects>>[number],
): Promise<void> {
  const found = await findAccountForUse(deps.db, projectId, accountId)
  if (!found?.credential) return
  const owner = { projectId, ownerId: accountId }
  const { credential, account } = found
  // Whoever enables it again has it refreshed by its first use. So has a token that is made and not granted: nothing is lost
  // when it dies unused, and nobody may ever call again.
  const mints = deps.catalogue.findToolkit(account.toolkitSlug)?.auths.get(account.scheme)?.renewal === 'mint'
  if (!isGrant(deps, found) || mints || account.status !== 'ACTIVE')
    return void (await stopRefreshing(deps.db, owner, credential.version))
  if (credential.refreshAt === null || credential.refreshAt > deps.now()) return
  const { kind } = await refreshGrant(deps, found)
  if (kind === 'impossible' || kind === 'app_owned') await stopRefreshing(deps.db, owner, credential.version)
}
