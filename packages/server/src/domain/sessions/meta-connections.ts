import { nearestNames } from '../toolkits/nearest.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { type ConnectionStatus, connectionStatuses, howToConnect, isConnected } from './connection-status.ts'
import type { Session } from './session.ts'
import { accountsOf } from './session-accounts.ts'
import type { SessionDeps } from './sessions.service.ts'
import { isToolkitInSession } from './tool-scope.ts'

type Action = 'add' | 'list' | 'status' | 'rename' | 'remove'

export interface ManageConnectionsArguments {
  readonly toolkits: readonly (string | { readonly name: string; readonly action?: Action })[]
  readonly reinitiate_all?: boolean
}

interface ConnectionResult {
  readonly status: 'active' | 'failed'
  readonly connected_account_id?: string
  readonly auth_config_id?: string
  readonly instruction: string
  readonly accounts?: readonly object[]
}

const MOST_LISTED = 50

/** What this version can say about connections; what it cannot do, it says. */
export async function manageConnections(deps: SessionDeps, session: Session, args: ManageConnectionsArguments) {
  const asked = args.toolkits.map((one) =>
    typeof one === 'string' ? { name: one, action: 'add' as const } : { name: one.name, action: one.action ?? 'add' },
  )
  const known = new Map<string, Toolkit>()
  for (const { name } of asked) {
    const toolkit = deps.catalogue.findToolkit(name)
    if (toolkit && isToolkitInSession(session.config, toolkit.slug)) known.set(name, toolkit)
  }
  const statuses = await connectionStatuses(deps, session, [...new Set(known.values())])
  const results: Record<string, ConnectionResult> = Object.create(null)
  for (const { name, action } of asked) {
    const toolkit = known.get(name)
    const status = statuses.find((one) => one.toolkit === toolkit)
    results[toolkit?.slug ?? name] = status
      ? await answer(deps, session, status, action, args.reinitiate_all === true)
      : { status: 'failed', instruction: notThere(deps, session, name) }
  }
  const active = Object.values(results).filter(({ status }) => status === 'active').length
  const failed = Object.keys(results).length - active
  return {
    message: failed === 0 ? 'All of these are connected.' : `${failed} of these cannot be used yet: see their instructions.`,
    results: { ...results },
    summary: { total_toolkits: active + failed, active, initiated: 0, failed },
  }
}

async function answer(
  deps: SessionDeps,
  session: Session,
  status: ConnectionStatus,
  action: Action,
  again: boolean,
): Promise<ConnectionResult> {
  const { toolkit, connection, isActive, message } = status
  const shown = {
    status: isActive ? ('active' as const) : ('failed' as const),
    ...(connection && { connected_account_id: connection.account.id, auth_config_id: connection.account.authConfigId }),
    instruction: message,
  }
  switch (action) {
    case 'status':
      return shown
    case 'add':
      return again && !toolkit.noAuth ? { status: 'failed', instruction: howToConnect(toolkit, session.userId) } : shown
    case 'list':
      return { ...shown, accounts: await listed(deps, session, toolkit, connection?.account.id) }
    case 'rename':
    case 'remove':
      return {
        status: 'failed',
        instruction: `An agent cannot ${action} connections in this version. The app can, at /api/v3/connected_accounts/{id}.`,
      }
  }
}

async function listed(deps: SessionDeps, session: Session, toolkit: Toolkit, usual: string | undefined): Promise<object[]> {
  const accounts = await accountsOf(deps, session, toolkit.slug, MOST_LISTED)
  return accounts.map((one) => ({
    id: one.account.id,
    ...(one.account.alias && { alias: one.account.alias }),
    status: isConnected(one) ? 'active' : one.account.status.toLowerCase(),
    is_default: one.account.id === usual,
    account_type: one.account.type,
    created_at: new Date(one.account.createdAt).toISOString(),
  }))
}

function notThere({ catalogue }: SessionDeps, { config }: Session, name: string): string {
  const slugs = catalogue.toolkits.map(({ slug }) => slug).filter((slug) => isToolkitInSession(config, slug))
  const near = nearestNames(name, slugs)
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''
  return `The session has no toolkit ${JSON.stringify(name.slice(0, 80))}.${hint}`
}
