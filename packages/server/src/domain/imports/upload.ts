import type { ImportId, ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import type { CredentialsDeps } from '../credentials/credentials.service.ts'
import { openPayload, sealPayload } from '../credentials/sealed-payload.ts'
import { deleteChunksFrom, findChunkAt, insertChunk } from './upload.repository.ts'

interface UploadDeps {
  readonly db: Db
  readonly credentials: CredentialsDeps
}

export interface Upload {
  readonly projectId: ProjectId
  readonly id: ImportId
}

/** Large enough that sealing and writing cost little, small enough to hold a few in memory. */
const CHUNK_BYTES = 256 * 1024

const placeOf = ({ id }: Upload, start: number) => `import/${id}/${start}`

/**
 * Seals and stores what comes in, a chunk at a time, from byte `start` on; what an attempt that broke off left there is replaced.
 * @returns the size of the upload so far
 */
export async function receiveBytes(
  { db, credentials }: UploadDeps,
  upload: Upload,
  start: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<number> {
  await deleteChunksFrom(db, upload, start)
  let at = start
  let pieces: Uint8Array[] = []
  let held = 0
  const store = async () => {
    const chunk = Buffer.concat(pieces)
    pieces = []
    held = 0
    const { keyId, sealed } = await sealPayload(credentials, db, upload.projectId, placeOf(upload, at), chunk)
    await insertChunk(db, upload, { start: at, bytes: chunk.length, sealed, keyId })
    at += chunk.length
  }
  for await (const piece of bytes) {
    pieces.push(piece)
    held += piece.length
    if (held >= CHUNK_BYTES) await store()
  }
  if (held > 0) await store()
  return at
}

/** The upload from this byte on, chunk by chunk. */
export async function* readBytes({ db, credentials }: UploadDeps, upload: Upload, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ; ) {
    const chunk = await findChunkAt(db, upload, at)
    if (!chunk) return
    const opened = await openPayload(credentials, db, upload.projectId, placeOf(upload, chunk.start), chunk)
    yield opened.subarray(at - chunk.start)
    at = chunk.start + chunk.bytes
  }
}
