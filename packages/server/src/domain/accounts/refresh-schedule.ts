import { listDueGrantsAcrossProjects, stopRefreshing } from '../credentials/credentials.service.ts'
import { findAccountForUse } from './account-use.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'
import { isGrant } from './fresh-credential.ts'
import { refreshGrant } from './grant-refresh.ts'

export interface RefreshSchedule {
  /** Refreshes what is due now; resolves with the number of grants that it looked at. */
  runOnce(): Promise<number>
  /** No new refresh begins; those under way end first. */
  close(): Promise<void>
}

export interface RefreshScheduleOptions {
  readonly everyMs?: number
  readonly concurrency?: number
  readonly onError?: (error: unknown) => void
}

const BATCH = 100

/** Keeps grants alive that nobody uses. Any number of servers may run one: of two that find the same grant one gets the lease. */
export function startRefreshSchedule(
  deps: AccountsDeps,
  { everyMs = 30_000, concurrency = 4, onError = () => {} }: RefreshScheduleOptions = {},
): RefreshSchedule {
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> | undefined

  const work = async (): Promise<number> => {
    const due = await listDueGrantsAcrossProjects(deps.db, deps.now(), BATCH)
    const queue = due.values()
    const worker = async () => {
      for (const one of queue) {
        if (closed) return
        await refreshDue(deps, one).catch(onError)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    return due.length
  }
  const runOnce = (): Promise<number> => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
  const plan = () => {
    if (closed) return
    // Servers that started together drift apart.
    const wait = everyMs * (0.5 + Math.random())
    timer = setTimeout(() => void runOnce().catch(onError).finally(plan), wait).unref()
  }
  plan()
  return {
    runOnce,
    async close() {
      closed = true
      clearTimeout(timer)
      await running?.catch(onError)
    },
  }
}

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
