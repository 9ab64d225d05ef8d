import type { Db } from '../../platform/storage/schema.ts'
import { recordEvent } from '../events/events.ts'
import type { Account, AccountStatus } from './account.ts'
import { mayBecome } from './account-status.ts'
import { findAccount, updateAccount } from './accounts.repository.ts'

/** Read again within the transaction, since a refresh takes its time: an account that was disabled or deleted meanwhile stays so. */
export async function changeStatus(
  trx: Db,
  { projectId, id, status: expected }: Account,
  status: AccountStatus,
  reason: string | null,
  now: number,
): Promise<void> {
  const account = (await findAccount(trx, projectId, id))?.account
  if (!account || account.status !== expected || !mayBecome(account.status, status)) return
  if (await updateAccount(trx, account, { status, statusReason: reason }, now))
    await recordStatus(trx, account, status, reason, now)
}

export const recordStatus = (trx: Db, account: Account, status: AccountStatus, reason: string | null, now: number) =>
  recordEvent(
    trx,
    account.projectId,
    {
      type: 'connected_account.status_changed',
      subjectId: account.id,
      data: {
        from: account.status,
        to: status,
        ...((status === 'EXPIRED' || status === 'FAILED') && reason !== null && { reason }),
      },
    },
    now,
  )
