import { type FieldError, HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { type Account, admitsUser } from '../accounts/account.ts'
import { findAccountsById } from '../accounts/user-accounts.ts'
import { type AuthConfigsDeps, requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { DEFAULT_MAX_ACCOUNTS, type SessionConfig } from './session.ts'

/** Whether the auth configs and connections that a session names are there, are usable by its user, and fit their toolkits. */
export async function checkConnections(
  deps: Pick<AuthConfigsDeps, 'db'>,
  projectId: ProjectId,
  userId: string,
  config: SessionConfig,
): Promise<FieldError[]> {
  const [authConfigs, pins] = await Promise.all([
    checkAuthConfigs(deps, projectId, config.authConfigs),
    checkPins(deps, projectId, userId, config),
  ])
  return [...authConfigs, ...pins]
}

async function checkAuthConfigs(
  deps: Pick<AuthConfigsDeps, 'db'>,
  projectId: ProjectId,
  authConfigs: SessionConfig['authConfigs'],
): Promise<FieldError[]> {
  const issues: FieldError[] = []
  for (const [toolkit, id] of Object.entries(authConfigs)) {
    const path = `auth_configs.${toolkit}`
    try {
      const { toolkitSlug, settings } = await requireEnabledAuthConfig(deps, projectId, id)
      if (!settings.enabledForToolRouter) issues.push({ path, message: `${id} is not enabled for sessions` })
      if (toolkitSlug !== toolkit) issues.push({ path, message: `${id} is for ${toolkitSlug}` })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      issues.push({ path, message: error.message })
    }
  }
  return issues
}

async function checkPins(
  deps: Pick<AuthConfigsDeps, 'db'>,
  projectId: ProjectId,
  userId: string,
  config: SessionConfig,
): Promise<FieldError[]> {
  const pins = Object.entries(config.connectedAccounts)
  const found = await findAccountsById(deps, projectId, [...new Set(pins.flatMap(([, ids]) => ids))])
  const accounts = new Map<string, Account>(found.map(({ account }) => [account.id, account]))
  const barred = new Set<string>(found.filter(({ authConfig }) => !authConfig.forSessions).map(({ account }) => account.id))
  return pins.flatMap(([toolkit, ids]) => {
    const path = `connected_accounts.${toolkit}`
    const refusals = ids.flatMap((id) => refusalOf(accounts.get(id), id, toolkit, userId) ?? [])
    const unusable = refusals.length === 0 ? ids.filter((id) => barred.has(id)) : []
    refusals.push(...unusable.map((id) => `the auth config of ${id} is not enabled for sessions`))
    const shared = ids.filter((id) => accounts.get(id)?.type === 'SHARED')
    if (shared.length > 1) refusals.push('has more than one SHARED connection')
    const most = config.multiAccount?.enable ? (config.multiAccount.maxAccountsPerToolkit ?? DEFAULT_MAX_ACCOUNTS) : 1
    if (ids.length > most)
      refusals.push(
        most === 1 ? 'takes one connection, unless multi_account.enable is true' : `takes at most ${most} connections`,
      )
    return refusals.map((message) => ({ path, message }))
  })
}

/** Of another user's private connection nobody learns more than that it is not theirs to use. */
function refusalOf(account: Account | undefined, id: string, toolkit: string, userId: string): string | undefined {
  if (!account || (account.type === 'PRIVATE' && account.userId !== userId)) return `there is no connection ${id} of this user`
  if (!admitsUser(account, userId)) return `${id} is not shared with this user`
  if (account.toolkitSlug !== toolkit) return `${id} is a connection to ${account.toolkitSlug}`
  return account.status === 'INACTIVE' ? `${id} is disabled` : undefined
}
