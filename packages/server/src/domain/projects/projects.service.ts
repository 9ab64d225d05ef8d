import { hash, timingSafeEqual } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'
import { newApiKey, newProjectId, type ProjectId } from '../../ids.ts'
import type { Db, ProjectTable } from '../../platform/storage/schema.ts'
import type { KeyRing } from '../../platform/vault/key-ring.ts'
import type { Clock } from '../clock.ts'
import { keyCacheOf } from './key-cache.ts'
import { DEFAULT_PROJECT_CONFIG, type Project, type ProjectConfig } from './project.ts'
import {
  deleteApiKeys,
  deleteProjectSecrets,
  findProject,
  findProjectOfKeyAcrossProjects,
  holdProject,
  insertApiKey,
  insertProject,
  listProjectsAcrossProjects,
  markProjectDeleted,
  updateProjectConfig,
} from './projects.repository.ts'

/** The project that is there from the first start. One fixed id, so that servers which start together make it once. */
export const BOOTSTRAP_PROJECT_ID: ProjectId = 'pr_default_project'

export interface ProjectsDeps {
  readonly db: Db
  readonly keys: KeyRing
  readonly now: Clock
}

export interface NewProject {
  readonly id?: ProjectId
  readonly name: string
  readonly config?: Partial<ProjectConfig>
  /** The key that opens the project; left out, the project has none until one is generated. */
  readonly apiKey?: string
}

export async function createProject(
  deps: ProjectsDeps,
  { id = newProjectId(), name, config = {}, apiKey }: NewProject,
): Promise<Project> {
  const now = deps.now()
  const row = { id, name, email: null, config: JSON.stringify(config), created_at: now, updated_at: now, deleted_at: null }
  await deps.db.transaction().execute(async (trx) => {
    await insertProject(trx, row)
    await deps.keys.createDataKey(trx, id, now)
    if (apiKey) await insertApiKey(trx, hashOf(apiKey), id, now)
  })
  return fromRow(row)
}

/** The project that a key opens, or undefined: at once when it was asked a moment ago. Only hashes are compared and kept. */
export function findProjectByKey(
  { db }: Pick<ProjectsDeps, 'db'>,
  apiKey: string,
): ProjectId | undefined | Promise<ProjectId | undefined> {
  const digest = hashOf(apiKey)
  const cache = keyCacheOf(db)
  const now = performance.now()
  return cache.find(digest, now) ?? cache.readThrough(digest, now, () => readProjectOfKey(db, digest))
}

/** Compared in constant time, so that the time of an answer tells nothing about stored hashes. */
async function readProjectOfKey(db: Db, digest: string): Promise<ProjectId | undefined> {
  const row = await findProjectOfKeyAcrossProjects(db, digest)
  return row && timingSafeEqual(Buffer.from(row.hash, 'hex'), Buffer.from(digest, 'hex'))
    ? (row.project_id as ProjectId)
    : undefined
}

export async function requireProject(deps: Pick<ProjectsDeps, 'db'>, id: ProjectId): Promise<Project> {
  const row = await findProject(deps.db, id)
  if (!row) throw projectNotFound(id)
  return fromRow(row)
}

const projectNotFound = (id: ProjectId) =>
  new HoldfastError('project_not_found', `There is no project ${id}.`, { fix: 'List the projects to see their ids.' })

export async function listProjects(
  deps: ProjectsDeps,
  after: { createdAt: number; id: string } | undefined,
  limit: number,
): Promise<Project[]> {
  return (await listProjectsAcrossProjects(deps.db, after, limit)).map(fromRow)
}

/** From now on this key, and no other, opens the project; a project that is gone gets none. */
export async function setApiKey(deps: ProjectsDeps, id: ProjectId, apiKey: string): Promise<void> {
  await deps.db.transaction().execute(async (trx) => {
    if (!(await holdProject(trx, id, deps.now()))) throw projectNotFound(id)
    await deleteApiKeys(trx, id)
    await insertApiKey(trx, hashOf(apiKey), id, deps.now())
  })
  keyCacheOf(deps.db).forgetAll()
}

/** The old key stops working the moment the new one is answered. */
export async function regenerateApiKey(deps: ProjectsDeps, id: ProjectId): Promise<{ apiKey: string; createdAt: number }> {
  const apiKey = newApiKey()
  await setApiKey(deps, id, apiKey)
  return { apiKey, createdAt: deps.now() }
}

/** The rows stay for the record; the keys, and every secret of the project, are destroyed. */
export async function deleteProject(deps: ProjectsDeps, id: ProjectId): Promise<void> {
  if (id === BOOTSTRAP_PROJECT_ID)
    throw new HoldfastError('invalid_request', 'The project that the server starts with cannot be deleted.', {
      fix: 'Delete its connections instead, or regenerate its API key.',
    })
  await requireProject(deps, id)
  await deps.db.transaction().execute(async (trx) => {
    await markProjectDeleted(trx, id, deps.now())
    await deleteApiKeys(trx, id)
    await deleteProjectSecrets(trx, id)
  })
  keyCacheOf(deps.db).forgetAll()
}

export async function patchProjectConfig(
  deps: ProjectsDeps,
  id: ProjectId,
  patch: Partial<ProjectConfig>,
): Promise<ProjectConfig> {
  return deps.db.transaction().execute(async (trx) => {
    if (!(await holdProject(trx, id, deps.now()))) throw projectNotFound(id)
    const { config } = await requireProject({ db: trx }, id)
    const next = { ...config, ...patch }
    await updateProjectConfig(trx, id, JSON.stringify(next), deps.now())
    return next
  })
}

const hashOf = (apiKey: string): string => hash('sha256', apiKey, 'hex')

const fromRow = (row: ProjectTable): Project => ({
  id: row.id as ProjectId,
  name: row.name,
  email: row.email,
  config: { ...DEFAULT_PROJECT_CONFIG, ...(JSON.parse(row.config) as Partial<ProjectConfig>) },
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
