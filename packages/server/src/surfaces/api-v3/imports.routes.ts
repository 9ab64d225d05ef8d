import { Readable } from 'node:stream'
import { Type } from 'typebox'
import {
  appendToImport,
  cancelImport,
  createImport,
  type ImportsDeps,
  listImports,
  pauseImport,
  requireImport,
  resumeImport,
  startImport,
  undoImport,
} from '../../domain/imports/imports.service.ts'
import { listReportedRows, writeReport } from '../../domain/imports/report.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodeCursor, decodePosition, encodeCursor } from '../http/wire-cursor.ts'
import { readLimit } from '../http/wire-query.ts'
import {
  CreateImportQuery,
  ImportPage,
  ListImportsQuery,
  ListRowsQuery,
  optionsFromWire,
  PartQuery,
  RowPage,
  rowToWire,
  toWire,
  WireImport,
} from './imports.schema.ts'
import { IdParams } from './wire-shapes.ts'

const tags = ['Imports']
const CURSOR = 'imports'
const ROWS_CURSOR = 'import_rows'
const UPLOADS = /^(?:text\/csv|application\/(?:csv|jsonl|ndjson|x-ndjson|x-jsonlines|jsonlines|octet-stream))/i

export function importsRoutes(parent: ApiServer, deps: ImportsDeps): void {
  // Only here a body is taken as it streams in, whatever its size.
  parent.register(async (scope) => {
    const app = scope as ApiServer
    app.addContentTypeParser(UPLOADS, (_request, payload, done) => done(null, payload))
    uploadRoutes(app, deps)
  })
  jobRoutes(parent, deps)
}

function uploadRoutes(app: ApiServer, deps: ImportsDeps): void {
  app.post(
    '/imports',
    {
      schema: {
        tags,
        summary: 'Import many connections',
        description:
          'The body is CSV (`text/csv`) or JSON Lines (`application/x-ndjson`), streamed, of any size. Without a body the ' +
          'import waits for its parts. See the guide on bulk imports for the columns.',
        querystring: CreateImportQuery,
        response: { 201: WireImport },
      },
    },
    async (request, reply) => {
      const { projectId, query, body, headers } = request
      const upload = body as unknown
      if (upload !== undefined && upload !== null && !(upload instanceof Readable))
        throw new HoldfastError('unsupported_media_type', 'An import is CSV or JSON Lines, not a JSON document.', {
          fix: 'Send text/csv or application/x-ndjson, and the options in the query.',
        })
      const job = await createImport(deps, projectId, optionsFromWire(query, headers['content-type']))
      if (!(upload instanceof Readable)) return reply.code(201).send(toWire(job))
      try {
        await appendToImport(deps, projectId, job.id, 0, upload)
        return reply.code(201).send(toWire(await startImport(deps, projectId, job.id)))
      } catch (error) {
        await cancelImport(deps, projectId, job.id)
        throw error
      }
    },
  )

  app.post(
    '/imports/:id/parts',
    {
      schema: {
        tags,
        summary: 'Add a part to an import that waits for its upload',
        description: 'Parts come in order. After a part that broke off, `bytes_total` of the import says where to go on.',
        params: IdParams,
        querystring: PartQuery,
        response: { 200: WireImport },
      },
    },
    async ({ projectId, params, query, body }) => {
      const offset = Number(query.offset ?? 0)
      if (query.offset === '' || !Number.isSafeInteger(offset) || offset < 0)
        throw new HoldfastError('invalid_request', 'offset must be a whole number.', {
          fields: [{ path: 'offset', message: 'must be a whole number' }],
        })
      await requireImport(deps, projectId, params.id)
      const part = body as unknown
      if (!(part instanceof Readable))
        throw new HoldfastError('invalid_request', 'The part is empty.', { fix: 'Send its bytes as application/octet-stream.' })
      return toWire(await appendToImport(deps, projectId, params.id, offset, part))
    },
  )
}

function jobRoutes(app: ApiServer, deps: ImportsDeps): void {
  app.get(
    '/imports',
    { schema: { tags, summary: 'List imports, newest first', querystring: ListImportsQuery, response: { 200: ImportPage } } },
    async ({ projectId, query }) => {
      const limit = readLimit(query.limit, { default: 20, max: 100 })
      const after = query.cursor ? decodePosition(query.cursor, CURSOR) : undefined
      const { items, next } = await listImports(deps, projectId, { after, limit })
      return { items: items.map(toWire), next_cursor: next ? encodeCursor([next.time, next.id], CURSOR) : null }
    },
  )

  app.get(
    '/imports/:id',
    { schema: { tags, summary: 'How far an import is', params: IdParams, response: { 200: WireImport } } },
    async ({ projectId, params }) => toWire(await requireImport(deps, projectId, params.id)),
  )

  const actions = [
    ['start', 'Start an import whose parts are all there', startImport],
    ['pause', 'Stop an import after the rows under way', pauseImport],
    ['resume', 'Go on with an import that was paused or failed', resumeImport],
    ['cancel', 'End an import: what it created stays, the rest of the upload is destroyed', cancelImport],
    ['undo', 'Remove what an import created and nobody changed since', undoImport],
  ] as const
  for (const [name, summary, act] of actions)
    app.post(
      `/imports/:id/${name}`,
      { schema: { tags, summary, params: IdParams, response: { 200: WireImport } } },
      async ({ projectId, params }) => toWire(await act(deps, projectId, params.id)),
    )

  app.get(
    '/imports/:id/rows',
    {
      schema: {
        tags,
        summary: 'What came of the rows of an import',
        params: IdParams,
        querystring: ListRowsQuery,
        response: { 200: RowPage },
      },
    },
    async ({ projectId, params, query }) => {
      const job = await requireImport(deps, projectId, params.id)
      const limit = readLimit(query.limit, { default: 100, max: 1000 })
      const [after = 0] = query.cursor ? decodeCursor(query.cursor, ROWS_CURSOR) : []
      const rows = await listReportedRows(deps, job, { after: Number(after), limit: limit + 1, status: query.status })
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(rowToWire),
        next_cursor: rows.length > limit && last ? encodeCursor([last.row], ROWS_CURSOR) : null,
      }
    },
  )

  app.get(
    '/imports/:id/report.csv',
    {
      schema: {
        tags,
        summary: 'What came of every row, as CSV',
        params: IdParams,
        response: { 200: { content: { 'text/csv': { schema: Type.String() } } } },
      },
    },
    async ({ projectId, params }, reply) => {
      const job = await requireImport(deps, projectId, params.id)
      // A stream, whatever the schema says: the report may be larger than memory.
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${job.id}.csv"`)
        .send(Readable.from(writeReport(deps, job)) as unknown as string)
    },
  )
}
