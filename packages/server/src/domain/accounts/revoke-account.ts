import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { newRevocationId, type ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { clientOf, readAuthConfigSecrets } from '../auth-configs/auth-configs.service.ts'
import { destroyUnleased, readCredential } from '../credentials/credentials.service.ts'
import { planRevocation } from '../credentials/grant-revocation-request.ts'
import { sealNote } from '../credentials/sealed-note.ts'
import { recordEvent } from '../events/events.ts'
import type { Account, ListedAccount } from './account.ts'
import { recordStatus } from './account-changes.ts'
import { assertMayBecome } from './account-status.ts'
import { markAccountDeleted, updateAccount } from './accounts.repository.ts'
import { type AccountsDeps, accountNotFound, ownerOf, requireAccount } from './accounts.service.ts'
import { noteNameOf, type Revocation, type RevocationNote, sourceOf } from './revocation.ts'
import { attemptRevocation } from './revocation-attempt.ts'
import { findLatestRevocation, findRevocation, insertRevocation } from './revocations.repository.ts'

export interface RevokeOptions {
  /** How long to wait for a refresh under way: what it brings would stay alive. */
  readonly budgetMs?: number
}

const BUDGET_MS = 20_000
const POLL_MS = 100
const REASON = 'Revoked by the app'

/**
 * The connection is REVOKED from this moment on, its secret gone, and the provider is asked to revoke the grant: once before the
 * answer, then in the background. Doing it twice is doing it once.
 * @throws HoldfastError `account_not_active` for a state that cannot become REVOKED, `credential_conflict`
 */
export async function revokeAccount(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  options: RevokeOptions = {},
): Promise<{ account: Account; revocation: Revocation | undefined }> {
  const revocation = await giveBack(deps, projectId, id, options, endAsRevoked)
  // Whatever happens to this attempt, the schedule makes the next one.
  if (revocation?.status === 'pending') await attemptRevocation(deps, revocation).catch(() => undefined)
  return {
    account: (await requireAccount(deps, projectId, id)).account,
    revocation: await findLatestRevocation(deps.db, projectId, id),
  }
}

const endAsRevoked: End = {
  isOver: (account) => account.status === 'REVOKED',
  async write(trx, account, now) {
    const change = { status: 'REVOKED', statusReason: REASON } as const
    assertMayBecome(account.status, change.status)
    if (!(await updateAccount(trx, account, change, now))) return false
    await recordStatus(trx, account, change.status, change.statusReason, now)
    return true
  },
}

/** As deleting it, and the provider is asked in the background to revoke the grant. */
export const deleteAndRevoke = (
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  options: RevokeOptions = {},
): Promise<Revocation | undefined> => giveBack(deps, projectId, id, options, endAsDeleted)

const endAsDeleted: End = {
  // One that is not there any more is not found in the first place.
  isOver: () => false,
  async write(trx, { projectId, id }, now) {
    if (!(await markAccountDeleted(trx, projectId, id, now))) throw accountNotFound(id)
    await recordEvent(trx, projectId, { type: 'connected_account.deleted', subjectId: id }, now)
    return true
  },
}

export const latestRevocation = (deps: Pick<AccountsDeps, 'db'>, { projectId, id }: Account): Promise<Revocation | undefined> =>
  findLatestRevocation(deps.db, projectId, id)

export async function requireRevocation(deps: Pick<AccountsDeps, 'db'>, projectId: ProjectId, id: string): Promise<Revocation> {
  const found = await findRevocation(deps.db, projectId, id)
  if (!found)
    throw new HoldfastError('not_found', `There is no revocation ${id} in this project.`, {
      fix: 'Its id is the revoke_job_id of the answer to the deletion.',
    })
  return found
}

interface End {
  readonly isOver: (account: Account) => boolean
  /** False when somebody changed the account since it was read. */
  readonly write: (trx: Db, account: Account, now: number) => Promise<boolean>
}

/** In one transaction the secret leaves the connection, the connection ends, and what revoking needs stands sealed elsewhere. */
async function giveBack(
  deps: AccountsDeps,
  projectId: ProjectId,
  id: string,
  { budgetMs = BUDGET_MS }: RevokeOptions,
  end: End,
): Promise<Revocation | undefined> {
  const deadline = performance.now() + budgetMs
  for (;;) {
    const listed = await requireAccount(deps, projectId, id)
    if (end.isOver(listed.account)) return undefined
    const done = await tryGiveBack(deps, listed, end)
    if (done) return done
    if (performance.now() > deadline)
      throw new HoldfastError('credential_conflict', `Connection ${id} is being refreshed or changed at this moment.`, {
        fix: 'Try again.',
      })
    await sleep(POLL_MS)
  }
}

/** Undefined when somebody refreshes or changed it: then there are other tokens to revoke in a moment. */
async function tryGiveBack(deps: AccountsDeps, listed: ListedAccount, end: End): Promise<Revocation | undefined> {
  const { account } = listed
  const { projectId } = account
  const stored = await readCredential(deps.credentials, ownerOf(account))
  const note = stored && (await noteOf(deps, listed, stored.credential.val))
  const why = note ? whyNot(deps, note) : 'it holds no credential'
  const now = deps.now()
  const revocation: Revocation = {
    projectId,
    id: newRevocationId(),
    accountId: account.id,
    status: why === undefined ? 'pending' : 'unsupported',
    reason: why ?? null,
    attempts: 0,
    createdAt: now,
    updatedAt: now,
  }
  // Sealed before the transaction, which may hold the only connection to the database.
  const sealed = note && why === undefined ? await sealNote(deps.credentials, projectId, noteNameOf(revocation.id), note) : null
  return deps.db
    .transaction()
    .execute(async (trx) => {
      // First the secret, then the account, as a patch writes them: the other way round the two would wait for each other.
      if (stored && !(await destroyUnleased(deps.credentials, trx, ownerOf(account), stored.version, now))) throw new Meanwhile()
      if (!(await end.write(trx, account, now))) throw new Meanwhile()
      await insertRevocation(trx, revocation, sealed)
      if (why === undefined) return revocation
      const data = { revocation_id: revocation.id, outcome: revocation.status, reason: why }
      await recordEvent(trx, projectId, { type: 'connected_account.revocation_ended', subjectId: account.id, data }, now)
      return revocation
    })
    .catch((error: unknown) => {
      if (!(error instanceof Meanwhile)) throw error
      return undefined
    })
}

class Meanwhile extends Error {}

async function noteOf(
  deps: AccountsDeps,
  { account, authConfig }: ListedAccount,
  val: RevocationNote['val'],
): Promise<RevocationNote> {
  const { projectId, toolkitSlug, scheme } = account
  const kind = authConfig.managed ? 'default' : 'custom'
  const config = { projectId, id: account.authConfigId, kind, toolkitSlug } as const
  const secrets = await readAuthConfigSecrets(deps, config)
  return { toolkitSlug, scheme, val, shared: secrets.sharedCredentials, authConfig: await clientOf(deps, config, secrets) }
}

/** Undefined when the provider can be asked. */
function whyNot(deps: AccountsDeps, note: RevocationNote): string | undefined {
  try {
    const plan = planRevocation(sourceOf(deps, note))
    return plan.kind === 'impossible' ? plan.why : undefined
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return error.message.replace(/\.$/, '')
  }
}
