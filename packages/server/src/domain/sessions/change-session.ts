import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { checkConnections } from './config-connections.ts'
import { checkNames } from './config-names.ts'
import type { Session, SessionConfig } from './session.ts'
import { listFormerVersions, replaceSession, VERSIONS_KEPT } from './session-versions.repository.ts'
import { invalidSession, requireSession, type SessionsDeps } from './sessions.service.ts'

export interface SessionChange {
  /** Applied to the settings as they are; once more where somebody else was faster. */
  readonly apply: (config: SessionConfig) => SessionConfig
  /** Whether pins and auth configs are among what it changes: else one that went since does not stand in its way. */
  readonly changesConnections: boolean
  /** The version that the caller has seen: another one is a conflict. Left out, the change goes on top of whatever is there. */
  readonly basedOn?: number | undefined
}

/** Each lost race is another change that was made, so this many others would have to be at it at once. */
const MAX_ATTEMPTS = 50

/** What is in force from the next call on. Of concurrent changes none is lost. */
export async function changeSession(
  deps: SessionsDeps,
  projectId: ProjectId,
  id: string,
  change: SessionChange,
): Promise<Session> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await requireSession(deps, projectId, id)
    if (change.basedOn !== undefined && change.basedOn !== before.version) throw conflict(before, change.basedOn)
    const config = await checkedConfig(deps, before, change)
    const after: Session = { ...before, config, version: before.version + 1, updatedAt: deps.now() }
    if (await deps.db.transaction().execute((trx) => replaceSession(trx, before, after))) return after
  }
  throw new HoldfastError('session_conflict', `Session ${id} is being changed by many others at this moment.`, {
    fix: 'Make the change again in a moment.',
  })
}

async function checkedConfig(deps: SessionsDeps, { projectId, userId, config }: Session, change: SessionChange) {
  const wanted = change.apply(config)
  const named = checkNames(deps.catalogue, wanted)
  const checked = { ...wanted, ...named.value }
  const connections = change.changesConnections ? await checkConnections(deps, projectId, userId, checked) : []
  const issues = [...named.issues, ...connections]
  if (issues.length > 0) throw invalidSession(issues, 'Correct these settings; the session is as it was.')
  return checked
}

export interface SessionVersion {
  readonly version: number
  readonly config: SessionConfig
  /** When it was superseded; of the current one, since when it is in force. */
  readonly at: number
  readonly isCurrent: boolean
}

export interface SessionHistoryPage {
  /** Newest first. */
  readonly items: readonly SessionVersion[]
  /** To go on before, if there is more. */
  readonly nextBefore: number | undefined
  readonly total: number
}

/** The current settings come first, on the first page only. */
export async function listSessionVersions(
  deps: SessionsDeps,
  session: Session,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<SessionHistoryPage> {
  const current: SessionVersion = {
    version: session.version,
    config: session.config,
    at: session.updatedAt,
    isCurrent: true,
  }
  const head = before === undefined ? [current] : []
  const wanted = limit - head.length
  // One more than is shown says whether there is another page.
  const found = await listFormerVersions(deps.db, session.projectId, session.id, before ?? session.version, wanted + 1)
  const former = found
    .slice(0, wanted)
    .map(({ version, config, archivedAt }): SessionVersion => ({ version, config, at: archivedAt, isCurrent: false }))
  const items = [...head, ...former]
  return {
    items,
    nextBefore: found.length > wanted ? items.at(-1)?.version : undefined,
    total: Math.min(session.version - 1, VERSIONS_KEPT) + 1,
  }
}

const conflict = ({ id, version }: Session, basedOn: number) =>
  new HoldfastError('session_conflict', `Session ${id} is at version ${version}, and this change was made for ${basedOn}.`, {
    fix: 'Read the session, make the change on top of what it is now, and give its config_version.',
    fields: [{ path: 'config_version', message: `is ${version} by now` }],
  })
