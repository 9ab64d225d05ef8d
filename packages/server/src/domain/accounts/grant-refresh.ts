import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { GrantedTokens, TokenOutcome } from '../../platform/oauth/token-answer.ts'
import { askForToken, type TokenAsk } from '../../platform/oauth/token-ask.ts'
import type { AuthConfigSecrets } from '../auth-configs/auth-config.ts'
import type { StoredCredential } from '../credentials/credential.ts'
import {
  endLease,
  openCredential,
  readCredential,
  stopRefreshing,
  takeLease,
  updateCredential,
} from '../credentials/credentials.service.ts'
import { timesUntil, withTokens } from '../credentials/grant-times.ts'
import { planRenewal, type RenewalPlan, type RenewalReady } from '../credentials/renewal-plan.ts'
import { withOperatorsApp } from '../oauth-apps/oauth-apps.service.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import { changeStatus } from './account-changes.ts'
import type { AccountForUse } from './account-use.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'
import { joinOrBegin, stateKey } from './refresh-state.ts'

export type Refreshed =
  /** The stored grant is a newer one than the one given: read it. */
  | { readonly kind: 'renewed' }
  /** Somebody else is at it, or was a moment ago: read again. */
  | { readonly kind: 'busy' }
  /** Nothing was learnt about the grant; the next attempt comes later. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly why: string; readonly fix: string }
  /** The app refreshes it, not Holdfast. */
  | { readonly kind: 'app_owned' }
  /** The provider will never refresh it again: the connection is EXPIRED now. */
  | { readonly kind: 'dead'; readonly reason: string }

/** Longer than the request and the writing after it may take: when it runs out, its holder is gone. */
export const LEASE_MS = 30_000
const FIRST_RETRY_MS = 1_000
const SLOWEST_RETRY_MS = 60_000
const MAX_PROVIDER_DELAY_MS = 10 * 60_000
/** A client that is refused stays so until a person changes it. */
const REFUSED_CLIENT_RETRY_MS = 5 * 60_000

/** A credential whose access token is refreshed, or made of it. */
export type GrantInUse = AccountForUse & { readonly credential: StoredCredential }

/** One flight for one grant on all servers. `evenIfItFailed` does not wait for the time after a failure to pass. */
export function refreshGrant(
  deps: AccountsDeps,
  found: GrantInUse,
  options: { readonly evenIfItFailed?: boolean } = {},
): Promise<Refreshed> {
  const key = `${stateKey(found.account)}/${found.credential.version}`
  return joinOrBegin(deps.refreshes.flights, key, () => fly(deps, found, options.evenIfItFailed === true))
}

async function fly(deps: AccountsDeps, found: GrantInUse, evenIfItFailed: boolean): Promise<Refreshed> {
  const { account, credential } = found
  if (credential.refreshOwner === 'app') return { kind: 'app_owned' }
  const owner = { projectId: account.projectId, ownerId: account.id }
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const now = deps.now()
  const plan = await planFor(deps, found, now)
  if (plan.kind === 'impossible') return plan

  const { failedRefreshes, refreshAt } = credential
  if (!evenIfItFailed && failedRefreshes > 0 && refreshAt !== null && refreshAt > now)
    return { kind: 'failed', reason: `${toolkit.name} did not refresh it a moment ago` }
  const leaseUntil = now + LEASE_MS
  const taken = await takeLease(deps.db, owner, credential, { now, leaseUntil })
  if (!taken) return { kind: 'busy' }

  const lease: Lease = { found, leaseUntil, plan, unansweredSince: taken.unansweredSince }
  const outcome = await ask(deps, plan.ask)
  if (outcome.kind === 'granted') return storeTokens(deps, lease, outcome.tokens)
  if (outcome.kind === 'rejected' && plan.isFinal(outcome.code)) {
    const refusal = plan.mints ? 'gives no token for this credential' : 'no longer refreshes this grant'
    return expire(deps, lease, `${toolkit.name} ${refusal} (${outcome.code})${whySpent(lease)}`)
  }
  return postpone(deps, lease, outcome, toolkit.name)
}

/** How this credential gets its next access token, with the client of its auth config or the operator's. */
export async function planFor(deps: AccountsDeps, found: GrantInUse, now: number): Promise<RenewalPlan> {
  const { account, credential } = found
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const { val } = await openCredential(deps.credentials, { projectId: account.projectId, ownerId: account.id }, credential)
  const { credentials, sharedCredentials: shared } = await openAuthConfig(deps, found)
  const authConfig = found.authConfig.managed ? await withOperatorsApp(deps, toolkit.slug, credentials) : credentials
  const auth = requireAuth(toolkit, account.scheme)
  return planRenewal({ toolkit, auth, val, shared, authConfig, operatorAllows: deps.operatorAllows }, now)
}

/** A server that died after the provider had answered took a rotated token with it: then that is what happened. */
const whySpent = ({ plan, unansweredSince }: Lease): string =>
  unansweredSince === undefined || plan.mints
    ? ''
    : `. An attempt at ${new Date(unansweredSince).toISOString()} ended without an answer that was stored, and may have spent its refresh token`

/** A destination that is refused is the operator's to mend, and no reason to ask again at once. */
async function ask(deps: AccountsDeps, what: TokenAsk): Promise<TokenOutcome> {
  try {
    return await askForToken(deps.outbound, what, deps.now)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { kind: 'temporary', reason: error.message, retryAfterMs: REFUSED_CLIENT_RETRY_MS }
  }
}

interface Lease {
  readonly found: GrantInUse
  readonly leaseUntil: number
  readonly plan: RenewalReady
  /** It had gone out before, then, and nobody stored what came of it. */
  readonly unansweredSince: number | undefined
}

const ownerOf = ({ found: { account } }: Lease) => ({ projectId: account.projectId, ownerId: account.id })

async function openAuthConfig(deps: AccountsDeps, { account, authConfigSecrets }: AccountForUse): Promise<AuthConfigSecrets> {
  if (!authConfigSecrets) return { credentials: {}, sharedCredentials: {} }
  const owner = { projectId: account.projectId, ownerId: account.authConfigId }
  const { val } = await openCredential(deps.credentials, owner, authConfigSecrets)
  return val as unknown as AuthConfigSecrets
}

const SLOWEST_REWRITE_MS = 1_000

/**
 * A rotated refresh token that is not stored is a lost grant, so a database that stumbles is asked again for as long as nobody
 * else may try with the token that is spent.
 */
async function storeTokens(deps: AccountsDeps, lease: Lease, tokens: GrantedTokens): Promise<Refreshed> {
  for (let attempt = 1; ; attempt++) {
    const isLast = deps.now() >= lease.leaseUntil
    try {
      if (await tryStore(deps, lease, tokens)) return { kind: 'renewed' }
    } catch (error) {
      if (isLast) throw error
    }
    if (isLast) return { kind: 'busy' }
    await sleep(Math.min(SLOWEST_REWRITE_MS, 50 * 2 ** attempt))
  }
}

/** False when the row moved on in between: what was changed beside the grant is kept, and the tokens are merged into that. */
const tryStore = (deps: AccountsDeps, lease: Lease, tokens: GrantedTokens): Promise<boolean> =>
  deps.db.transaction().execute(async (trx) => {
    const owner = ownerOf(lease)
    const now = deps.now()
    const stored = await readCredential(deps.credentials, owner, trx)
    // Somebody handed over or rotated the grant meanwhile: ours is not the one that counts.
    if (!stored || !lease.plan.isStill(stored.credential.val)) {
      await endLease(trx, owner, lease.leaseUntil)
      return true
    }
    const val = withTokens(stored.credential.val, lease.plan.mints ? withoutRefreshToken(tokens) : tokens, now)
    const times = timesUntil(tokens.expiresAt, lease.plan.mints || 'refresh_token' in val, now)
    const credential = { ...stored.credential, val }
    const change = { times, leaseDone: true }
    if (!(await updateCredential(deps.credentials, trx, owner, stored.version, credential, now, change))) return false
    const { account } = lease.found
    if (account.status === 'EXPIRED' || account.status === 'FAILED') await changeStatus(trx, account, 'ACTIVE', null, now)
    return true
  })

/** Where a token can be made at any time, a refresh token would only be one more secret. */
const withoutRefreshToken = ({ refreshToken: _spare, ...tokens }: GrantedTokens): GrantedTokens => tokens

/** The last look before a grant is given up is at the row, held by the transaction that gives it up. */
const expire = (deps: AccountsDeps, lease: Lease, reason: string): Promise<Refreshed> =>
  deps.db.transaction().execute(async (trx): Promise<Refreshed> => {
    const owner = ownerOf(lease)
    await endLease(trx, owner, lease.leaseUntil)
    const stored = await readCredential(deps.credentials, owner, trx)
    if (!stored || !lease.plan.isStill(stored.credential.val)) return { kind: 'renewed' }
    await stopRefreshing(trx, owner, stored.version)
    // One that is only being imported was never there for anybody else; its import takes it back.
    if (lease.found.account.status !== 'INITIALIZING') await changeStatus(trx, lease.found.account, 'EXPIRED', reason, deps.now())
    return { kind: 'dead', reason }
  })

async function postpone(
  deps: AccountsDeps,
  lease: Lease,
  outcome: Exclude<TokenOutcome, { kind: 'granted' }>,
  provider: string,
): Promise<Refreshed> {
  const failedRefreshes = lease.found.credential.failedRefreshes + 1
  const wait =
    outcome.kind === 'rejected'
      ? REFUSED_CLIENT_RETRY_MS
      : Math.min(outcome.retryAfterMs ?? backoff(failedRefreshes), MAX_PROVIDER_DELAY_MS)
  // Up to a third later, so that servers and grants do not come back together.
  const refreshAt = Math.round(deps.now() + wait * (1 + Math.random() / 3))
  const answered = outcome.kind === 'rejected'
  await endLease(deps.db, ownerOf(lease), lease.leaseUntil, { refreshAt, failedRefreshes, answered })
  const reason =
    outcome.kind === 'rejected'
      ? `${provider} refused the token request (${outcome.code}): ${lease.plan.check}`
      : `${provider} could not refresh it: ${outcome.reason}`
  return { kind: 'failed', reason }
}

const backoff = (failures: number): number => Math.min(SLOWEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10))
