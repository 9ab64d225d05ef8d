import { type LinkId, newLinkId, type ProjectId } from '../../ids.ts'
import type { Account } from '../accounts/account.ts'
import { requireAccount } from '../accounts/accounts.service.ts'
import { type Alongside, initiateAccount, reinitiateAccount } from '../accounts/initiated-account.ts'
import type { NewAccount } from '../accounts/new-account.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { clientOf, readAuthConfigSecrets, requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { acceptSomeValues } from '../credentials/connection-values.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { readCredential } from '../credentials/credentials.service.ts'
import { notConnectable } from '../credentials/grant-authorization.ts'
import { requireProject } from '../projects/projects.service.ts'
import { isTyped } from '../toolkits/auth-definitions.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import { hasValue } from '../toolkits/fields.ts'
import { flowOf } from './authorization-flow.ts'
import { checkCallbackUrl } from './callback-url.ts'
import { type ConnectingDeps, digestOf, LINK_LIFETIME_MS } from './connecting.ts'
import { finishLinksOfAccount, insertLink } from './links.repository.ts'

export interface NewLink extends Pick<NewAccount, 'userId' | 'alias' | 'type' | 'acl'> {
  readonly authConfigId: string
  readonly callbackUrl?: string | undefined
  /** Fields that the app knows already: the page does not ask for them. */
  readonly values?: CredentialValues | undefined
}

export interface CreatedLink {
  readonly linkId: LinkId
  /** The page to send the user to. */
  readonly url: string
  readonly expiresAt: number
  readonly account: Account
  readonly values: CredentialValues
}

/** Where the parts of a link stand in the request, for refusals. */
export interface LinkPaths {
  readonly callbackUrl: string
  readonly values: string
}

const PATHS: LinkPaths = { callbackUrl: 'callback_url', values: 'connection_data' }

/**
 * A link at which one user connects one account, and that account, INITIATED.
 * @throws HoldfastError `not_connectable` when nobody could be sent anywhere under this auth config
 */
export async function createLink(
  deps: ConnectingDeps,
  projectId: ProjectId,
  input: NewLink,
  known: { readonly config?: AuthConfig; readonly paths?: LinkPaths } = {},
): Promise<CreatedLink> {
  const { config = await requireEnabledAuthConfig(deps, projectId, input.authConfigId), paths = PATHS } = known
  await assertConnectable(deps, config)
  const callbackUrl = await checkedCallback(deps, projectId, input.callbackUrl, paths.callbackUrl)
  const auth = requireAuth(deps.catalogue.requireToolkit(config.toolkitSlug), config.scheme)
  const values = acceptSomeValues(auth, input.values ?? {}, paths.values)
  const { userId, alias, type, acl } = input
  const link = newLink(deps, callbackUrl, false)
  const account = await initiateAccount(deps, config, { userId, alias, type, acl, values }, link.store)
  return { ...link.shown, account, values }
}

/**
 * A link at which a user connects again what was connected before, or never was. Older links of the account end with it.
 * @throws HoldfastError `account_not_active` for an account that is in use, disabled or revoked
 */
export async function createReconnectLink(
  deps: ConnectingDeps,
  projectId: ProjectId,
  accountId: string,
  callback: string | undefined,
): Promise<Omit<CreatedLink, 'values'>> {
  const { account } = await requireAccount(deps, projectId, accountId)
  const config = await requireEnabledAuthConfig(deps, projectId, account.authConfigId)
  await assertConnectable(deps, config)
  const auth = requireAuth(deps.catalogue.requireToolkit(config.toolkitSlug), config.scheme)
  const stored = await readCredential(deps.credentials, { projectId, ownerId: account.id })
  const hadOne = auth.credential_fields.some(({ name }) => hasValue(stored?.credential.val[name]))
  const link = newLink(deps, await checkedCallback(deps, projectId, callback, 'redirect_url'), hadOne)
  const reinitiated = await reinitiateAccount(deps, projectId, account.id, link.store)
  return { ...link.shown, account: reinitiated }
}

/** Undefined when users can be sent to the page of a link under this auth config; else why not. */
export async function whyNoLink(deps: ConnectingDeps, config: AuthConfig): Promise<string | undefined> {
  const { scheme } = config
  const toolkit = deps.catalogue.requireToolkit(config.toolkitSlug)
  if (isTyped(requireAuth(toolkit, scheme))) return scheme === 'NO_AUTH' ? 'it needs no connection' : undefined
  const flow = flowOf(scheme)
  if (!flow) return `connecting by ${scheme} is not available yet`
  const client = await clientOf(deps, config, await readAuthConfigSecrets(deps, config))
  return flow.whyNot({ toolkit, auth: requireAuth(toolkit, scheme), client })
}

async function assertConnectable(deps: ConnectingDeps, config: AuthConfig): Promise<void> {
  const why = await whyNoLink(deps, config)
  if (why !== undefined) throw notConnectable(deps.catalogue.requireToolkit(config.toolkitSlug), why)
}

async function checkedCallback(
  deps: ConnectingDeps,
  projectId: ProjectId,
  given: string | undefined,
  field: string,
): Promise<string | null> {
  if (given === undefined || given === '') return null
  return checkCallbackUrl(given, (await requireProject(deps, projectId)).config.allowedCallbackUrls, field)
}

function newLink(deps: ConnectingDeps, callbackUrl: string | null, reconnects: boolean) {
  const linkId = newLinkId()
  const expiresAt = deps.now() + LINK_LIFETIME_MS
  const store: Alongside = async (trx, { projectId, id: accountId }, now) => {
    await finishLinksOfAccount(trx, projectId, accountId, now)
    const hash = digestOf(linkId)
    await insertLink(trx, { hash, projectId, accountId, reconnects, callbackUrl, createdAt: now, expiresAt, finishedAt: null })
  }
  return { store, shown: { linkId, url: `${deps.publicUrl()}/link/${linkId}`, expiresAt } }
}
