import type { AuthSchemeType } from './auth-scheme.ts'

/** Where an import gets its file from. Text is sent as UTF-8; streams are read as they are sent, whatever their size. */
export type ImportSource = string | Uint8Array | Blob | ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>

export type ImportState =
  | 'uploading'
  | 'queued'
  | 'running'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'undoing'
  | 'undone'

export type ImportRowStatus = 'created' | 'updated' | 'unchanged' | 'conflict' | 'failed'

/** A bulk import, and how far it is. */
export interface Import {
  id: string
  state: ImportState
  format: 'csv' | 'jsonl'
  mode: 'create' | 'rotate'
  onConflict: 'skip' | 'update' | 'fail'
  dryRun: boolean
  /** Of a dry run: what would have come of the rows. */
  counts: Record<ImportRowStatus, number>
  /** Rows done. */
  rows: number
  /** Size of the upload so far. */
  bytesTotal: number
  bytesDone: number
  rowsPerSecond: number | null
  /** By the rate so far. */
  secondsLeft: number | null
  /** Columns that no scheme of the file knows; they were not stored. */
  ignoredColumns: string[]
  /** What `undo` did; connections that were changed since the import are kept. */
  undone: { removed: number; kept: number } | null
  /** Why the whole of it failed. */
  error: string | null
  createdAt: string
  updatedAt: string
  finishedAt: string | null
}

/** What came of one row. */
export interface ImportRow {
  /** From 1; the header of a CSV file is not counted. */
  row: number
  status: ImportRowStatus
  externalId: string | null
  userId: string | null
  connectedAccountId: string | null
  code: string | null
  field: string | null
  message: string | null
  fix: string | null
}

export interface CreateImportOptions {
  /** Default: `csv`. */
  format?: 'csv' | 'jsonl' | undefined
  /** For rows that name none of their own. */
  authConfigId?: string | undefined
  /** With `scheme`, for rows that name no auth config. */
  toolkit?: string | undefined
  scheme?: AuthSchemeType | undefined
  /** Makes an auth config where the project has none for toolkit and scheme of a row. */
  createAuthConfigs?: boolean | undefined
  /** For a row whose `external_id` a connection has already. Default: `skip`. */
  onConflict?: 'skip' | 'update' | 'fail' | undefined
  /** `rotate` replaces the credentials of connections that are there, and creates none. Default: `create`. */
  mode?: 'create' | 'rotate' | undefined
  /** Everything but the writing, with the same report. */
  dryRun?: boolean | undefined
  /** Asks the provider about each credential; what it refuses is not stored. */
  verify?: boolean | undefined
  /** Verifications of one toolkit in a second. Default: 10. */
  verifyPerSecond?: number | undefined
  /** Holdfast's name of a column to the name in the file. Columns that it does not name are left out. */
  map?: Readonly<Record<string, string>> | undefined
}

export interface UploadOptions {
  /** Called once the import exists and after each part, with its id: what `upload` needs to go on after a failure. */
  onProgress?: ((job: Import) => void) | undefined
  /** Size of a part, which is held in memory. Default: 4 MiB. */
  partBytes?: number | undefined
}

export interface WaitForImportOptions {
  onProgress?: ((job: Import) => void) | undefined
  /** How often to look, in milliseconds. Default: 1000. */
  intervalMs?: number | undefined
}

export interface ImportPage<T> {
  items: T[]
  /** Pass it as `cursor` to get the following page; null on the last. */
  nextCursor: string | null
}

export interface ImportRowsQuery {
  status?: ImportRowStatus | undefined
  limit?: number | undefined
  cursor?: string | undefined
}
