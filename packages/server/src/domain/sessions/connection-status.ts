import type { ListedAccount } from '../accounts/account.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import type { Session } from './session.ts'
import { connectionsOf } from './session-accounts.ts'
import type { SessionsDeps } from './sessions.service.ts'

export type UserInfo = Readonly<Record<string, unknown>>

export interface ConnectionStatus {
  readonly toolkit: Toolkit
  /** Calls that need no connection have one always. */
  readonly isActive: boolean
  readonly connection: ListedAccount | undefined
  /** Whose account it is upstream. */
  readonly userInfo: UserInfo | undefined
  /** For an agent to read, and to tell its user. */
  readonly message: string
}

export async function connectionStatuses(
  deps: SessionsDeps,
  session: Session,
  toolkits: readonly Toolkit[],
): Promise<ConnectionStatus[]> {
  const asking = toolkits.filter(({ noAuth }) => !noAuth).map(({ slug }) => slug)
  const connections = await connectionsOf(deps, session, asking)
  return toolkits.map((toolkit) => statusOf(toolkit, connections.get(toolkit.slug), session))
}

/** As Composio names it. Of a shared connection only its creator is told whose it is. */
export function userInfoOf({ account }: ListedAccount, userId: string): UserInfo | undefined {
  if (!account.identity || account.userId !== userId) return undefined
  const { id, email, name } = account.identity
  return Object.fromEntries(Object.entries({ id, email, name }).filter(([, value]) => value !== null))
}

export const isConnected = (connection: ListedAccount | undefined): boolean =>
  connection?.account.status === 'ACTIVE' && !connection.authConfig.disabled && connection.authConfig.forSessions

function statusOf(toolkit: Toolkit, connection: ListedAccount | undefined, session: Session): ConnectionStatus {
  const isActive = toolkit.noAuth || isConnected(connection)
  const userInfo = connection && isActive ? userInfoOf(connection, session.userId) : undefined
  return { toolkit, connection, isActive, userInfo, message: messageOf(toolkit, connection, isActive, session) }
}

function messageOf(toolkit: Toolkit, connection: ListedAccount | undefined, isActive: boolean, session: Session): string {
  if (toolkit.noAuth) return `${toolkit.name} needs no connection.`
  if (isActive) return `The user is connected to ${toolkit.name}: its tools can be run.`
  if (!connection) return `The user is not connected to ${toolkit.name}. ${howToConnect(session)}`
  const { account, authConfig } = connection
  if (authConfig.disabled && account.status === 'ACTIVE')
    return `The auth config of connection ${account.id} is disabled: the app has to enable it.`
  return `Connection ${account.id} to ${toolkit.name} is ${account.status}. ${howToConnect(session)}`
}

/** Only what this session lets an agent do. */
const howToConnect = ({ config }: Session): string =>
  config.manageConnections.enabled
    ? 'COMPOSIO_MANAGE_CONNECTIONS makes a link at which the user can connect it.'
    : 'Tell the user that the app has to connect it.'
