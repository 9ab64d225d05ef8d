import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { Account } from '../accounts/account.ts'
import { importAccount } from '../accounts/import-account.ts'
import { assertSameScheme, type NewAccount } from '../accounts/new-account.ts'
import { requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { flowOf } from './authorization-flow.ts'
import type { ConnectingDeps } from './connecting.ts'
import { createLink } from './create-link.ts'

export interface NewConnection {
  readonly account: Account
  readonly values: CredentialValues
  /** Where its user has to go first; left out for an import, which is ACTIVE at once. */
  readonly linkUrl?: string
  readonly duplicateOf?: readonly string[]
}

const PATHS = { callbackUrl: 'connection.callback_url', values: 'connection.state.val' }

/** An app that hands over a grant imports it. One that asks for a grant without having any wants its user to give one. */
export async function connectOrImport(
  deps: ConnectingDeps,
  projectId: ProjectId,
  input: NewAccount,
  callbackUrl: string | undefined,
): Promise<NewConnection> {
  const config = await requireEnabledAuthConfig(deps, projectId, input.authConfigId)
  const given = input.credential?.val ?? {}
  if (!flowOf(config.scheme) || Object.keys(given).some((name) => OF_A_GRANT.test(name)))
    return importAccount(deps, projectId, input, config)
  assertSameScheme(config.scheme, input.credential?.scheme, 'auth config')
  if (input.refreshOwner === 'app') throw nothingHandedOver()
  const { authConfigId, userId, alias, type, acl } = input
  const values = Object.fromEntries(Object.entries(given).filter(([name]) => !ABOUT_THE_WAY.has(name)))
  const link = { authConfigId, userId, alias, type, acl, values, callbackUrl }
  const { account, url, values: kept } = await createLink(deps, projectId, link, { config, paths: PATHS })
  return { account, values: kept, linkUrl: url }
}

/** An empty one counts as well: whoever meant to hand over a token is told that it is missing. */
const OF_A_GRANT = /token|authed_user|credential/i

/** What clients send of the way and not of the connection. */
const ABOUT_THE_WAY = new Set(['status', 'redirectUrl', 'callback_url', 'callbackUrl', 'long_redirect_url', 'state_prefix'])

const nothingHandedOver = () =>
  new HoldfastError('invalid_request', 'refresh_owner "app" is for a grant that the app has, and none was given.', {
    fix: 'Give access_token and refresh_token, or leave refresh_owner out; a grant that a link brings is handed over later.',
    fields: [{ path: 'connection.refresh_owner', message: 'must not be "app" without a grant' }],
  })
