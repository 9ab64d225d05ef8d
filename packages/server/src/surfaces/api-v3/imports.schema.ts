import { type Static, Type } from 'typebox'
import { IMPORT_STATES, type ImportJob, type ImportOptions, ROW_STATUSES } from '../../domain/imports/import-job.ts'
import type { ReportedRow } from '../../domain/imports/report.ts'
import { HoldfastError } from '../../errors.ts'
import { readBoolean } from '../http/wire-query.ts'
import { Nullable, oneOf, toIsoTime, WireAuthScheme } from './wire-shapes.ts'

const Flag = (description: string) => Type.Optional(Type.Union([Type.Boolean(), Type.String()], { description }))

export const CreateImportQuery = Type.Object({
  auth_config_id: Type.Optional(Type.String({ description: 'For rows that name none of their own.' })),
  toolkit: Type.Optional(Type.String({ description: 'With `scheme`, for rows that name no auth config.' })),
  scheme: Type.Optional(WireAuthScheme),
  create_auth_configs: Flag('Makes an auth config where the project has none for toolkit and scheme of a row.'),
  on_conflict: Type.Optional(
    Type.Union([Type.Literal('skip'), Type.Literal('update'), Type.Literal('fail')], {
      description: 'For a row whose external_id a connection has already. Default: skip.',
    }),
  ),
  mode: Type.Optional(
    Type.Union([Type.Literal('create'), Type.Literal('rotate')], {
      description: '`rotate` replaces the credentials of connections that are there, and creates none.',
    }),
  ),
  dry_run: Flag('Everything but the writing, with the same report.'),
  verify: Flag('Asks the provider about each credential; what it refuses is not stored.'),
  verify_per_second: Type.Optional(
    Type.Union([Type.Number(), Type.String()], { description: 'Verifications of one toolkit in a second. Default: 10.' }),
  ),
  map: Type.Optional(
    Type.String({ description: 'JSON object: our name to the name in the file. Columns that it does not name are left out.' }),
  ),
  format: Type.Optional(
    Type.Union([Type.Literal('csv'), Type.Literal('jsonl')], {
      description: 'Left out: by the content type, for an upload in parts CSV.',
    }),
  ),
})

const MAX_VERIFICATIONS_PER_SECOND = 1000
const DEFAULT_VERIFICATIONS_PER_SECOND = 10

export function optionsFromWire(query: Static<typeof CreateImportQuery>, contentType: string | undefined): ImportOptions {
  const verify = readBoolean(query.verify, 'verify') === true
  const map = query.map === undefined ? undefined : mapFromWire(query.map)
  return {
    format: query.format ?? (contentType?.includes('json') ? 'jsonl' : 'csv'),
    ...(query.auth_config_id !== undefined && { authConfigId: query.auth_config_id }),
    ...(query.toolkit !== undefined && { toolkit: query.toolkit.toLowerCase() }),
    ...(query.scheme !== undefined && { scheme: query.scheme }),
    createAuthConfigs: readBoolean(query.create_auth_configs, 'create_auth_configs') === true,
    onConflict: query.on_conflict ?? 'skip',
    mode: query.mode ?? 'create',
    dryRun: readBoolean(query.dry_run, 'dry_run') === true,
    ...(verify && { verifyPerSecond: rateFromWire(query.verify_per_second) }),
    ...(map && { map }),
  }
}

function rateFromWire(value: string | number | undefined): number {
  if (value === undefined) return DEFAULT_VERIFICATIONS_PER_SECOND
  const rate = Number(value)
  if (rate > 0 && rate <= MAX_VERIFICATIONS_PER_SECOND) return rate
  throw refused('verify_per_second', `must be a number from 0 to ${MAX_VERIFICATIONS_PER_SECOND}`)
}

function mapFromWire(text: string): Record<string, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refused('map', 'is not JSON')
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    !Object.values(value).every((one) => typeof one === 'string')
  )
    throw refused('map', 'must be a JSON object of names')
  return value as Record<string, string>
}

const refused = (path: string, message: string) =>
  new HoldfastError('invalid_request', `${path} ${message}.`, { fields: [{ path, message }] })

const Count = Type.Number()

export const WireImport = Type.Object({
  id: Type.String(),
  state: oneOf(IMPORT_STATES),
  format: oneOf(['csv', 'jsonl'] as const),
  mode: oneOf(['create', 'rotate'] as const),
  on_conflict: oneOf(['skip', 'update', 'fail'] as const),
  dry_run: Type.Boolean(),
  counts: Type.Object(
    { created: Count, updated: Count, unchanged: Count, conflict: Count, failed: Count },
    { description: 'Of a dry run: what would have come of the rows.' },
  ),
  rows: Type.Number({ description: 'Rows done.' }),
  bytes_total: Type.Number({ description: 'Size of the upload; its next part begins here.' }),
  bytes_done: Type.Number(),
  rows_per_second: Nullable(Type.Number()),
  seconds_left: Nullable(Type.Number({ description: 'By the rate so far.' })),
  ignored_columns: Type.Array(Type.String(), { description: 'Columns that no scheme of the file knows; they were not stored.' }),
  undone: Nullable(
    Type.Object({ removed: Count, kept: Type.Number({ description: 'Changed since the import, so left as they are.' }) }),
  ),
  error: Nullable(Type.String({ description: 'Why the whole of it failed.' })),
  created_at: Type.String(),
  updated_at: Type.String(),
  finished_at: Nullable(Type.String()),
})

export function toWire({
  id,
  state,
  options,
  progress,
  error,
  createdAt,
  updatedAt,
  finishedAt,
}: ImportJob): Static<typeof WireImport> {
  const { bytesTotal, offset, rows, workedMs, undone } = progress
  const wasUndone = state === 'undoing' || state === 'undone'
  const isUnderWay = state === 'queued' || state === 'running'
  return {
    id,
    state,
    format: options.format,
    mode: options.mode,
    on_conflict: options.onConflict,
    dry_run: options.dryRun,
    counts: { ...progress.counts },
    rows,
    bytes_total: bytesTotal,
    bytes_done: offset,
    rows_per_second: workedMs > 0 ? Math.round((rows / workedMs) * 1000) : null,
    seconds_left: isUnderWay && offset > 0 ? Math.ceil(((bytesTotal - offset) / offset) * (workedMs / 1000)) : null,
    ignored_columns: [...progress.ignoredColumns],
    undone: wasUndone ? { removed: undone.removed, kept: undone.kept } : null,
    error,
    created_at: toIsoTime(createdAt),
    updated_at: toIsoTime(updatedAt),
    finished_at: finishedAt === null ? null : toIsoTime(finishedAt),
  }
}

export const ImportPage = Type.Object({ items: Type.Array(WireImport), next_cursor: Nullable(Type.String()) })

export const ListImportsQuery = Type.Object({
  limit: Type.Optional(Type.Union([Type.Number(), Type.String()])),
  cursor: Type.Optional(Type.String()),
})

export const ListRowsQuery = Type.Object({
  status: Type.Optional(oneOf(ROW_STATUSES)),
  limit: Type.Optional(Type.Union([Type.Number(), Type.String()])),
  cursor: Type.Optional(Type.String()),
})

export const PartQuery = Type.Object({
  offset: Type.Optional(
    Type.Union([Type.Number(), Type.String()], {
      description: 'Where the part begins: bytes_total of the import so far. Left out: at the start.',
    }),
  ),
})

const WireRow = Type.Object({
  row: Type.Number({ description: 'From 1; the header of a CSV file is not counted.' }),
  status: oneOf(ROW_STATUSES),
  external_id: Nullable(Type.String()),
  user_id: Nullable(Type.String()),
  connected_account_id: Nullable(Type.String()),
  code: Nullable(Type.String()),
  field: Nullable(Type.String()),
  message: Nullable(Type.String()),
  fix: Nullable(Type.String()),
})

export const RowPage = Type.Object({ items: Type.Array(WireRow), next_cursor: Nullable(Type.String()) })

export const rowToWire = ({ row, status, externalId, userId, accountId, problem }: ReportedRow): Static<typeof WireRow> => ({
  row,
  status,
  external_id: externalId,
  user_id: userId,
  connected_account_id: accountId,
  code: problem?.code ?? null,
  field: problem?.field ?? null,
  message: problem?.message ?? null,
  fix: problem?.fix ?? null,
})
