import type { ImportId, ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'

export interface StoredChunk {
  readonly start: number
  readonly bytes: number
  readonly sealed: Uint8Array
  readonly keyId: string
}

interface Upload {
  readonly projectId: ProjectId
  readonly id: ImportId
}

export const insertChunk = (db: Db, { projectId, id }: Upload, chunk: StoredChunk) =>
  db
    .insertInto('import_chunk')
    .values({
      project_id: projectId,
      import_id: id,
      start_offset: chunk.start,
      bytes: chunk.bytes,
      sealed: chunk.sealed,
      key_id: chunk.keyId,
    })
    .execute()

/** The one that holds this byte, or undefined behind the last one. */
export async function findChunkAt(db: Db, { projectId, id }: Upload, offset: number): Promise<StoredChunk | undefined> {
  const row = await db
    .selectFrom('import_chunk')
    .select(['start_offset', 'bytes', 'sealed', 'key_id'])
    .where('project_id', '=', projectId)
    .where('import_id', '=', id)
    .where('start_offset', '<=', offset)
    .orderBy('start_offset', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row || row.start_offset + row.bytes <= offset) return undefined
  return { start: row.start_offset, bytes: row.bytes, sealed: row.sealed, keyId: row.key_id }
}

export const deleteChunksFrom = (db: Db, { projectId, id }: Upload, start: number) =>
  db
    .deleteFrom('import_chunk')
    .where('project_id', '=', projectId)
    .where('import_id', '=', id)
    .where('start_offset', '>=', start)
    .execute()

/** What is imported is needed no more. */
export const deleteChunksBefore = (db: Db, { projectId, id }: Upload, offset: number) =>
  db
    .deleteFrom('import_chunk')
    .where('project_id', '=', projectId)
    .where('import_id', '=', id)
    .where((eb) => eb(eb('start_offset', '+', eb.ref('bytes')), '<=', offset))
    .execute()
