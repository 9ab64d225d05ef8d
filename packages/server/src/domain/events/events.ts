import { type EventId, newEventId, type ProjectId } from '../../ids.ts'
import type { Db, Trx } from '../../platform/storage/schema.ts'
import { insertEvent, insertEvents } from './events.repository.ts'

export type EventType =
  | 'connected_account.created'
  | 'connected_account.credential_updated'
  | 'connected_account.credential_expired'
  | 'connected_account.handed_over'
  | 'connected_account.revocation_ended'
  | 'connected_account.status_changed'
  | 'connected_account.deleted'
  | 'import.finished'

export interface NewEvent {
  readonly type: EventType
  readonly subjectId: string
  /** Facts about what happened. Never a secret, not even a masked one. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>
}

const toRow = (projectId: ProjectId, { type, subjectId, data = {} }: NewEvent, now: number) => ({
  project_id: projectId,
  id: newEventId(),
  type,
  subject_id: subjectId,
  data: JSON.stringify(data),
  created_at: now,
})

/** Within the caller's transaction: what happened and the record of it land together or not at all. */
export async function recordEvent(trx: Db, projectId: ProjectId, event: NewEvent, now: number): Promise<EventId> {
  const row = toRow(projectId, event, now)
  await insertEvent(trx, row)
  return row.id
}

export const recordEvents = (trx: Trx, projectId: ProjectId, events: readonly NewEvent[], now: number): Promise<void> =>
  insertEvents(
    trx,
    events.map((event) => toRow(projectId, event, now)),
  )
