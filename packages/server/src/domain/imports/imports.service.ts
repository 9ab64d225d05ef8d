import { HoldfastError } from '../../errors.ts'
import { newImportId, type ProjectId } from '../../ids.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import { requireEnabledAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { type ImportJob, type ImportOptions, type ImportState, mayTurn, NO_PROGRESS } from './import-job.ts'
import { findJob, insertJob, type ListPosition, listJobs, turnJob } from './imports.repository.ts'
import { deleteChunksFrom } from './upload.repository.ts'
import { receiveBytes } from './upload.ts'

export interface ImportsDeps extends AccountsDeps {
  /** Tells whoever works on imports that there is something to do. */
  readonly onImportQueued: () => void
}

/** A job that waits for its bytes. @throws HoldfastError naming the option that is not good */
export async function createImport(deps: ImportsDeps, projectId: ProjectId, options: ImportOptions): Promise<ImportJob> {
  if (options.authConfigId !== undefined) await requireEnabledAuthConfig(deps, projectId, options.authConfigId)
  if (options.toolkit !== undefined) deps.catalogue.requireToolkit(options.toolkit)
  if (options.mode === 'rotate' && options.verifyPerSecond !== undefined)
    throw new HoldfastError('invalid_request', 'Verification is for new connections; a rotation is checked by its next use.', {
      fields: [{ path: 'verify', message: 'is not for mode rotate' }],
    })
  const now = deps.now()
  const job: ImportJob = {
    projectId,
    id: newImportId(),
    state: 'uploading',
    options,
    progress: NO_PROGRESS,
    error: null,
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
  }
  await insertJob(deps.db, job)
  return job
}

/** Adds bytes at the end of an upload. `offset` is where they belong: what was sent before is not there twice. */
export async function appendToImport(
  deps: ImportsDeps,
  projectId: ProjectId,
  id: string,
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<ImportJob> {
  const job = await requireImport(deps, projectId, id)
  if (job.state !== 'uploading') throw wrongState(job, 'take more bytes')
  const { bytesTotal } = job.progress
  if (offset !== bytesTotal)
    throw new HoldfastError('invalid_request', `The upload has ${bytesTotal} bytes; the next part begins there.`, {
      fix: `Send the part that begins at byte ${bytesTotal}.`,
      fields: [{ path: 'offset', message: `must be ${bytesTotal}` }],
    })
  const progress = { ...job.progress, bytesTotal: await receiveBytes(deps, job, bytesTotal, bytes) }
  if (!(await turnJob(deps.db, job, { state: 'uploading', progress }, deps.now()))) throw changedMeanwhile(job)
  return { ...job, progress }
}

/** The upload is whole: from now on it is worked on. */
export async function startImport(deps: ImportsDeps, projectId: ProjectId, id: string): Promise<ImportJob> {
  const job = await requireImport(deps, projectId, id)
  if (job.progress.bytesTotal === 0)
    throw new HoldfastError('invalid_import', 'The upload is empty.', { fix: 'Send CSV with a header, or JSON Lines.' })
  return turn(deps, job, 'queued', 'be started')
}

export const pauseImport = async (deps: ImportsDeps, projectId: ProjectId, id: string): Promise<ImportJob> =>
  turn(deps, await requireImport(deps, projectId, id), 'paused', 'be paused')

/** Goes on where it was, after a pause or a failure. */
export async function resumeImport(deps: ImportsDeps, projectId: ProjectId, id: string): Promise<ImportJob> {
  const job = await requireImport(deps, projectId, id)
  if (job.state === 'uploading') throw wrongState(job, 'be resumed')
  return turn(deps, job, 'queued', 'be resumed')
}

/** What was imported stays; the rest of the upload is destroyed. */
export async function cancelImport(deps: ImportsDeps, projectId: ProjectId, id: string): Promise<ImportJob> {
  const job = await turn(deps, await requireImport(deps, projectId, id), 'cancelled', 'be cancelled')
  await deleteChunksFrom(deps.db, job, 0)
  return job
}

/** Removes what it created and nobody changed since. */
export async function undoImport(deps: ImportsDeps, projectId: ProjectId, id: string): Promise<ImportJob> {
  const job = await requireImport(deps, projectId, id)
  if (job.options.dryRun) throw new HoldfastError('invalid_request', 'A dry run created nothing that could be undone.')
  const undoing = await turn(deps, job, 'undoing', 'be undone')
  await deleteChunksFrom(deps.db, job, 0)
  return undoing
}

async function turn(deps: ImportsDeps, job: ImportJob, state: ImportState, what: string): Promise<ImportJob> {
  if (!mayTurn(job.state, state)) throw wrongState(job, what)
  const now = deps.now()
  const finishedAt = state === 'cancelled' ? now : null
  if (!(await turnJob(deps.db, job, { state, finishedAt }, now))) throw changedMeanwhile(job)
  if (state === 'queued' || state === 'undoing') deps.onImportQueued()
  return { ...job, state, finishedAt, updatedAt: now }
}

export async function requireImport(deps: Pick<ImportsDeps, 'db'>, projectId: ProjectId, id: string): Promise<ImportJob> {
  const job = await findJob(deps.db, projectId, id)
  if (!job)
    throw new HoldfastError('import_not_found', `There is no import ${id} in this project.`, {
      fix: 'List the imports (GET /api/v3/imports) to see their ids.',
    })
  return job
}

export async function listImports(
  deps: Pick<ImportsDeps, 'db'>,
  projectId: ProjectId,
  page: { readonly after: ListPosition | undefined; readonly limit: number },
): Promise<{ items: ImportJob[]; next: ListPosition | undefined }> {
  const jobs = await listJobs(deps.db, projectId, page.after, page.limit + 1)
  const items = jobs.slice(0, page.limit)
  const last = items.at(-1)
  return { items, next: jobs.length > page.limit && last ? { time: last.createdAt, id: last.id } : undefined }
}

const wrongState = ({ id, state }: ImportJob, what: string) =>
  new HoldfastError('invalid_request', `Import ${id} is ${state} and cannot ${what}.`, {
    fix: 'GET /api/v3/imports/{id} shows its state.',
  })

const changedMeanwhile = ({ id }: ImportJob) =>
  new HoldfastError('credential_conflict', `Import ${id} was changed by someone else at this moment.`, { fix: 'Try again.' })
