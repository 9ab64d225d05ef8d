import { createHash, timingSafeEqual } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'
import type { Account } from '../accounts/account.ts'
import { type AccountsDeps, requireAccount } from '../accounts/accounts.service.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { clientOf, readAuthConfigSecrets, requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { readCredential } from '../credentials/credentials.service.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { LinkState } from './connect-link.ts'
import { findLinkAcrossProjects, type StoredLink } from './links.repository.ts'

export interface ConnectingDeps extends AccountsDeps {
  /** Where the outside reaches this server, without a slash at the end. */
  readonly publicUrl: () => string
}

/** Long enough to sign in somewhere; whoever took longer asks the app again. */
export const LINK_LIFETIME_MS = 10 * 60_000

export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export const sameDigest = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))

/** What a link is about, whole. */
export interface Connecting {
  readonly link: StoredLink
  readonly account: Account
  readonly config: AuthConfig
  readonly toolkit: Toolkit
  readonly auth: ResolvedAuth
  /** What the connection's fields are already: from the app, or from before. */
  readonly stored: CredentialValues
  /** What its auth config shares with every connection. */
  readonly shared: CredentialValues
  /** The auth config's settings, the client among them. */
  readonly client: CredentialValues
}

const LINK_ID = /^lk_[\w-]{32}$/

export async function findLink(deps: ConnectingDeps, linkId: string): Promise<StoredLink> {
  const link = LINK_ID.test(linkId) ? await findLinkAcrossProjects(deps.db, digestOf(linkId)) : undefined
  if (!link) throw linkNotFound()
  return link
}

/** @throws HoldfastError `link_not_found` when the account is gone; `auth_config_not_found`, `auth_config_disabled` */
export async function openConnecting(deps: ConnectingDeps, link: StoredLink): Promise<Connecting> {
  const { projectId, accountId } = link
  const { account } = await requireAccount(deps, projectId, accountId).catch(gone)
  const config = await requireEnabledAuthConfig(deps, projectId, account.authConfigId)
  const toolkit = deps.catalogue.requireToolkit(account.toolkitSlug)
  const [stored, secrets] = await Promise.all([
    readCredential(deps.credentials, { projectId, ownerId: accountId }),
    readAuthConfigSecrets(deps, config),
  ])
  return {
    link,
    account,
    config,
    toolkit,
    auth: requireAuth(toolkit, account.scheme),
    stored: stored?.credential.val ?? {},
    shared: secrets.sharedCredentials,
    client: await clientOf(deps, config, secrets),
  }
}

export function stateOf({ link, account }: Pick<Connecting, 'link' | 'account'>, now: number): LinkState {
  if (link.finishedAt !== null) return 'used'
  if (link.expiresAt <= now) return 'expired'
  return account.status === 'INITIATED' ? 'open' : 'used'
}

export function assertOpen(connecting: Pick<Connecting, 'link' | 'account'>, now: number): void {
  const state = stateOf(connecting, now)
  if (state !== 'open') throw state === 'expired' ? closed('This link has expired.') : linkUsed()
}

const closed = (why: string) => new HoldfastError('link_closed', why, { fix: 'Go back to the app and ask for a new one.' })

export const linkUsed = () => closed('This link has been used already.')

const linkNotFound = () =>
  new HoldfastError('link_not_found', 'There is no such link.', {
    fix: 'Check that the address is complete, or ask the app for a new link.',
  })

const gone = (error: unknown): never => {
  throw error instanceof HoldfastError && error.code === 'account_not_found' ? linkNotFound() : error
}
