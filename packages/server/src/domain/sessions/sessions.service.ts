import { type FieldError, HoldfastError } from '../../errors.ts'
import { newSessionId, type ProjectId } from '../../ids.ts'
import type { ExecutionDeps } from '../execution/execute-tool.ts'
import { checkConnections } from './config-connections.ts'
import { checkNames } from './config-names.ts'
import type { Session, SessionConfig } from './session.ts'
import { findSession, insertSession, markSessionDeleted } from './sessions.repository.ts'

export interface SessionsDeps extends ExecutionDeps {
  /** Where the outside reaches this server, without a slash at the end. */
  readonly publicUrl: () => string
}

export interface NewSession {
  readonly userId: string
  /** Names as they were given; slugs in any case, aliases too. */
  readonly config: SessionConfig
}

/** @throws HoldfastError `invalid_request` that names everything in the settings that is not there or may not be used */
export async function createSession(deps: SessionsDeps, projectId: ProjectId, { userId, config }: NewSession): Promise<Session> {
  const named = checkNames(deps.catalogue, config)
  const checked = { ...config, ...named.value }
  const issues = [...named.issues, ...(await checkConnections(deps, projectId, userId, checked))]
  if (issues.length > 0) throw invalidSession(issues)
  const now = deps.now()
  const session: Session = {
    id: newSessionId(),
    projectId,
    userId,
    config: checked,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
  await insertSession(deps.db, session)
  return session
}

export async function requireSession(deps: Pick<SessionsDeps, 'db'>, projectId: ProjectId, id: string): Promise<Session> {
  const session = await findSession(deps.db, projectId, id)
  if (!session) throw sessionNotFound(id)
  return session
}

/** From then on it can neither be read nor used. */
export async function deleteSession(deps: Pick<SessionsDeps, 'db' | 'now'>, projectId: ProjectId, id: string): Promise<void> {
  if (!(await markSessionDeleted(deps.db, projectId, id, deps.now()))) throw sessionNotFound(id)
}

const sessionNotFound = (id: string) =>
  new HoldfastError('session_not_found', `There is no session ${id.slice(0, 80)} in this project.`, {
    fix: 'Create one with POST /api/v3.1/tool_router/session.',
  })

export const invalidSession = (
  fields: readonly FieldError[],
  fix = 'Correct these settings of the session and create it again.',
) =>
  new HoldfastError('invalid_request', fields.map(({ path, message }) => `${path}: ${message}`).join('. '), {
    fix,
    fields,
  })
