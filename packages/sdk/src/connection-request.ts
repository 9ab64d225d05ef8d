import type { ConnectionStatus } from './auth-scheme.ts'
import type { RequestOptions } from './config.ts'
import type { ConnectedAccount } from './connected-accounts.types.ts'
import { type AccountWire, accountFromWire } from './connected-accounts.wire.ts'
import { sleep } from './deadline.ts'
import { HoldfastConnectionFailedError, HoldfastConnectionPendingError } from './errors.ts'
import { type HttpClient, segment } from './http.ts'

const DEFAULT_WAIT_MS = 60_000
const DEFAULT_INTERVAL_MS = 1_000
const DEAD_STATUSES: readonly ConnectionStatus[] = ['FAILED', 'EXPIRED', 'REVOKED']

export interface WaitOptions extends RequestOptions {
  /** How long to wait in all, in milliseconds. Default: 60000. */
  waitMs?: number | undefined
  /** How often to look, in milliseconds. Default: 1000. */
  intervalMs?: number | undefined
}

/** A connection that was just made: usable at once if `status` is ACTIVE, else the user has to visit `redirectUrl`. */
export interface ConnectionRequest {
  readonly id: string
  readonly status: ConnectionStatus
  readonly redirectUrl: string | null
  /**
   * Waits until the connection is ACTIVE. The number is the longest wait in milliseconds.
   * @throws HoldfastConnectionFailedError, HoldfastConnectionPendingError
   */
  waitForConnection(wait?: number | WaitOptions): Promise<ConnectedAccount>
  toJSON(): { id: string; status: ConnectionStatus; redirectUrl: string | null }
  toString(): string
}

/** @internal */
export function connectionRequest(
  http: HttpClient,
  id: string,
  status: ConnectionStatus,
  redirectUrl: string | null,
): ConnectionRequest {
  const state = { id, status, redirectUrl }
  return {
    ...state,
    waitForConnection: (wait) => waitForConnection(http, id, wait),
    toJSON: () => ({ ...state }),
    toString: () => JSON.stringify(state, null, 2),
  }
}

/** @internal */
export async function waitForConnection(
  http: HttpClient,
  id: string,
  wait: number | WaitOptions = {},
): Promise<ConnectedAccount> {
  const options = typeof wait === 'number' ? { waitMs: wait } : wait
  const waitMs = options.waitMs ?? DEFAULT_WAIT_MS
  const deadline = Date.now() + waitMs
  for (;;) {
    const account = accountFromWire(
      await http.request<AccountWire>({ method: 'GET', path: `/connected_accounts/${segment(id)}` }, options),
    )
    if (account.status === 'ACTIVE') return account
    if (DEAD_STATUSES.includes(account.status)) throw new HoldfastConnectionFailedError(id, account.status, account.statusReason)
    const left = deadline - Date.now()
    if (left <= 0) throw new HoldfastConnectionPendingError(id, account.status, waitMs)
    await sleep(Math.min(left, options.intervalMs ?? DEFAULT_INTERVAL_MS), options.signal)
  }
}
