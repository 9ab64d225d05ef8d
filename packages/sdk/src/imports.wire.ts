import type { QueryValue } from './http.ts'
import type { CreateImportOptions, Import, ImportRow } from './imports.types.ts'

export interface ImportWire {
  id: string
  state: Import['state']
  format: Import['format']
  mode: Import['mode']
  on_conflict: Import['onConflict']
  dry_run: boolean
  counts: Import['counts']
  rows: number
  bytes_total: number
  bytes_done: number
  rows_per_second: number | null
  seconds_left: number | null
  ignored_columns: string[]
  undone: Import['undone']
  error: string | null
  created_at: string
  updated_at: string
  finished_at: string | null
}

export interface ImportRowWire {
  row: number
  status: ImportRow['status']
  external_id: string | null
  user_id: string | null
  connected_account_id: string | null
  code: string | null
  field: string | null
  message: string | null
  fix: string | null
}

export const importFromWire = (wire: ImportWire): Import => ({
  id: wire.id,
  state: wire.state,
  format: wire.format,
  mode: wire.mode,
  onConflict: wire.on_conflict,
  dryRun: wire.dry_run,
  counts: wire.counts,
  rows: wire.rows,
  bytesTotal: wire.bytes_total,
  bytesDone: wire.bytes_done,
  rowsPerSecond: wire.rows_per_second,
  secondsLeft: wire.seconds_left,
  ignoredColumns: wire.ignored_columns,
  undone: wire.undone,
  error: wire.error,
  createdAt: wire.created_at,
  updatedAt: wire.updated_at,
  finishedAt: wire.finished_at,
})

export const importRowFromWire = (wire: ImportRowWire): ImportRow => ({
  row: wire.row,
  status: wire.status,
  externalId: wire.external_id,
  userId: wire.user_id,
  connectedAccountId: wire.connected_account_id,
  code: wire.code,
  field: wire.field,
  message: wire.message,
  fix: wire.fix,
})

export const importOptionsToWire = (options: CreateImportOptions): Record<string, QueryValue> => ({
  format: options.format,
  auth_config_id: options.authConfigId,
  toolkit: options.toolkit,
  scheme: options.scheme,
  create_auth_configs: options.createAuthConfigs,
  on_conflict: options.onConflict,
  mode: options.mode,
  dry_run: options.dryRun,
  verify: options.verify,
  verify_per_second: options.verifyPerSecond,
  map: options.map && JSON.stringify(options.map),
})
