import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { readCredential } from '../credentials/credentials.service.ts'
import type { Account, AccountStatus } from './account.ts'
import { mayBecome } from './account-status.ts'
import { findAccountForUse } from './account-use.repository.ts'
import { writeIdentity } from './accounts.repository.ts'
import { type AccountsDeps, accountNotFound, openAccount, requireAccount, setStatus } from './accounts.service.ts'
import { isGrant, refreshWithin, unavailable } from './fresh-credential.ts'
import { verifiableValues } from './verifiable-values.ts'
import { verifyCredential } from './verification.ts'

/**
 * A grant is refreshed now, and its state is what came of that. Where there is nothing to refresh, it is a question to the
 * provider: a credential it refuses is EXPIRED from then on, one it takes (again) is ACTIVE. Where nothing can be asked, the
 * state stays as it is.
 * @throws HoldfastError `refresh_unavailable` when the provider gave no verdict, `refresh_owned_by_app`
 */
export async function refreshAccount(deps: AccountsDeps, projectId: ProjectId, id: string): Promise<Account> {
  const found = await findAccountForUse(deps.db, projectId, id)
  if (!found) throw accountNotFound(id)
  if (found.account.status === 'INACTIVE' || found.account.status === 'REVOKED') return found.account
  if (!isGrant(deps, found)) return askProvider(deps, projectId, id)
  if (found.credential.refreshOwner === 'app') throw ownedByApp(id)
  const result = await refreshWithin(deps, found, { mayGoOn: () => false, evenIfItFailed: true })
  if (result.kind === 'impossible') return askProvider(deps, projectId, id)
  if (result.kind === 'app_owned') throw ownedByApp(id)
  if (result.kind === 'failed') throw unavailable(found.account, result.reason)
  if (result.kind === 'busy') throw unavailable(found.account, 'another server is still refreshing it')
  return (await requireAccount(deps, projectId, id)).account
}

/** Where the credential was replaced, or the connection disabled, while the provider was asked, its state is left alone. */
async function askProvider(deps: AccountsDeps, projectId: ProjectId, id: string): Promise<Account> {
  const { account, toolkit, auth, values, version } = await openAccount(deps, projectId, id)
  const verdict = await verifyCredential(deps, toolkit, auth, await verifiableValues(deps, account, auth, values))
  if (verdict.outcome === 'good' && verdict.identity) await writeIdentity(deps.db, account, verdict.identity)
  const stillHolds = async (trx: Db) =>
    (await readCredential(deps.credentials, { projectId, ownerId: account.id }, trx))?.version === version
  const become = (status: AccountStatus, reason: string | null) =>
    setStatus(deps, projectId, id, status, reason, { status: account.status, stillHolds })
  if (verdict.outcome === 'refused' && mayBecome(account.status, 'EXPIRED'))
    return become('EXPIRED', `${toolkit.name} refused the credential with status ${verdict.status}`)
  if (verdict.outcome === 'good' && mayBecome(account.status, 'ACTIVE')) return become('ACTIVE', null)
  return account
}

const ownedByApp = (id: string) =>
  new HoldfastError(
    'refresh_owned_by_app',
    `Connection ${id} is refreshed by the app, not by Holdfast (refresh_owner is "app").`,
    {
      fix: 'Push new tokens with PATCH /connected_accounts/{id}, or hand it over: POST /connected_accounts/{id}/handover {"to":"holdfast"}.',
    },
  )
