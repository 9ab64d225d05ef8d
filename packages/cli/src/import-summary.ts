import type { Holdfast, Import, ImportRow } from '@holdfast/sdk'
import { FAILED, SOME_ROWS_FAILED } from './exit-codes.ts'
import { clean } from './print.ts'

const SHOWN = 5

export interface ImportSummary {
  readonly job: Import
  /** The first ones that failed or were in conflict. */
  readonly badRows: readonly ImportRow[]
}

export async function summarise(holdfast: Holdfast, job: Import): Promise<ImportSummary> {
  const statuses = (['failed', 'conflict'] as const).filter((status) => job.counts[status] > 0)
  const pages = await Promise.all(statuses.map((status) => holdfast.imports.rows(job.id, { status, limit: SHOWN })))
  const badRows = pages.flatMap(({ items }) => items).sort((one, other) => one.row - other.row)
  return { job, badRows: badRows.slice(0, SHOWN) }
}

export function exitCodeOfImport({ state, counts }: Import): number {
  if (state !== 'completed') return FAILED
  return counts.failed + counts.conflict > 0 ? SOME_ROWS_FAILED : 0
}

const describeRow = ({ row, userId, field, message, fix }: ImportRow): string[] => [
  `  row ${row}${userId === null ? '' : ` (${clean(userId)})`}: ${field === null || message?.includes(field) ? '' : `${clean(field)}: `}${clean(message)}`,
  ...(fix === null ? [] : [`    ${clean(fix)}`]),
]

export function toSummaryText({ job, badRows }: ImportSummary): string {
  const { id, state, counts, dryRun, error, ignoredColumns, undone } = job
  const lines = [
    `Import ${id}: ${state}${dryRun ? ' (dry run: nothing was written)' : ''}`,
    `  ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    ...(undone ? [`  removed ${undone.removed}, kept because changed since ${undone.kept}`] : []),
    ...(error === null ? [] : [`  ${clean(error)}`]),
    ...(ignoredColumns.length > 0 ? [`  columns that were left out: ${ignoredColumns.map(clean).join(', ')}`] : []),
  ]
  if (badRows.length === 0) return lines.join('\n')
  const status = counts.failed > 0 ? 'failed' : 'conflict'
  return [
    ...lines,
    'First rows that were not imported:',
    ...badRows.flatMap(describeRow),
    `All of them: holdfast imports rows ${id} --status ${status}`,
  ].join('\n')
}
