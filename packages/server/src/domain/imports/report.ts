import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { type ImportedState, listImported } from '../accounts/bulk-accounts.ts'
import type { ImportJob, RowStatus } from './import-job.ts'
import { listRows } from './imports.repository.ts'
import type { RowProblem } from './records.ts'

/** What came of one row. */
export interface ReportedRow {
  readonly row: number
  readonly status: RowStatus
  readonly externalId: string | null
  readonly userId: string | null
  readonly accountId: string | null
  readonly problem: RowProblem | null
}

interface Page {
  readonly after: number
  readonly limit: number
  readonly status?: RowStatus | undefined
}

/** Rows in their order. Those that simply made a connection are known by it, the others were written down. */
export async function listReportedRows(
  { db }: { readonly db: Db },
  job: Pick<ImportJob, 'projectId' | 'id'>,
  { after, limit, status }: Page,
): Promise<ReportedRow[]> {
  const told = (await listRows(db, job, { status, after, limit })).map(
    (row): ReportedRow => ({
      row: row.row_number,
      status: row.status as RowStatus,
      externalId: row.external_id,
      userId: row.user_id,
      accountId: row.account_id,
      problem: row.problem === null ? null : (JSON.parse(row.problem) as RowProblem),
    }),
  )
  if (status !== undefined && status !== 'created') return told
  const made = await listImported(db, job.projectId, job.id, { after, limit })
  const rows = new Map(made.map((one) => [one.importRow, fromAccount(one)]))
  for (const one of told) rows.set(one.row, one)
  return [...rows.values()].sort((a, b) => a.row - b.row).slice(0, limit)
}

const fromAccount = ({ importRow, externalId, userId, accountId }: ImportedState): ReportedRow => ({
  row: importRow,
  status: 'created',
  externalId,
  userId,
  accountId,
  problem: null,
})

const PAGE = 500
const COLUMNS = ['row', 'status', 'user_id', 'external_id', 'connected_account_id', 'code', 'field', 'message', 'fix'] as const

/** The whole report as CSV, page by page. */
export async function* writeReport(
  deps: { readonly db: Db },
  job: { readonly projectId: ProjectId; readonly id: ImportJob['id'] },
): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`
  for (let after = 0; ; ) {
    const rows = await listReportedRows(deps, job, { after, limit: PAGE })
    const last = rows.at(-1)
    if (!last) return
    yield rows.map(toLine).join('')
    after = last.row
  }
}

const toLine = ({ row, status, userId, externalId, accountId, problem }: ReportedRow): string => {
  const cells = [
    String(row),
    status,
    userId,
    externalId,
    accountId,
    problem?.code,
    problem?.field,
    problem?.message,
    problem?.fix,
  ]
  return `${cells.map((cell) => toCell(cell ?? '')).join(',')}\r\n`
}

/** A cell that a spreadsheet would take for a formula is text that begins with an apostrophe (OWASP, CSV injection). */
const toCell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
