import type { ProjectId } from '../../ids.ts'
import { maskValues } from '../credentials/connection-values.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { readCredentials } from '../credentials/credentials.service.ts'
import { requireProject } from '../projects/projects.service.ts'
import type { Account, ListedAccount } from './account.ts'
import type { AccountFilter } from './account-rows.repository.ts'
import { type AccountOrder, countAccounts, type ListPosition, listAccounts } from './accounts.repository.ts'
import type { AccountsDeps } from './accounts.service.ts'

export interface ShownAccount extends ListedAccount {
  readonly shown: CredentialValues
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
  const shown = await showValues(deps, projectId, items)
  const last = rows.length > page.limit ? items.at(-1)?.account : undefined
  const next = last && { time: order.by === 'created_at' ? last.createdAt : last.updatedAt, id: last.id }
  return { items: items.map((item) => ({ ...item, shown: shown.get(item.account.id) ?? {} })), next, total }
}

/** The values of connections as the API shows them: secrets masked, unless the project asked for them whole. */
export async function showValues(
  deps: AccountsDeps,
  projectId: ProjectId,
  accounts: readonly { readonly account: Account; readonly values?: CredentialValues }[],
): Promise<Map<string, CredentialValues>> {
  const { config } = await requireProject(deps, projectId)
  const unread = accounts.filter(({ values }) => values === undefined).map(({ account }) => account.id)
  const stored = await readCredentials(deps.credentials, projectId, unread)
  return new Map(
    accounts.map(({ account, values = stored.get(account.id)?.val ?? {} }) => {
      const auth = deps.catalogue.findToolkit(account.toolkitSlug)?.auths.get(account.scheme)
      return [account.id, config.maskSecretKeys ? maskValues(auth, values) : values]
    }),
  )
}

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
