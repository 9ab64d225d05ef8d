import { setTimeout as sleep } from 'node:timers/promises'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { connectionStatuses } from './connection-status.ts'
import { MAX_WAIT_SECONDS } from './meta-tools.ts'
import type { Session } from './session.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolkitInSession } from './tool-scope.ts'

export interface WaitForConnectionsArguments {
  readonly toolkits: readonly string[]
  readonly timeout_seconds?: number
}

const USUAL_WAIT_SECONDS = 30
/** People take this long anyway; a shorter one would ask the database for nothing. */
const ASK_EVERY_MS = 2_000

/** Comes back when all of them are connected, or when the time is over. */
export async function waitForConnections(deps: SessionsDeps, session: Session, args: WaitForConnectionsArguments) {
  const seconds = Math.min(args.timeout_seconds ?? USUAL_WAIT_SECONDS, MAX_WAIT_SECONDS)
  const startedAt = performance.now()
  const left = () => seconds * 1_000 - (performance.now() - startedAt)
  const found = new Map<string, Toolkit>()
  for (const name of args.toolkits) {
    const toolkit = deps.catalogue.findToolkit(name)
    if (toolkit && isToolkitInSession(session.config, toolkit.slug)) found.set(toolkit.slug, toolkit)
  }
  const unknown = args.toolkits.filter((name) => !found.has(deps.catalogue.findToolkit(name)?.slug ?? ''))
  const ask = () => connectionStatuses(deps, session, [...found.values()])
  let statuses = await ask()
  while (statuses.some(({ isActive }) => !isActive) && left() > 0) {
    await sleep(Math.min(ASK_EVERY_MS, left()))
    statuses = await ask()
  }
  const results = [
    ...statuses.map(({ toolkit, isActive, connection, message }) => [
      toolkit.slug,
      {
        status: isActive ? 'active' : 'pending',
        ...(connection && { connected_account_id: connection.account.id }),
        instruction: message,
      },
    ]),
    ...unknown.map((name) => [name.slice(0, 80), { status: 'failed', instruction: 'This toolkit is not in the session.' }]),
  ]
  const allConnected = unknown.length === 0 && statuses.every(({ isActive }) => isActive)
  return {
    message: allConnected ? 'All of these are connected.' : 'Not all of these are connected yet: see their instructions.',
    all_connected: allConnected,
    waited_seconds: Math.round((performance.now() - startedAt) / 1_000),
    results: Object.fromEntries(results) as Record<string, unknown>,
  }
}
