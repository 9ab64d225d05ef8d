import { Readable } from 'node:stream'
import type { ProjectId } from '../../ids.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import type { ImportJob, ImportOptions } from './import-job.ts'
import { workOffImports } from './import-worker.ts'
import { appendToImport, createImport, type ImportsDeps, requireImport, startImport } from './imports.service.ts'

export const importsDeps = <Deps extends AccountsDeps>(deps: Deps): Deps & ImportsDeps => ({ ...deps, onImportQueued: () => {} })

export const CSV: ImportOptions = { format: 'csv', createAuthConfigs: false, onConflict: 'skip', mode: 'create', dryRun: false }

export async function upload(
  deps: ImportsDeps,
  projectId: ProjectId,
  text: string | Buffer,
  options: Partial<ImportOptions> = {},
): Promise<ImportJob> {
  const { id } = await createImport(deps, projectId, { ...CSV, ...options })
  await appendToImport(deps, projectId, id, 0, Readable.from([Buffer.from(text as string)]))
  return startImport(deps, projectId, id)
}

/** Uploads and works it off; an error that nobody expects fails the test. */
export async function importAll(
  deps: ImportsDeps,
  projectId: ProjectId,
  text: string | Buffer,
  options: Partial<ImportOptions> = {},
): Promise<ImportJob> {
  const { id } = await upload(deps, projectId, text, options)
  await workOff(deps)
  return requireImport(deps, projectId, id)
}

export async function workOff(deps: ImportsDeps, batchRows?: number): Promise<void> {
  const errors: unknown[] = []
  await workOffImports(deps, {
    signal: new AbortController().signal,
    onError: (error) => errors.push(error),
    ...(batchRows !== undefined && { batchRows }),
  })
  if (errors.length > 0) throw errors[0]
}
