import type { AccountId } from '../../ids.ts'
import type { Alongside } from '../accounts/initiated-account.ts'
import { returnTo } from './callback-url.ts'
import type { ConnectOutcome } from './connect-link.ts'
import { type Connecting, linkUsed } from './connecting.ts'
import { finishLink, type StoredLink } from './links.repository.ts'

/** In the transaction that changes the account: of two who end a link at once, one does nothing at all. */
export const endLink =
  (link: StoredLink): Alongside =>
  async (trx, _account, now) => {
    if (!(await finishLink(trx, link, now))) throw linkUsed()
  }

export function outcomeOf(
  { toolkit, link }: Connecting,
  { status, accountId, reason }: { status: ConnectOutcome['status']; accountId: AccountId; reason?: string },
): ConnectOutcome {
  const back = returnTo(link.callbackUrl, status, accountId)
  return {
    status,
    accountId,
    toolkitName: toolkit.name,
    ...(reason !== undefined && { reason }),
    ...(back !== undefined && { returnTo: back }),
  }
}
