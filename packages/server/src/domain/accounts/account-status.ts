import { HoldfastError } from '../../errors.ts'
import type { AccountStatus } from './account.ts'

/** Every change of state that can happen. What is not here is an error, and each one that happens is an event. */
const TRANSITIONS = {
  INITIALIZING: ['INITIATED', 'ACTIVE', 'FAILED', 'EXPIRED', 'INACTIVE'],
  // One that waits for its user again may hold a grant of before.
  INITIATED: ['ACTIVE', 'FAILED', 'EXPIRED', 'INACTIVE', 'REVOKED'],
  ACTIVE: ['INACTIVE', 'EXPIRED', 'REVOKED', 'FAILED', 'INITIATED'],
  INACTIVE: ['ACTIVE', 'EXPIRED', 'REVOKED'],
  EXPIRED: ['ACTIVE', 'INITIATED', 'INACTIVE', 'REVOKED'],
  FAILED: ['ACTIVE', 'INITIATED', 'INACTIVE', 'REVOKED'],
  REVOKED: [],
} as const satisfies Record<AccountStatus, readonly AccountStatus[]>

export const mayBecome = (from: AccountStatus, to: AccountStatus): boolean =>
  (TRANSITIONS[from] as readonly AccountStatus[]).includes(to)

export function assertMayBecome(from: AccountStatus, to: AccountStatus): void {
  if (!mayBecome(from, to))
    throw new HoldfastError('account_not_active', `A connection that is ${from} cannot become ${to}.`, {
      fix: 'Create a new connection.',
    })
}
