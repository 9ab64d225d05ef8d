import type { ProjectId } from '../../ids.ts'
import type { Account } from '../accounts/account.ts'
import { refreshAccount } from '../accounts/account-refresh.ts'
import { requireAccount } from '../accounts/accounts.service.ts'
import { requireAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { flowOf } from './authorization-flow.ts'
import type { ConnectingDeps } from './connecting.ts'
import { createReconnectLink, whyNoLink } from './create-link.ts'
import { expireIfOverdue } from './overdue-links.ts'

/**
 * A grant is refreshed. Where that is over, or the user never came back, the user is asked again: the account is INITIATED from
 * then on, and the link revives it when it is finished. Other schemes get a link only if the caller says where it should end.
 */
export async function refreshOrReconnect(
  deps: ConnectingDeps,
  projectId: ProjectId,
  id: string,
  callbackUrl: string | undefined,
): Promise<{ account: Account; linkUrl: string | null }> {
  const before = (await requireAccount(deps, projectId, id)).account
  const account = before.status === 'INITIATED' ? await expireIfOverdue(deps, before) : await refreshAccount(deps, projectId, id)
  const needsItsUser = ['INITIATED', 'EXPIRED', 'FAILED'].includes(account.status)
  if (!needsItsUser || !(flowOf(account.scheme) || callbackUrl)) return { account, linkUrl: null }
  const config = await requireAuthConfig(deps, projectId, account.authConfigId)
  if (!config.enabled || (await whyNoLink(deps, config)) !== undefined) return { account, linkUrl: null }
  const link = await createReconnectLink(deps, projectId, id, callbackUrl)
  return { account: link.account, linkUrl: link.url }
}
