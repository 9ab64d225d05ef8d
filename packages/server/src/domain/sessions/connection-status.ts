import type { ListedAccount } from '../accounts/account.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { Session } from './session.ts'
import { connectionsOf } from './session-accounts.ts'
import type { SessionDeps } from './sessions.service.ts'

export interface ConnectionStatus {
  readonly toolkit: Toolkit
  /** Calls that need no connection have one always. */
  readonly isActive: boolean
  readonly connection: ListedAccount | undefined
  /** For an agent to read, and to tell its user. */
  readonly message: string
}

export async function connectionStatuses(
  deps: SessionDeps,
  session: Session,
  toolkits: readonly Toolkit[],
): Promise<ConnectionStatus[]> {
  const asking = toolkits.filter(({ noAuth }) => !noAuth).map(({ slug }) => slug)
  const connections = await connectionsOf(deps, session, asking)
  return toolkits.map((toolkit) => statusOf(toolkit, connections.get(toolkit.slug), session.userId))
}

export const isConnected = (connection: ListedAccount | undefined): boolean =>
  connection?.account.status === 'ACTIVE' && !connection.authConfig.disabled

function statusOf(toolkit: Toolkit, connection: ListedAccount | undefined, userId: string): ConnectionStatus {
  const isActive = toolkit.noAuth || isConnected(connection)
  return { toolkit, connection, isActive, message: messageOf(toolkit, connection, isActive, userId) }
}

function messageOf(toolkit: Toolkit, connection: ListedAccount | undefined, isActive: boolean, userId: string): string {
  if (toolkit.noAuth) return `${toolkit.name} needs no connection.`
  if (isActive) return `The user is connected to ${toolkit.name}: its tools can be run.`
  if (!connection) return `The user is not connected to ${toolkit.name}. ${howToConnect(toolkit, userId)}`
  const { account, authConfig } = connection
  if (authConfig.disabled && account.status === 'ACTIVE')
    return `The auth config of connection ${account.id} is disabled: the app has to enable it.`
  return `Connection ${account.id} to ${toolkit.name} is ${account.status}: the app has to update it with a new credential.`
}

/** Honest about what an agent can not do here. */
export const howToConnect = (toolkit: Toolkit, userId: string): string =>
  `This version has no connect links. Tell the user that the app must import a credential that it holds: POST /api/v3/connected_accounts ` +
  `with an auth config for ${toolkit.slug} and connection.user_id ${JSON.stringify(userId)}.`
