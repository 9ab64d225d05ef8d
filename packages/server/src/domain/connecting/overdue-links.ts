import { HoldfastError } from '../../errors.ts'
import type { Account } from '../accounts/account.ts'
import { giveUpAccount } from '../accounts/initiated-account.ts'
import type { ConnectingDeps } from './connecting.ts'
import {
  deleteOldAcrossProjects,
  findLinkOfAccount,
  finishLink,
  listOverdueLinksAcrossProjects,
  type StoredLink,
} from './links.repository.ts'

const REASON = 'Its user did not connect it before the link expired.'
const BATCH = 100
/** So long a used link still says that it was used. */
const KEPT_MS = 24 * 60 * 60_000

/** For who looks at an account that waits: overdue, it is EXPIRED now and not only at the next sweep. Others cost nothing. */
export async function expireIfOverdue(deps: ConnectingDeps, account: Account): Promise<Account> {
  if (account.status !== 'INITIATED') return account
  const link = await findLinkOfAccount(deps.db, account.projectId, account.id)
  if (!link || link.finishedAt !== null || link.expiresAt > deps.now()) return account
  return (await expireLink(deps, link)) ?? account
}

/** Resolves with how many there were. Any number of servers may do it: each link has one end. */
export async function expireOverdueLinks(deps: ConnectingDeps): Promise<number> {
  const now = deps.now()
  const overdue = await listOverdueLinksAcrossProjects(deps.db, now, BATCH)
  for (const link of overdue) await expireLink(deps, link)
  await deleteOldAcrossProjects(deps.db, now - KEPT_MS, now)
  return overdue.length
}

/** Undefined when the account was deleted meanwhile: then only the link ends. */
async function expireLink(deps: ConnectingDeps, link: StoredLink): Promise<Account | undefined> {
  const { projectId, accountId } = link
  try {
    return await giveUpAccount(deps, projectId, accountId, 'EXPIRED', REASON, (trx, _, now) => finishLink(trx, link, now))
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'account_not_found') throw error
    await finishLink(deps.db, link, deps.now())
    return undefined
  }
}
