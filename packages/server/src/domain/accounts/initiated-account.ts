import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import type { CredentialValues, GrantTimes } from '../credentials/credential.ts'
import { credentialMissing, readCredential, saveCredential, updateCredential } from '../credentials/credentials.service.ts'
import { recordEvent } from '../events/events.ts'
import type { Account } from './account.ts'
import { recordStatus } from './account-changes.ts'
import { assertMayBecome, mayBecome } from './account-status.ts'
import { insertAccount, updateAccount } from './accounts.repository.ts'
import {
  type AccountsDeps,
  LostRace,
  loserRetries,
  MAX_PATCH_ATTEMPTS,
  ownerOf,
  refusingTakenAlias,
  requireAccount,
  tooManyChanges,
} from './accounts.service.ts'
import { accountOf, type NewAccount } from './new-account.ts'

/**
 * An account that its user has yet to connect, and what comes of it. Each change lands in one transaction with what the caller
 * writes `alongside`, such as the end of a link.
 */
export type Alongside = (trx: Db, account: Account, now: number) => Promise<unknown>

export type InitiatedAccount = Pick<NewAccount, 'userId' | 'alias' | 'type' | 'acl'> & {
  /** What the app knows already, checked. */
  readonly values: CredentialValues
}

export async function initiateAccount(
  deps: AccountsDeps,
  config: AuthConfig,
  input: InitiatedAccount,
  alongside: Alongside,
): Promise<Account> {
  const now = deps.now()
  const { projectId } = config
  const account = accountOf(projectId, config, input, 'INITIATED', now)
  await refusingTakenAlias(account.alias, () =>
    deps.db.transaction().execute(async (trx) => {
      await insertAccount(trx, account)
      await saveCredential(deps.credentials, trx, ownerOf(account), { scheme: account.scheme, val: input.values }, now)
      const data = { status: account.status, toolkit: account.toolkitSlug, user_id: account.userId }
      await recordEvent(trx, projectId, { type: 'connected_account.created', subjectId: account.id, data }, now)
      await alongside(trx, account, now)
    }),
  )
  return account
}

/** One that was connected before, or never got that far, waits for its user again. Its old credential stays until then. */
export const reinitiateAccount = (deps: AccountsDeps, projectId: ProjectId, id: string, alongside: Alongside): Promise<Account> =>
  change(deps, projectId, id, async (trx, account, now) => {
    if (account.status !== 'INITIATED') {
      // One in use is not taken out of use because somebody asks its user to renew it.
      if (account.status === 'ACTIVE') throw inUse(account)
      assertMayBecome(account.status, 'INITIATED')
      await become(trx, account, { status: 'INITIATED', statusReason: null }, now)
    }
    await alongside(trx, account, now)
    return { ...account, status: 'INITIATED', statusReason: null, updatedAt: now }
  })

/**
 * The user connected it. `valuesFrom` makes the credential out of what was stored before.
 * @throws HoldfastError `account_not_active` when the account was disabled or deleted while its user was busy
 */
export const activateAccount = (
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  valuesFrom: (before: CredentialValues) => CredentialValues,
  times: GrantTimes | undefined,
  alongside: Alongside,
): Promise<Account> =>
  change(deps, projectId, id, async (trx, account, now) => {
    if (account.status !== 'INITIATED') throw waitsNoLonger(account)
    const owner = ownerOf(account)
    const stored = await readCredential(deps.credentials, owner, trx)
    if (!stored) throw credentialMissing()
    const credential = { scheme: account.scheme, val: valuesFrom(stored.credential.val) }
    // Only Holdfast has the tokens of a grant that came by its own link, whoever refreshed the one before.
    const written = { times, refreshOwner: 'holdfast' } as const
    if (!(await updateCredential(deps.credentials, trx, owner, stored.version, credential, now, written))) throw new LostRace()
    await become(trx, account, { status: 'ACTIVE', statusReason: null }, now)
    await alongside(trx, account, now)
    return { ...account, status: 'ACTIVE', statusReason: null, updatedAt: now }
  })

/** It came to nothing. An account that is something else by now stays what it is. */
export const giveUpAccount = (
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  status: 'FAILED' | 'EXPIRED',
  reason: string,
  alongside: Alongside,
): Promise<Account> =>
  change(deps, projectId, id, async (trx, account, now) => {
    const isOver = account.status === 'INITIATED' && mayBecome(account.status, status)
    if (isOver) await become(trx, account, { status, statusReason: reason }, now)
    await alongside(trx, account, now)
    return isOver ? { ...account, status, statusReason: reason, updatedAt: now } : account
  })

/** Not over the head of an app that disabled it, or brought a credential itself, meanwhile. */
const waitsNoLonger = ({ id, status }: Account) =>
  new HoldfastError('account_not_active', `Connection ${id} no longer waits to be connected: it is ${status}.`, {
    fix: 'Ask the app for a new link.',
  })

const inUse = ({ id }: Account) =>
  new HoldfastError('account_not_active', `Connection ${id} is ACTIVE: there is nothing to connect again.`, {
    fix: 'Make a link for another connection (POST /api/v3/connected_accounts/link).',
  })

async function become(
  trx: Db,
  account: Account,
  next: Required<Pick<Account, 'status' | 'statusReason'>>,
  now: number,
): Promise<void> {
  if (!(await updateAccount(trx, account, next, now))) throw new LostRace()
  await recordStatus(trx, account, next.status, next.statusReason, now)
}

async function change(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  work: (trx: Db, account: Account, now: number) => Promise<Account>,
): Promise<Account> {
  for (let attempt = 0; attempt < MAX_PATCH_ATTEMPTS; attempt++) {
    const changed = await deps.db
      .transaction()
      .execute(async (trx) => work(trx, (await requireAccount({ db: trx }, projectId, id)).account, deps.now()))
      .catch(loserRetries)
    if (changed) return changed
  }
  throw tooManyChanges(id)
}
