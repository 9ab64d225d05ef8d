import { type EventId, newEventId, type ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { insertEvent } from './events.repository.ts'

export type EventType =
  | 'connected_account.created'
  | 'connected_account.credential_updated'
  | 'connected_account.status_changed'
  | 'connected_account.deleted'

export interface NewEvent {
  readonly type: EventType
  readonly subjectId: string
  /** Facts about what happened. Never a secret, not even a masked one. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>
}

/** Within the caller's transaction: what happened and the record of it land together or not at all. */
export async function recordEvent(trx: Db, projectId: ProjectId, event: NewEvent, now: number): Promise<EventId> {
  const id = newEventId()
  await insertEvent(trx, {
    project_id: projectId,
    id,
    type: event.type,
    subject_id: event.subjectId,
    data: JSON.stringify(event.data ?? {}),
    created_at: now,
  })
  return id
}
