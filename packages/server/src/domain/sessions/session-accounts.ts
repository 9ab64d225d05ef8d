import { HoldfastError } from '../../errors.ts'
import { type Account, type AuthConfigSummary, admitsUser, type ListedAccount } from '../accounts/account.ts'
import type { AccountWanted } from '../accounts/account-use.ts'
import { findAccountsById, findByAlias, findUsualAccounts, listActiveAccounts } from '../accounts/user-accounts.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'

export const pinsOf = ({ config }: Session, toolkitSlug: string): readonly string[] =>
  Object.hasOwn(config.connectedAccounts, toolkitSlug) ? (config.connectedAccounts[toolkitSlug] ?? []) : []

export const authConfigOf = ({ config }: Session, toolkitSlug: string): string | undefined =>
  Object.hasOwn(config.authConfigs, toolkitSlug) ? config.authConfigs[toolkitSlug] : undefined

/**
 * Whose credential a call of this session takes: the account that the call names, else the one pinned, else the user's most
 * recent ACTIVE one under the session's auth config, else the most recent ACTIVE one. Costs no read of its own in the usual case.
 */
export async function accountForCall(
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  named: string | undefined,
  /** What else is asked of the account. */
  alsoPermit: (account: Account) => void,
): Promise<AccountWanted> {
  const permit: AccountWanted['permit'] = (account, authConfig) => {
    assertUsable(session, account, authConfig)
    alsoPermit(account)
  }
  if (named) return { accountId: await idOf(deps, session, toolkitSlug, named), toolkitSlug, permit }
  const pins = pinsOf(session, toolkitSlug)
  await assertUnambiguous(deps, session, toolkitSlug, pins)
  if (pins[0] !== undefined) return { accountId: pins[0], toolkitSlug, permit }
  return { userId: session.userId, toolkitSlug, authConfigId: authConfigOf(session, toolkitSlug), forSessions: true, permit }
}

/** By toolkit: the connection that a call without an account would use, or the nearest to it, to be shown. */
export async function connectionsOf(
  deps: SessionsDeps,
  session: Session,
  toolkitSlugs: readonly string[],
): Promise<Map<string, ListedAccount>> {
  const pinned = toolkitSlugs.flatMap((slug) => pinsOf(session, slug)[0] ?? [])
  const choices = toolkitSlugs
    .filter((slug) => pinsOf(session, slug).length === 0)
    .map((toolkitSlug) => ({ userId: session.userId, toolkitSlug, authConfigId: authConfigOf(session, toolkitSlug) }))
  const [byPin, usual] = await Promise.all([
    findAccountsById(deps, session.projectId, pinned),
    findUsualAccounts(deps, session.projectId, choices),
  ])
  for (const found of byPin) if (isUsable(session, found.account)) usual.set(found.account.toolkitSlug, found)
  return usual
}

/** The accounts among which a call may choose, the one it would take first. */
export async function accountsOf(
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  limit: number,
): Promise<ListedAccount[]> {
  const pins = pinsOf(session, toolkitSlug)
  if (pins.length > 0) {
    const found = await findAccountsById(deps, session.projectId, pins)
    const inOrder = pins.flatMap((id) => found.find(({ account }) => account.id === id) ?? [])
    return inOrder.filter(({ account }) => isUsable(session, account)).slice(0, limit)
  }
  const choice = { userId: session.userId, toolkitSlug, authConfigId: authConfigOf(session, toolkitSlug) }
  return listActiveAccounts(deps, session.projectId, choice, limit)
}

/** The list of a shared account is asked at every call: whoever is taken off it is out at once. */
function isUsable(session: Session, account: Account): boolean {
  if (account.userId === session.userId) return true
  return pinsOf(session, account.toolkitSlug).includes(account.id) && admitsUser(account, session.userId)
}

function assertUsable(session: Session, account: Account, { forSessions }: AuthConfigSummary): void {
  if (!isUsable(session, account)) throw notInSession(account.id)
  if (!forSessions)
    throw new HoldfastError('auth_config_disabled', `The auth config of connection ${account.id} is not for sessions.`, {
      fix: 'Set is_enabled_for_tool_router of the auth config, or use a connection under another one.',
    })
}

async function idOf(deps: SessionsDeps, session: Session, toolkitSlug: string, named: string): Promise<string> {
  if (named.startsWith('ca_')) return named
  const found = await findByAlias(deps, session.projectId, { userId: session.userId, toolkitSlug, alias: named })
  if (!found) throw notInSession(named)
  return found.account.id
}

const MOST_NAMED = 10

async function assertUnambiguous(
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  pins: readonly string[],
): Promise<void> {
  const { multiAccount } = session.config
  if (!multiAccount?.enable || !multiAccount.requireExplicitSelection || pins.length === 1) return
  const accounts = await accountsOf(deps, session, toolkitSlug, MOST_NAMED)
  if (accounts.length < 2) return
  const names = accounts.map(({ account }) => (account.alias ? `${account.id} (${account.alias})` : account.id))
  throw new HoldfastError('invalid_request', `The user has several connections to ${toolkitSlug}, and this call names none.`, {
    fix: `Give \`account\`: ${names.join(', ')}.`,
    fields: [{ path: 'account', message: `is required: one of ${names.join(', ')}` }],
  })
}

const notInSession = (named: string) =>
  new HoldfastError('account_not_found', `There is no connection ${named.slice(0, 80)} in this session.`, {
    fix: 'Name a connection of the session’s user, or one that is shared with the user and pinned in the session.',
  })
