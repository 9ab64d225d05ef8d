import type { ImportId, ProjectId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CsvHeader } from './csv-records.ts'

export const IMPORT_STATES = [
  'uploading',
  'queued',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'undoing',
  'undone',
] as const
export type ImportState = (typeof IMPORT_STATES)[number]

/** The one table of what a job may become. A worker moves it from `queued` on; the rest is asked for by people. */
const TRANSITIONS: Readonly<Record<ImportState, readonly ImportState[]>> = {
  uploading: ['queued', 'cancelled'],
  queued: ['running', 'paused', 'cancelled'],
  running: ['completed', 'failed', 'paused', 'cancelled'],
  paused: ['queued', 'cancelled', 'undoing'],
  completed: ['undoing'],
  failed: ['queued', 'cancelled', 'undoing'],
  cancelled: ['undoing'],
  undoing: ['undone'],
  undone: [],
}

export const mayTurn = (from: ImportState, to: ImportState): boolean => TRANSITIONS[from].includes(to)

export type ImportFormat = 'csv' | 'jsonl'
/** What happens to a row whose `external_id` a connection already has. */
export type OnConflict = 'skip' | 'update' | 'fail'

export interface ImportOptions {
  readonly format: ImportFormat
  /** For rows that name none of their own. */
  readonly authConfigId?: string
  readonly toolkit?: string
  readonly scheme?: AuthScheme
  /** Where a row names toolkit and scheme and the project has no auth config for them, one is made. */
  readonly createAuthConfigs: boolean
  readonly onConflict: OnConflict
  /** `rotate`: rows replace the secrets of connections that are there, and create none. */
  readonly mode: 'create' | 'rotate'
  /** Everything but the writing. */
  readonly dryRun: boolean
  /** Ask the provider about each row, at most so many times a second for one toolkit. */
  readonly verifyPerSecond?: number
  /** Name of ours ← name in the file. Given, columns that it does not name are left out. */
  readonly map?: Readonly<Record<string, string>>
}

export interface ImportCounts {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly conflict: number
  readonly failed: number
}

export const NO_COUNTS: ImportCounts = { created: 0, updated: 0, unchanged: 0, conflict: 0, failed: 0 }

/** Written in the same transaction as the rows that it counts, so that each row is done exactly once. */
export interface ImportProgress {
  readonly bytesTotal: number
  /** How far the upload is read: the next record begins here. */
  readonly offset: number
  readonly rows: number
  readonly counts: ImportCounts
  readonly header?: CsvHeader
  /** Columns that no scheme of the file knows, and that were left out. */
  readonly ignoredColumns: readonly string[]
  /** Time spent working on it, over all its workers. */
  readonly workedMs: number
  readonly undone: { readonly row: number; readonly removed: number; readonly kept: number }
}

export const NO_PROGRESS: ImportProgress = {
  bytesTotal: 0,
  offset: 0,
  rows: 0,
  counts: NO_COUNTS,
  ignoredColumns: [],
  workedMs: 0,
  undone: { row: 0, removed: 0, kept: 0 },
}

export interface ImportJob {
  readonly projectId: ProjectId
  readonly id: ImportId
  readonly state: ImportState
  readonly options: ImportOptions
  readonly progress: ImportProgress
  /** Why the whole of it failed. */
  readonly error: string | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly finishedAt: number | null
}

/** A job that this worker holds: what it writes counts only while nobody else took it over or stopped it. */
export interface HeldJob extends ImportJob {
  readonly epoch: number
}

export type RowStatus = keyof ImportCounts
export const ROW_STATUSES = Object.keys(NO_COUNTS) as RowStatus[]
