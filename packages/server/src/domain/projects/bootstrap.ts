import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newApiKey } from '../../ids.ts'
import { isUniqueViolation } from '../../platform/storage/constraint.ts'
import {
  BOOTSTRAP_PROJECT_ID,
  createProject,
  findProjectByKey,
  type ProjectsDeps,
  requireProject,
  setApiKey,
} from './projects.service.ts'

export interface Bootstrap {
  readonly apiKeyFile?: string
  /** Only at the start that made it. */
  readonly apiKeyCreated?: string
}

export interface BootstrapOptions {
  /** From the operator: the key of the bootstrap project, in place of whatever key it had. */
  readonly apiKey?: string | undefined
  /** Where a generated key is kept; undefined when the database is not here either, and the key is shown once instead. */
  readonly keyFileDir?: string | undefined
}

export async function bootstrapProject(deps: ProjectsDeps, { apiKey, keyFileDir }: BootstrapOptions): Promise<Bootstrap> {
  const file = keyFileDir && join(keyFileDir, 'api-key')
  if (await isThere(deps)) {
    if (apiKey && (await findProjectByKey(deps, apiKey)) === undefined) await setApiKey(deps, BOOTSTRAP_PROJECT_ID, apiKey)
    return file && !apiKey && existsSync(file) ? { apiKeyFile: file } : {}
  }
  // The file first: a crash between the two leaves a key that the next start takes up, not a project without one.
  const kept = file && existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  const key = apiKey ?? (kept || newApiKey())
  if (file && !apiKey) writeFileSync(file, `${key}\n`, { mode: 0o600, flush: true })
  try {
    await createProject(deps, { id: BOOTSTRAP_PROJECT_ID, name: 'default', apiKey: key })
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    return {} // another server was first, and it shows the key
  }
  return { ...(file && !apiKey && { apiKeyFile: file }), ...(!apiKey && { apiKeyCreated: key }) }
}

const isThere = (deps: ProjectsDeps): Promise<boolean> =>
  requireProject(deps, BOOTSTRAP_PROJECT_ID).then(
    () => true,
    () => false,
  )
