import { HoldfastError } from '../../errors.ts'
import type { Account } from '../accounts/account.ts'
import { deleteAccount, patchAccount } from '../accounts/accounts.service.ts'
import { findAccountsById, findByAlias } from '../accounts/user-accounts.ts'
import type { Session } from './session.ts'
import { accountsOf, authConfigOf, pinsOf } from './session-accounts.ts'
import type { SessionsDeps } from './sessions.service.ts'

const MOST_NAMED = 10

/**
 * A connection that an agent may rename or remove: its user's own, of this toolkit, and within what the session is limited to by
 * pins and auth configs. One that is shared with the user is its creator's.
 */
async function requireOwn(
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  named: string | undefined,
): Promise<Account> {
  const found =
    named === undefined ? await theOnlyOne(deps, session, toolkitSlug) : await byName(deps, session, toolkitSlug, named)
  if (found && isOwn(session, toolkitSlug, found)) return found
  throw new HoldfastError(
    'account_not_found',
    `There is no connection ${(named ?? '').slice(0, 80)} of this user to ${toolkitSlug}.`,
    {
      fix: 'Ask for the connections with the action list, and give account_id.',
    },
  )
}

export const renameConnection = async (
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  named: string | undefined,
  alias: string,
): Promise<Account> => {
  const { id } = await requireOwn(deps, session, toolkitSlug, named)
  return patchAccount(deps, session.projectId, id, { alias })
}

export async function removeConnection(
  deps: SessionsDeps,
  session: Session,
  toolkitSlug: string,
  named: string | undefined,
): Promise<Account> {
  const account = await requireOwn(deps, session, toolkitSlug, named)
  await deleteAccount(deps, session.projectId, account.id)
  return account
}

function isOwn(session: Session, toolkitSlug: string, { id, userId, toolkitSlug: its, authConfigId }: Account): boolean {
  const pins = pinsOf(session, toolkitSlug)
  const authConfig = authConfigOf(session, toolkitSlug)
  return (
    userId === session.userId &&
    its === toolkitSlug &&
    (pins.length === 0 || pins.includes(id)) &&
    (authConfig === undefined || authConfig === authConfigId)
  )
}

async function byName(deps: SessionsDeps, session: Session, toolkitSlug: string, named: string): Promise<Account | undefined> {
  if (!named.startsWith('ca_'))
    return (await findByAlias(deps, session.projectId, { userId: session.userId, toolkitSlug, alias: named }))?.account
  const [found] = await findAccountsById(deps, session.projectId, [named])
  return found?.account
}

/** Never guesses which of several is meant. */
async function theOnlyOne(deps: SessionsDeps, session: Session, toolkitSlug: string): Promise<Account | undefined> {
  const accounts = await accountsOf(deps, session, toolkitSlug, MOST_NAMED)
  if (accounts.length < 2) return accounts[0]?.account
  const names = accounts.map(({ account }) => (account.alias ? `${account.id} (${account.alias})` : account.id))
  throw new HoldfastError('invalid_request', `The user has several connections to ${toolkitSlug}.`, {
    fix: `Give account_id: ${names.join(', ')}.`,
  })
}
