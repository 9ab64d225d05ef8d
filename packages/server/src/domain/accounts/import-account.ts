import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { isGrantScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { destroyCredential, readCredential, saveCredential } from '../credentials/credentials.service.ts'
import { recordEvent } from '../events/events.ts'
import { readClientSettings } from './accept-credential.ts'
import type { Account } from './account.ts'
import { assertMayBecome } from './account-status.ts'
import { findAccountForUse } from './account-use.repository.ts'
import { eraseAccount, insertAccount, updateAccount } from './accounts.repository.ts'
import { type AccountsDeps, createAccount, ownerOf, refusingTakenAlias, validated } from './accounts.service.ts'
import { findDuplicates } from './capture-identity.ts'
import { type Refreshed, refreshGrant } from './grant-refresh.ts'
import { type NewAccount, type PreparedAccount, prepareAccount } from './new-account.ts'

export interface ImportedAccount {
  readonly account: Account
  readonly values: CredentialValues
  /** Connections of the user that lead to the same account upstream. */
  readonly duplicateOf: readonly string[]
}

/** One by one. A grant is refreshed at its import only if the app asks for it. */
export async function importAccount(
  deps: AccountsDeps,
  projectId: ProjectId,
  input: NewAccount,
  config: AuthConfig,
): Promise<ImportedAccount> {
  const create = input.validateRefresh ? importRefreshed : createAccount
  const imported = await create(deps, projectId, input, config)
  return { ...imported, duplicateOf: await findDuplicates(deps, imported.account) }
}

const CUT_OFF =
  'Its import was cut off while the provider was asked to refresh it. Enable it to go on with what is stored, or import it anew'

/**
 * The refresh spends the app's refresh token, so whatever can refuse the import comes before it, the write of the row included:
 * a taken alias or a full disk costs no token. The row waits as INITIALIZING, usable by nobody, and the answer is stored by the
 * same lease and the same stubborn write as every refresh. Cut off in the middle, the row stays and says so.
 * @throws HoldfastError `credential_rejected`, `credential_unverifiable`, with nothing left behind
 */
async function importRefreshed(
  deps: AccountsDeps,
  projectId: ProjectId,
  input: NewAccount,
  config: AuthConfig,
): Promise<Omit<ImportedAccount, 'duplicateOf'>> {
  assertRefreshable(input, config)
  const clientSettings = await readClientSettings(deps, config)
  const prepared = prepareAccount(deps, projectId, config, input, deps.now(), clientSettings)
  const toolkit = deps.catalogue.requireToolkit(config.toolkitSlug)
  // With the token that was handed over: after the refresh a refusal would throw the new one away.
  const { account } = input.validate ? await validated(deps, prepared) : prepared

  const waiting = await storeWaiting(deps, { ...prepared, account })
  const found = await findAccountForUse(deps.db, projectId, waiting.id)
  if (!found?.credential) throw interrupted(waiting)
  const result = await refreshGrant(deps, { ...found, credential: found.credential }, { evenIfItFailed: true })
  if (result.kind !== 'renewed') {
    await takeBack(deps, waiting)
    throw refusalOf(result, toolkit.name)
  }
  const active = await activate(deps, waiting, account)
  const stored = await readCredential(deps.credentials, ownerOf(active))
  return { account: active, values: stored?.credential.val ?? {} }
}

async function storeWaiting(deps: AccountsDeps, { account, values, times }: PreparedAccount): Promise<Account> {
  const waiting: Account = { ...account, status: 'INITIALIZING', statusReason: CUT_OFF }
  await refusingTakenAlias(account.alias, () =>
    deps.db.transaction().execute(async (trx) => {
      await insertAccount(trx, waiting)
      const credential = { scheme: account.scheme, val: values }
      await saveCredential(deps.credentials, trx, ownerOf(account), credential, account.createdAt, times)
    }),
  )
  return waiting
}

const activate = (deps: AccountsDeps, waiting: Account, { status }: Account): Promise<Account> =>
  deps.db.transaction().execute(async (trx) => {
    const now = deps.now()
    const change = { status, statusReason: null }
    assertMayBecome(waiting.status, status)
    if (!(await updateAccount(trx, waiting, change, now))) throw interrupted(waiting)
    const data = { status, toolkit: waiting.toolkitSlug, user_id: waiting.userId }
    await recordEvent(trx, waiting.projectId, { type: 'connected_account.created', subjectId: waiting.id, data }, now)
    return { ...waiting, ...change, updatedAt: now }
  })

const takeBack = (deps: AccountsDeps, account: Account): Promise<void> =>
  deps.db.transaction().execute(async (trx) => {
    await destroyCredential(deps.credentials, trx, ownerOf(account))
    await eraseAccount(trx, account)
  })

function assertRefreshable(input: NewAccount, { scheme }: AuthConfig): void {
  const fault = !isGrantScheme(scheme)
    ? `is for OAUTH2, not for ${scheme}`
    : input.refreshOwner === 'app'
      ? 'contradicts refresh_owner "app"'
      : undefined
  if (fault)
    throw new HoldfastError('invalid_request', `validate_refresh ${fault}.`, {
      fix: 'Leave validate_refresh out.',
      fields: [{ path: 'validate_refresh', message: fault }],
    })
}

function refusalOf(result: Exclude<Refreshed, { kind: 'renewed' }>, provider: string): HoldfastError {
  switch (result.kind) {
    case 'dead':
      return new HoldfastError('credential_rejected', `${result.reason}. Nothing was stored.`, {
        fix: 'Connect the account anew, or import the tokens that came last: a refresh token may be good for one use only.',
      })
    case 'impossible':
      return new HoldfastError('credential_unverifiable', `The grant cannot be refreshed: ${result.why}. Nothing was stored.`, {
        fix: result.fix,
      })
    case 'failed':
      return new HoldfastError('credential_unverifiable', `${result.reason}. Nothing was stored.`, {
        fix: 'See whether the app can still refresh it, since a provider that did not answer may have spent the token; then import it again.',
      })
    case 'app_owned':
    case 'busy':
      return new HoldfastError('credential_unverifiable', `${provider} was not asked to refresh it. Nothing was stored.`, {
        fix: 'Import it again.',
      })
  }
}

const interrupted = ({ id }: Account) =>
  new HoldfastError('credential_conflict', `Connection ${id} was changed or deleted while it was being imported.`, {
    fix: `Look at it: GET /connected_accounts/${id}.`,
  })
