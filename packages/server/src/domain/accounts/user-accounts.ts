import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { ListedAccount } from './account.ts'
import type { AccountChoice } from './account-use.repository.ts'
import { findAccountByAlias, findLatestAccounts, listAccounts } from './accounts.repository.ts'

/** Connections as sessions ask for them. None of these opens a credential. */
interface Deps {
  readonly db: Db
}

const NEWEST_FIRST = { by: 'created_at', direction: 'desc' } as const

/** Databases bound the parts of one statement. */
const CHOICES_PER_STATEMENT = 100

export const findAccountsById = (deps: Deps, projectId: ProjectId, ids: readonly string[]): Promise<ListedAccount[]> =>
  ids.length === 0 ? Promise.resolve([]) : listAccounts(deps.db, projectId, { ids }, NEWEST_FIRST, undefined, ids.length)

/** A user's ACTIVE accounts of a toolkit, newest first, up to `limit`: the first one is what a call without more would use. */
export const listActiveAccounts = (
  deps: Deps,
  projectId: ProjectId,
  { userId, toolkitSlug, authConfigId }: AccountChoice,
  limit: number,
): Promise<ListedAccount[]> =>
  listAccounts(
    deps.db,
    projectId,
    {
      userIds: [userId],
      toolkitSlugs: [toolkitSlug],
      statuses: ['ACTIVE'],
      type: 'PRIVATE',
      forSessions: true,
      ...(authConfigId && { authConfigIds: [authConfigId] }),
    },
    NEWEST_FIRST,
    undefined,
    limit,
  )

/** By toolkit: the account that a call would use (the most recent ACTIVE one), else the most recent one in any state. */
export async function findUsualAccounts(
  deps: Deps,
  projectId: ProjectId,
  choices: readonly AccountChoice[],
): Promise<Map<string, ListedAccount>> {
  const found = new Map<string, ListedAccount>()
  for (const onlyActive of [true, false]) {
    const missing = choices.filter(({ toolkitSlug }) => !found.has(toolkitSlug))
    for (let start = 0; start < missing.length; start += CHOICES_PER_STATEMENT) {
      const some = missing.slice(start, start + CHOICES_PER_STATEMENT).map((choice) => ({ ...choice, onlyActive }))
      for (const one of await findLatestAccounts(deps.db, projectId, some)) found.set(one.account.toolkitSlug, one)
    }
  }
  return found
}

export const findByAlias = (
  deps: Deps,
  projectId: ProjectId,
  wanted: { readonly userId: string; readonly toolkitSlug: string; readonly alias: string },
): Promise<ListedAccount | undefined> => findAccountByAlias(deps.db, projectId, wanted)
