import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { markExpiryTold, stopRefreshing } from '../credentials/credentials.service.ts'
import { recordEvent } from '../events/events.ts'
import type { Account } from './account.ts'
import { changeStatus } from './account-changes.ts'
import { type AccountForUse, findAccountForUse } from './account-use.repository.ts'
import { type AccountsDeps, accountNotFound } from './accounts.service.ts'
import { type GrantInUse, LEASE_MS, type Refreshed, refreshGrant } from './grant-refresh.ts'
import { joinOrBegin, remember, stateKey } from './refresh-state.ts'

/** A little longer than a lease: who waits for a server that died takes over from it. */
const WAIT_MS = LEASE_MS + 5_000
const POLL_MS = 100

/** Whether there is anything to renew, by what the toolkit says of the scheme. */
export const isGrant = ({ catalogue }: Pick<AccountsDeps, 'catalogue'>, found: AccountForUse): found is GrantInUse =>
  found.credential !== undefined &&
  catalogue.findToolkit(found.account.toolkitSlug)?.auths.get(found.account.scheme)?.renewal !== undefined

const isDue = ({ credential: { refreshAt } }: GrantInUse, now: number) => refreshAt !== null && refreshAt <= now
const isOver = ({ credential: { expiresAt } }: GrantInUse, now: number) => expiresAt !== null && expiresAt <= now

/**
 * What a call uses. Costs nothing but a look at the clock while the grant is fresh. Due, it is refreshed first, by one call of
 * all; the others go on with the token that still lives, and wait only for one that does not.
 * @throws HoldfastError `credential_expired`, `credential_expired_app_owned`, `refresh_unavailable`
 */
export function freshCredential(deps: AccountsDeps, found: AccountForUse, attempts = 3): AccountForUse | Promise<AccountForUse> {
  if (found.account.status !== 'ACTIVE' || !isGrant(deps, found)) return found
  const now = deps.now()
  if (found.credential.refreshOwner === 'app') return isOver(found, now) ? refuseOfApp(deps, found) : found
  return isDue(found, now) || isOver(found, now) ? refreshFirst(deps, found, now, attempts) : found
}

async function refreshFirst(deps: AccountsDeps, found: GrantInUse, startedAt: number, attempts: number): Promise<AccountForUse> {
  const isUnderWay = deps.refreshes.flights.has(`${stateKey(found.account)}/${found.credential.version}`)
  if (isUnderWay && !isOver(found, startedAt)) return found
  const result = await refreshWithin(deps, found, { mayGoOn: (grant) => !isOver(grant, deps.now()) })
  switch (result.kind) {
    case 'renewed': {
      const read = await reread(deps, found.account)
      // A key that was replaced meanwhile has no token yet.
      return isGrant(deps, read) && isOver(read, deps.now()) && attempts > 1 ? freshCredential(deps, read, attempts - 1) : read
    }
    case 'dead':
      return reread(deps, found.account)
    case 'app_owned':
      return isOver(found, deps.now()) ? refuseOfApp(deps, found) : found
    case 'busy':
      if (isOver(found, deps.now())) throw unavailable(found.account, 'another server is still refreshing it')
      return found
    case 'failed':
      if (isOver(found, deps.now())) throw unavailable(found.account, result.reason)
      return found
    case 'impossible':
      if (!isOver(found, deps.now())) {
        await stopRefreshing(deps.db, ownerOf(found.account), found.credential.version)
        return found
      }
      return refuseExpired(deps, found, result)
  }
}

/** After a 401: the grant that is stored now if it is another one, else a refreshed one; undefined when there is none to be had. */
export async function renewRefused(deps: AccountsDeps, used: GrantInUse): Promise<AccountForUse | undefined> {
  const { account, credential } = used
  if (deps.refreshes.refusedFresh.get(stateKey(account)) === credential.version) return undefined
  const current = await findAccountForUse(deps.db, account.projectId, account.id)
  if (current?.account.status !== 'ACTIVE' || !isGrant(deps, current)) return undefined
  if (current.credential.version !== credential.version) return isOver(current, deps.now()) ? undefined : current
  // Of the app's grant there is none but what the app has pushed.
  const { kind } = await refreshWithin(deps, current, { mayGoOn: () => false })
  if (kind !== 'renewed') return undefined
  const renewed = await findAccountForUse(deps.db, account.projectId, account.id)
  const isUsable = renewed?.account.status === 'ACTIVE' && !(isGrant(deps, renewed) && isOver(renewed, deps.now()))
  return isUsable ? renewed : undefined
}

/** Tries until it is refreshed, here or elsewhere, or known not to be; a loser looks again and again, up to a bound. */
export async function refreshWithin(
  deps: AccountsDeps,
  found: GrantInUse,
  { mayGoOn, evenIfItFailed = false }: { readonly mayGoOn: (grant: GrantInUse) => boolean; readonly evenIfItFailed?: boolean },
): Promise<Refreshed> {
  const deadline = deps.now() + WAIT_MS
  let current = found
  for (;;) {
    const result = await refreshGrant(deps, current, { evenIfItFailed })
    if (result.kind !== 'busy') return result
    const key = `${stateKey(current.account)}/${current.credential.version}`
    const read = await joinOrBegin(deps.refreshes.looks, key, () => reread(deps, found.account))
    if (
      !isGrant(deps, read) ||
      read.credential.version !== found.credential.version ||
      read.account.status !== found.account.status
    )
      return { kind: 'renewed' }
    if (mayGoOn(read) || deps.now() > deadline) return result
    // A failure elsewhere ended the lease: its verdict is in the row.
    current = read
    await joinOrBegin(deps.refreshes.pauses, key, () => sleep(POLL_MS * (0.5 + Math.random())))
  }
}

async function reread(deps: AccountsDeps, { projectId, id }: Account): Promise<AccountForUse> {
  const found = await findAccountForUse(deps.db, projectId, id)
  if (!found) throw accountNotFound(id)
  return found
}

async function refuseExpired(
  deps: AccountsDeps,
  { account, credential }: GrantInUse,
  { why, fix }: Extract<Refreshed, { kind: 'impossible' }>,
): Promise<never> {
  const reason = `The access token expired and cannot be refreshed: ${why}`
  await deps.db.transaction().execute(async (trx) => {
    await stopRefreshing(trx, ownerOf(account), credential.version)
    await changeStatus(trx, account, 'EXPIRED', reason, deps.now())
  })
  throw new HoldfastError('credential_expired', `Connection ${account.id}: ${lowerFirst(reason)}.`, { fix })
}

/** The app is told by one event for each version, and every caller by the refusal. */
async function refuseOfApp(deps: AccountsDeps, { account, credential }: GrantInUse): Promise<never> {
  const { version, expiresAt } = credential
  const key = stateKey(account)
  if (deps.refreshes.toldExpired.get(key) !== version) {
    await deps.db.transaction().execute(async (trx) => {
      if (!(await markExpiryTold(trx, ownerOf(account), version))) return
      const data = { refresh_owner: 'app', expired_at: expiresAt === null ? null : new Date(expiresAt).toISOString() }
      const event = { type: 'connected_account.credential_expired', subjectId: account.id, data } as const
      await recordEvent(trx, account.projectId, event, deps.now())
    })
    remember(deps.refreshes.toldExpired, key, version)
  }
  throw new HoldfastError(
    'credential_expired_app_owned',
    `The access token of connection ${account.id} expired, and refreshing it is the app's part (refresh_owner is "app").`,
    {
      fix: 'Push the new tokens with PATCH /connected_accounts/{id}, or let Holdfast refresh from now on: POST /connected_accounts/{id}/handover {"to":"holdfast"}.',
    },
  )
}

const lowerFirst = (text: string) => `${text.charAt(0).toLowerCase()}${text.slice(1)}`

const ownerOf = (account: Account) => ({ projectId: account.projectId, ownerId: account.id })

export const unavailable = ({ id }: Account, reason: string) =>
  new HoldfastError('refresh_unavailable', `Connection ${id} has no living access token: ${reason}.`, {
    fix: 'Try again in a moment; the connection stays ACTIVE and is refreshed as soon as that is possible.',
  })
