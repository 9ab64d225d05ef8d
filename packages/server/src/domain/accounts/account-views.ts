import type { ProjectId } from '../../ids.ts'
import { isGrantScheme } from '../auth-schemes.ts'
import { maskValues } from '../credentials/connection-values.ts'
import type { CredentialValues, RefreshOwner } from '../credentials/credential.ts'
import { readCredentials } from '../credentials/credentials.service.ts'
import { requireProject } from '../projects/projects.service.ts'
import type { Account, ListedAccount } from './account.ts'
import type { AccountFilter } from './account-rows.repository.ts'
import { type AccountOrder, countAccounts, type ListPosition, listAccounts } from './accounts.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'

/** What the API shows of a credential. */
export interface ShownCredential {
  /** Secrets masked, unless the project asked for them whole. */
  readonly values: CredentialValues
  /** Null for what nobody refreshes. */
  readonly refreshOwner: RefreshOwner | null
}

export interface ShownAccount extends ListedAccount {
  readonly shown: ShownCredential
}

export async function listAccountPage(
  deps: AccountsDeps,
  projectId: ProjectId,
  filter: AccountFilter,
  order: AccountOrder,
  page: { readonly after: ListPosition | undefined; readonly limit: number; readonly countAtMost: number },
): Promise<{ items: ShownAccount[]; next: ListPosition | undefined; total: number }> {
  const [rows, total] = await Promise.all([
    listAccounts(deps.db, projectId, filter, order, page.after, page.limit + 1),
    countAccounts(deps.db, projectId, filter, page.countAtMost),
  ])
  const items = rows.slice(0, page.limit)
  const last = rows.length > page.limit ? items.at(-1)?.account : undefined
  const next = last && { time: order.by === 'created_at' ? last.createdAt : last.updatedAt, id: last.id }
  return { items: await showAccounts(deps, projectId, items), next, total }
}

/** Connections as the API shows them: secrets masked, unless the project asked for them whole. */
export async function showAccounts(
  deps: AccountsDeps,
  projectId: ProjectId,
  accounts: readonly ListedAccount[],
): Promise<ShownAccount[]> {
  const { config } = await requireProject(deps, projectId)
  const stored = await readCredentials(
    deps.credentials,
    projectId,
    accounts.map(({ account }) => account.id),
  )
  return accounts.map((listed) => {
    const { account } = listed
    const { credential, refreshOwner } = stored.get(account.id) ?? NO_CREDENTIAL
    const values = config.maskSecretKeys ? masked(deps, account, credential.val) : credential.val
    return { ...listed, shown: { values, refreshOwner: isGrantScheme(account.scheme) ? refreshOwner : null } }
  })
}

const NO_CREDENTIAL = { credential: { val: {} }, refreshOwner: null }

/** Of one that was just made. */
export async function showValues(
  deps: AccountsDeps,
  { account, values }: { readonly account: Account; readonly values: CredentialValues },
): Promise<CredentialValues> {
  const { config } = await requireProject(deps, account.projectId)
  return config.maskSecretKeys ? masked(deps, account, values) : values
}

const masked = (deps: AccountsDeps, { toolkitSlug, scheme }: Account, values: CredentialValues): CredentialValues =>
  maskValues(deps.catalogue.findToolkit(toolkitSlug)?.auths.get(scheme), values)

/** How many ACTIVE connections each auth config has, counted up to `atMost`. */
export async function countConnections(
  deps: AccountsDeps,
  projectId: ProjectId,
  authConfigIds: readonly string[],
  atMost: number,
): Promise<Map<string, number>> {
  const counts = await Promise.all(
    authConfigIds.map(
      async (id) => [id, await countAccounts(deps.db, projectId, { authConfigIds: [id], statuses: ['ACTIVE'] }, atMost)] as const,
    ),
  )
  return new Map(counts)
}
