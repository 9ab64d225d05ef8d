import { HoldfastError } from '../../errors.ts'
import { type RevocationOutcome, requestRevocation } from '../../platform/oauth/revocation-request.ts'
import { askForToken } from '../../platform/oauth/token-ask.ts'
import { planRevocation } from '../credentials/grant-revocation-request.ts'
import { withTokens } from '../credentials/grant-times.ts'
import { planRenewal } from '../credentials/renewal-plan.ts'
import { openNote, sealNote } from '../credentials/sealed-note.ts'
import { recordEvent } from '../events/events.ts'
import type { AccountsDeps } from './accounts.service.ts'
import { noteNameOf, type Revocation, type RevocationNote, sourceOf } from './revocation.ts'
import {
  type DueRevocation,
  type RevocationStep,
  replaceRevocationNote,
  takeRevocation,
  writeRevocation,
} from './revocations.repository.ts'

/** Longer than the requests for both tokens of a grant may take. */
const LEASE_MS = 60_000
const FIRST_RETRY_MS = 10_000
const SLOWEST_RETRY_MS = 60 * 60_000
/** A token that is kept for longer only to be revoked is a danger of its own. */
export const GIVE_UP_AFTER_MS = 3 * 24 * 60 * 60_000

/** Asks the provider once, if it is time and no other server does; what comes of it is on the row, and an event when it is the end. */
export async function attemptRevocation(deps: AccountsDeps, due: DueRevocation): Promise<void> {
  const now = deps.now()
  const leaseUntil = now + LEASE_MS
  const taken = await takeRevocation(deps.db, due, { now, leaseUntil })
  if (!taken) return
  const step = stepAfter(taken, await ask(deps, taken, leaseUntil), deps.now())
  await deps.db.transaction().execute(async (trx) => {
    const at = deps.now()
    if (!(await writeRevocation(trx, due, leaseUntil, step, at)) || step.nextAt !== null) return
    const data = { revocation_id: taken.id, outcome: step.status, reason: step.reason }
    const event = { type: 'connected_account.revocation_ended', subjectId: taken.accountId, data } as const
    await recordEvent(trx, taken.projectId, event, at)
  })
}

type Answer = Exclude<RevocationOutcome, { kind: 'gone' }> | { readonly kind: 'impossible'; readonly reason: string }
type Taken = Revocation & { readonly sealed: Uint8Array }

async function ask(deps: AccountsDeps, taken: Taken, leaseUntil: number): Promise<Answer> {
  try {
    const note = (await openNote(deps.credentials, taken.projectId, noteNameOf(taken.id), taken.sealed)) as RevocationNote
    const outcome = await askForAll(deps, note)
    if (outcome.kind !== 'needs_living_token') return outcome
    const renewed = await renewNote(deps, taken, note, leaseUntil)
    if ('kind' in renewed) return renewed
    const again = await askForAll(deps, renewed)
    return again.kind === 'needs_living_token'
      ? { kind: 'refused', reason: 'its provider refuses a token that it has just issued' }
      : again
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { kind: 'refused', reason: error.message.replace(/\.$/, '') }
  }
}

/** One token after the other: the provider may have heard of the first already, which it says again without harm. */
async function askForAll(deps: AccountsDeps, note: RevocationNote): Promise<Answer | { readonly kind: 'needs_living_token' }> {
  const source = sourceOf(deps, note)
  const { toolkit } = source
  const plan = planRevocation(source)
  if (plan.kind === 'impossible') return { kind: 'impossible', reason: plan.why }
  let isOver = false
  for (const request of plan.requests) {
    const outcome = await requestRevocation(deps.outbound, request, deps.now())
    if (outcome.kind === 'gone' && plan.leavesRefreshToken) return { kind: 'needs_living_token' }
    // With its refresh token a grant is gone (RFC 7009 §2.1), and several providers then know its access token no more.
    if (outcome.kind === 'temporary' || (outcome.kind === 'refused' && !isOver))
      return { ...outcome, reason: `${toolkit.name} did not revoke it: ${outcome.reason}` }
    isOver = true
  }
  return { kind: 'revoked' }
}

/** The grant with a fresh access token, stored before it is used: the refresh token that it came for may be spent. */
async function renewNote(
  deps: AccountsDeps,
  { projectId, id }: Taken,
  note: RevocationNote,
  leaseUntil: number,
): Promise<RevocationNote | Answer> {
  const source = sourceOf(deps, note)
  const { toolkit } = source
  const plan = await planRenewal(source, deps.now())
  if (plan.kind === 'impossible') return { kind: 'revoked' }
  const outcome = await askForToken(deps.outbound, plan.ask, deps.now)
  if (outcome.kind === 'rejected')
    return plan.isFinal(outcome.code)
      ? { kind: 'revoked' }
      : { kind: 'refused', reason: `${toolkit.name} did not refresh it in order to revoke it: it answered ${outcome.code}` }
  if (outcome.kind === 'temporary') return { ...outcome, reason: `${toolkit.name} could not refresh it: ${outcome.reason}` }
  const renewed = { ...note, val: withTokens(note.val, outcome.tokens, deps.now()) }
  const sealed = await sealNote(deps.credentials, projectId, noteNameOf(id), renewed)
  await replaceRevocationNote(deps.db, { projectId, id }, leaseUntil, sealed)
  return renewed
}

function stepAfter({ attempts, createdAt }: Revocation, answer: Answer, now: number): RevocationStep {
  switch (answer.kind) {
    case 'revoked':
      return { status: 'revoked', reason: null, nextAt: null }
    case 'impossible':
      return { status: 'unsupported', reason: answer.reason, nextAt: null }
    case 'refused':
      return { status: 'failed', reason: answer.reason, nextAt: null }
    case 'temporary': {
      const usual = Math.min(SLOWEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 12))
      const wait = Math.min(SLOWEST_RETRY_MS, Math.max(usual, answer.retryAfterMs ?? 0))
      const nextAt = Math.round(now + wait * (1 + Math.random() / 3))
      if (nextAt - createdAt > GIVE_UP_AFTER_MS)
        return { status: 'failed', reason: `${answer.reason}; given up after ${attempts} attempts`, nextAt: null }
      return { status: 'pending', reason: answer.reason, nextAt }
    }
  }
}
