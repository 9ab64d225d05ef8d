import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { isGrantScheme } from '../auth-schemes.ts'
import type { RefreshOwner } from '../credentials/credential.ts'
import { changeRefreshOwner, listRefreshOwners } from '../credentials/credentials.service.ts'
import { recordEvents } from '../events/events.ts'
import type { AccountFilter } from './account-rows.repository.ts'
import { findAccountForUse } from './account-use.repository.ts'
import { type ListPosition, listAccounts } from './accounts.repository.ts'
import { type AccountsDeps, accountNotFound } from './accounts.service.ts'
import { isGrant } from './fresh-credential.ts'
import { planFor } from './grant-refresh.ts'

export interface HandedOver {
  readonly refreshOwner: RefreshOwner
  /** False: it was in these hands before. */
  readonly changed: boolean
  /** Why Holdfast could not refresh it as it stands, and what to bring; undefined when it can, or need not. */
  readonly obstacle: { readonly why: string; readonly fix: string } | undefined
}

export interface HandoverOptions {
  /** How long to wait for refreshes under way, and, for many, how long to go on before the caller is asked to call again. */
  readonly budgetMs?: number
  readonly batch?: number
}

const BUDGET_MS = 20_000
const POLL_MS = 100
/** Short enough that calls in between are not held up by the transaction. */
const BATCH = 200

/**
 * From this moment on the grant is refreshed by the other side. A refresh under way ends first: it would be in both hands.
 * @throws HoldfastError `credential_conflict` when it does not end in time
 */
export async function handOver(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  to: RefreshOwner,
  { budgetMs = BUDGET_MS }: HandoverOptions = {},
): Promise<HandedOver> {
  const found = await findAccountForUse(deps.db, projectId, id)
  if (!found) throw accountNotFound(id)
  if (!isGrantScheme(found.account.scheme) || !isGrant(deps, found)) throw notAGrant(id, found.account.scheme)
  const plan = to === 'holdfast' ? await planFor(deps, found, deps.now()) : undefined
  const obstacle = plan?.kind === 'impossible' ? { why: plan.why, fix: plan.fix } : undefined
  const deadline = performance.now() + budgetMs
  for (;;) {
    const counts = await flip(deps, projectId, [found.account.id], to)
    if (counts.gone.length > 0) throw accountNotFound(id)
    if (counts.busy.length === 0) return { refreshOwner: to, changed: counts.changed === 1, obstacle }
    if (performance.now() > deadline)
      throw new HoldfastError('credential_conflict', `Connection ${id} is being refreshed at this moment.`, { fix: 'Try again.' })
    await sleep(POLL_MS)
  }
}

export interface Cohort {
  readonly authConfigId?: string | undefined
  readonly toolkitSlug?: string | undefined
  readonly accountIds?: readonly string[] | undefined
  readonly userIds?: readonly string[] | undefined
}

export interface CohortHandedOver {
  readonly changed: number
  readonly unchanged: number
  /** Connections whose credential nobody refreshes: keys, tokens, passwords. */
  readonly notRefreshed: number
  /** Left as they were, because a refresh of theirs did not end in time. */
  readonly busy: number
  /** False: call again, with the same words. What was done stays done. */
  readonly done: boolean
}

/**
 * The same for many, batch by batch, each in a transaction of its own. It may stop at any place and be called again: what is in
 * the right hands already is passed over.
 */
export async function handOverCohort(
  deps: AccountsDeps,
  projectId: ProjectId,
  { authConfigId, toolkitSlug, accountIds, userIds }: Cohort,
  to: RefreshOwner,
  { budgetMs = BUDGET_MS, batch = BATCH }: HandoverOptions = {},
): Promise<CohortHandedOver> {
  const filter: AccountFilter = {
    ...(accountIds && { ids: accountIds }),
    ...(userIds && { userIds }),
    ...(authConfigId !== undefined && { authConfigIds: [authConfigId] }),
    ...(toolkitSlug !== undefined && { toolkitSlugs: [toolkitSlug] }),
  }
  const deadline = performance.now() + budgetMs
  const isLate = () => performance.now() > deadline
  const total = { changed: 0, unchanged: 0, notRefreshed: 0 }
  let waiting: string[] = []
  let after: ListPosition | undefined
  let isAll = false
  while (!isAll && !isLate()) {
    const page = await listAccounts(deps.db, projectId, filter, OLDEST_FIRST, after, batch)
    const ids = page.filter(({ account }) => isGrantScheme(account.scheme)).map(({ account }) => account.id)
    const { changed, unchanged, busy } = await flip(deps, projectId, ids, to)
    total.changed += changed
    total.unchanged += unchanged
    total.notRefreshed += page.length - ids.length
    waiting.push(...busy)
    const last = page.at(-1)?.account
    after = last && { time: last.createdAt, id: last.id }
    isAll = page.length < batch
  }
  while (waiting.length > 0 && !isLate()) {
    await sleep(POLL_MS)
    const { changed, unchanged, busy } = await flip(deps, projectId, waiting, to)
    total.changed += changed
    total.unchanged += unchanged
    waiting = busy
  }
  return { ...total, busy: waiting.length, done: isAll && waiting.length === 0 }
}

const OLDEST_FIRST = { by: 'created_at', direction: 'asc' } as const

/** One batch. Read first: what is in the right hands costs no write, so that to call again costs little. */
async function flip(deps: AccountsDeps, projectId: ProjectId, ids: readonly string[], to: RefreshOwner) {
  const owners = await listRefreshOwners(deps.db, projectId, ids)
  const others = ids.filter((id) => owners.has(id) && owners.get(id)?.owner !== to)
  const changed = others.length === 0 ? [] : await write(deps, projectId, others, to)
  const isChanged = new Set(changed)
  return {
    changed: changed.length,
    unchanged: owners.size - others.length,
    busy: others.filter((id) => !isChanged.has(id)),
    gone: ids.filter((id) => !owners.has(id)),
  }
}

const write = (deps: AccountsDeps, projectId: ProjectId, ids: readonly string[], to: RefreshOwner): Promise<string[]> =>
  deps.db.transaction().execute(async (trx) => {
    const now = deps.now()
    const changed = await changeRefreshOwner(trx, projectId, ids, to, now)
    const events = changed.map((subjectId) => ({ type: 'connected_account.handed_over', subjectId, data: { to } }) as const)
    await recordEvents(trx, projectId, events, now)
    return changed
  })

const notAGrant = (id: string, scheme: string) =>
  new HoldfastError('invalid_request', `The credential of connection ${id} is of scheme ${scheme}, which nobody refreshes.`, {
    fix: 'Hand over connections of scheme OAUTH2 that hold a credential.',
  })
