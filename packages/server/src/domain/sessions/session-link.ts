import { HoldfastError } from '../../errors.ts'
import type { NewAccount } from '../accounts/new-account.ts'
import { listActiveAccounts } from '../accounts/user-accounts.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import { createAuthConfig, listAuthConfigPage, requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { isDirectScheme } from '../auth-schemes.ts'
import { type CreatedLink, createLink, whyNoLink } from '../connecting/create-link.ts'
import { findOAuthApp } from '../oauth-apps/oauth-apps.service.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { DEFAULT_MAX_ACCOUNTS, type Session } from './session.ts'
import { authConfigOf } from './session-accounts.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolkitInSession } from './tool-scope.ts'

export interface SessionLink extends Pick<NewAccount, 'alias' | 'type' | 'acl'> {
  readonly toolkitSlug: string
  readonly callbackUrl?: string | undefined
}

/** A link at which the session's user connects a toolkit of the session. */
export async function linkInSession(deps: SessionsDeps, session: Session, input: SessionLink): Promise<CreatedLink> {
  const toolkit = deps.catalogue.requireToolkit(input.toolkitSlug)
  if (!isToolkitInSession(session.config, toolkit.slug)) throw notInSession(toolkit)
  if (toolkit.noAuth) throw needsNone(toolkit)
  await assertRoom(deps, session, toolkit)
  const config = await chooseAuthConfig(deps, session, toolkit)
  const { alias, type, acl } = input
  const callbackUrl = input.callbackUrl ?? session.config.manageConnections.callbackUrl
  const created = await createLink(
    deps,
    session.projectId,
    { authConfigId: config.id, userId: session.userId, alias, type, acl, callbackUrl },
    { config },
  )
  return atSessionHost(session, created)
}

/** The page is the same; the app shows it under an address of its own. */
export const atSessionHost = <Link extends Pick<CreatedLink, 'linkId' | 'url'>>({ config }: Session, link: Link): Link =>
  config.linkBaseUrl === undefined ? link : { ...link, url: `${config.linkBaseUrl}/link/${link.linkId}` }

async function assertRoom(deps: SessionsDeps, { projectId, userId, config }: Session, { slug, name }: Toolkit): Promise<void> {
  if (!config.multiAccount?.enable) return
  const most = config.multiAccount.maxAccountsPerToolkit ?? DEFAULT_MAX_ACCOUNTS
  const accounts = await listActiveAccounts(deps, projectId, { userId, toolkitSlug: slug }, most)
  if (accounts.length >= most)
    throw new HoldfastError(
      'not_connectable',
      `The user has ${most} connections to ${name}, the most that this session allows.`,
      {
        fix: 'Remove one of them, or raise multi_account.max_accounts_per_toolkit.',
      },
    )
}

/** More than a project has for one toolkit, in all but odd cases. */
const MOST_LOOKED_AT = 20

/**
 * The session's own auth config for the toolkit. Else the project's newest one with OAuth; one made on the spot, where the
 * operator has an app; the newest one whose users type their credential; one of that kind made on the spot.
 */
async function chooseAuthConfig(deps: SessionsDeps, session: Session, toolkit: Toolkit): Promise<AuthConfig> {
  const { projectId } = session
  const own = authConfigOf(session, toolkit.slug)
  if (own !== undefined) return requireEnabledAuthConfig(deps, projectId, own)
  const filter = { toolkitSlugs: [toolkit.slug] }
  const { items } = await listAuthConfigPage(deps, projectId, filter, { limit: MOST_LOOKED_AT, countAtMost: 1 })
  const usable: AuthConfig[] = []
  for (const config of items)
    if (config.settings.enabledForToolRouter && (await whyNoLink(deps, config)) === undefined) usable.push(config)
  const atProvider = usable.find(({ scheme }) => !isDirectScheme(scheme))
  if (atProvider) return atProvider
  const typed = usable.find(({ scheme }) => isDirectScheme(scheme))
  if (typed && !(await findOAuthApp(deps, toolkit.slug))) return typed
  return createAuthConfig(deps, projectId, { toolkitSlug: toolkit.slug })
}

const notInSession = ({ slug }: Toolkit) =>
  new HoldfastError('tool_not_allowed', `The toolkit ${slug} is not in this session.`, {
    fix: 'Add it to toolkits.enable of the session.',
    fields: [{ path: 'toolkit', message: 'is not in the session' }],
  })

const needsNone = ({ name }: Toolkit) =>
  new HoldfastError('not_connectable', `${name} needs no connection.`, { fix: 'Call its tools.' })
