import type { Static } from 'typebox'
import { changeSession, listSessionVersions } from '../../domain/sessions/change-session.ts'
import type { Session } from '../../domain/sessions/session.ts'
import { requireSession, type SessionsDeps } from '../../domain/sessions/sessions.service.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodeCursor, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readLimit } from '../http/wire-query.ts'
import { WireSession } from './tool-router.schema.ts'
import {
  changeFromWire,
  PatchSessionBody,
  SessionHistoryPage,
  SessionHistoryQuery,
  versionToWire,
} from './tool-router-patch.schema.ts'
import { IdParams } from './wire-shapes.ts'

const tags = ['Sessions']
const CURSOR = 'session-versions'

/** What a session is changed to, and what it was. */
export function sessionChangeRoutes(
  app: ApiServer,
  deps: SessionsDeps,
  toWire: (session: Session) => Static<typeof WireSession>,
): void {
  app.patch(
    '/tool_router/session/:id',
    { schema: { tags, summary: 'Change a session', params: IdParams, body: PatchSessionBody, response: { 200: WireSession } } },
    async ({ projectId, params, body }) => toWire(await changeSession(deps, projectId, params.id, changeFromWire(body))),
  )

  app.get(
    '/tool_router/session/:id/config_history',
    {
      schema: {
        tags,
        summary: 'List the versions of a session',
        params: IdParams,
        querystring: SessionHistoryQuery,
        response: { 200: SessionHistoryPage },
      },
    },
    async ({ projectId, params, query }) => {
      const session = await requireSession(deps, projectId, params.id)
      const limit = readLimit(query.limit, { default: 20, max: 100 })
      const { items, nextBefore, total } = await listSessionVersions(deps, session, { before: readCursor(query.cursor), limit })
      return toPage({
        items: items.map((item) => versionToWire(session, item)),
        nextCursor: nextBefore === undefined ? null : encodeCursor([nextBefore], CURSOR),
        totalItems: total,
        limit,
      })
    },
  )
}

function readCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined || cursor === '') return undefined
  const [before, ...others] = decodeCursor(cursor, CURSOR)
  if (typeof before === 'number' && Math.abs(before) < 2 ** 31 && others.length === 0) return before
  throw new HoldfastError('invalid_cursor', 'This cursor does not belong to this list.', {
    fix: 'Pass next_cursor of the previous page unchanged, or leave cursor out.',
    fields: [{ path: 'cursor', message: 'does not belong to this list' }],
  })
}
