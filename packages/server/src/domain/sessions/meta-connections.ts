import { HoldfastError } from '../../errors.ts'
import type { Account, ListedAccount } from '../accounts/account.ts'
import { createReconnectLink } from '../connecting/create-link.ts'
import { nearestNames } from '../toolkits/nearest.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { type ConnectionStatus, connectionStatuses, isConnected, type UserInfo, userInfoOf } from './connection-status.ts'
import { removeConnection, renameConnection } from './own-connection.ts'
import type { Session } from './session.ts'
import { accountsOf } from './session-accounts.ts'
import { atSessionHost, linkInSession } from './session-link.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolkitInSession } from './tool-scope.ts'

type Action = 'add' | 'list' | 'status' | 'rename' | 'remove'

export interface ManageConnectionsArguments {
  readonly toolkits: readonly (
    | string
    | { readonly name: string; readonly action?: Action; readonly account_id?: string; readonly alias?: string }
  )[]
  readonly reinitiate_all?: boolean
}

interface ConnectionResult {
  readonly status: 'active' | 'initiated' | 'failed'
  /** For the user, when it is `initiated`. */
  readonly redirect_url?: string
  readonly connected_account_id?: string
  readonly auth_config_id?: string
  readonly instruction: string
  readonly current_user_info?: UserInfo
  readonly accounts?: readonly object[]
}

const MOST_LISTED = 50

/** Where a connection is missing there is a link for the user; what an agent cannot do here, it is told. */
export async function manageConnections(deps: SessionsDeps, session: Session, args: ManageConnectionsArguments) {
  const asked = args.toolkits.map((one) =>
    typeof one === 'string'
      ? { name: one, action: 'add' as const, explicit: false, account: undefined, alias: undefined }
      : {
          name: one.name,
          action: one.action ?? ('add' as const),
          explicit: one.action === 'add',
          account: one.account_id,
          alias: one.alias,
        },
  )
  const known = new Map<string, Toolkit>()
  for (const { name } of asked) {
    const toolkit = deps.catalogue.findToolkit(name)
    if (toolkit && isToolkitInSession(session.config, toolkit.slug)) known.set(name, toolkit)
  }
  const statuses = await connectionStatuses(deps, session, [...new Set(known.values())])
  const results: Record<string, ConnectionResult> = Object.create(null)
  for (const { name, action, explicit, account, alias } of asked) {
    const toolkit = known.get(name)
    const status = statuses.find((one) => one.toolkit === toolkit)
    results[toolkit?.slug ?? name] = status
      ? await answer(deps, session, status, action, {
          another: args.reinitiate_all === true || (explicit && session.config.multiAccount?.enable === true),
          account,
          alias,
        })
      : { status: 'failed', instruction: notThere(deps, session, name) }
  }
  const count = (wanted: ConnectionResult['status']) => Object.values(results).filter(({ status }) => status === wanted).length
  const [active, initiated, failed] = [count('active'), count('initiated'), count('failed')]
  const missing = initiated + failed
  return {
    message: missing === 0 ? 'All of these are connected.' : `${missing} of these cannot be used yet: see their instructions.`,
    results: { ...results },
    summary: { total_toolkits: active + missing, active, initiated, failed },
  }
}

async function answer(
  deps: SessionsDeps,
  session: Session,
  status: ConnectionStatus,
  action: Action,
  wish: { readonly another: boolean; readonly account: string | undefined; readonly alias: string | undefined },
): Promise<ConnectionResult> {
  const { toolkit, connection, isActive, userInfo, message } = status
  const shown = {
    status: isActive ? ('active' as const) : ('failed' as const),
    ...(connection && { connected_account_id: connection.account.id, auth_config_id: connection.account.authConfigId }),
    ...(userInfo && { current_user_info: userInfo }),
    instruction: message,
  }
  switch (action) {
    case 'status':
      return shown
    case 'add':
      return toolkit.noAuth || (isActive && !wish.another) ? shown : invite(deps, session, status, wish.alias)
    case 'list':
      return { ...shown, accounts: await listed(deps, session, toolkit, connection?.account.id) }
    case 'rename':
      return refusalsAsResults(async () => {
        const alias = wish.alias
        if (!alias) throw new HoldfastError('invalid_request', 'A new name is needed: give alias.')
        const renamed = await renameConnection(deps, session, toolkit.slug, wish.account, alias)
        return {
          status: renamed.status === 'ACTIVE' ? 'active' : 'failed',
          connected_account_id: renamed.id,
          auth_config_id: renamed.authConfigId,
          instruction: `The connection is called ${JSON.stringify(alias)} now.`,
        }
      })
    case 'remove':
      if (session.config.manageConnections.allowRemoval === false)
        return {
          status: 'failed',
          instruction: 'Connections cannot be removed in this session. The user can ask the app for it.',
        }
      return refusalsAsResults(async () => {
        const removed = await removeConnection(deps, session, toolkit.slug, wish.account)
        return {
          status: 'active',
          connected_account_id: removed.id,
          auth_config_id: removed.authConfigId,
          instruction: `The connection ${removed.id} to ${toolkit.name} is removed, and its credential destroyed.`,
        }
      })
  }
}

/** A connection that is there and of no use is connected again; there is no second one beside it. */
async function invite(
  deps: SessionsDeps,
  session: Session,
  { toolkit, connection, isActive }: ConnectionStatus,
  alias: string | undefined,
): Promise<ConnectionResult> {
  return refusalsAsResults(async () => {
    const waiting = connection && !isActive && canBeRenewed(session, connection.account) ? connection.account : undefined
    const { url, account } = waiting
      ? atSessionHost(
          session,
          await createReconnectLink(deps, session.projectId, waiting.id, session.config.manageConnections.callbackUrl),
        )
      : await linkInSession(deps, session, { toolkitSlug: toolkit.slug, alias })
    return {
      status: 'initiated',
      redirect_url: url,
      connected_account_id: account.id,
      auth_config_id: account.authConfigId,
      instruction: `Show the user this link and ask them to open it: ${url} It connects ${toolkit.name} and is good for ten minutes. Afterwards ask again with the action status.`,
    }
  })
}

/** What an agent can read and act on. */
async function refusalsAsResults(act: () => Promise<ConnectionResult>): Promise<ConnectionResult> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { status: 'failed', instruction: [error.message, error.fix].filter(Boolean).join(' ') }
  }
}

const canBeRenewed = (session: Session, { userId, status }: Account): boolean =>
  userId === session.userId && ['INITIATED', 'EXPIRED', 'FAILED'].includes(status)

async function listed(deps: SessionsDeps, session: Session, toolkit: Toolkit, usual: string | undefined): Promise<object[]> {
  const accounts = await accountsOf(deps, session, toolkit.slug, MOST_LISTED)
  return accounts.map((one) => ({
    id: one.account.id,
    ...(one.account.alias && { alias: one.account.alias }),
    status: isConnected(one) ? 'active' : one.account.status.toLowerCase(),
    is_default: one.account.id === usual,
    account_type: one.account.type,
    ...infoOf(one, session),
    created_at: new Date(one.account.createdAt).toISOString(),
  }))
}

const infoOf = (one: ListedAccount, { userId }: Session) => {
  const info = userInfoOf(one, userId)
  return info && { user_info: info }
}

function notThere({ catalogue }: SessionsDeps, { config }: Session, name: string): string {
  const slugs = catalogue.toolkits.map(({ slug }) => slug).filter((slug) => isToolkitInSession(config, slug))
  const near = nearestNames(name, slugs)
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''
  return `The session has no toolkit ${JSON.stringify(name.slice(0, 80))}.${hint}`
}
