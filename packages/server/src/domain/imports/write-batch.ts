import { HoldfastError } from '../../errors.ts'
import type { ImportRowTable, Trx } from '../../platform/storage/schema.ts'
import type { AccountsDeps } from '../accounts/accounts.service.ts'
import {
  createAccounts,
  findAliasHolders,
  findKnownAccounts,
  findUserConnections,
  type ImportedAccount,
  type KnownAccount,
  rotateAccount,
} from '../accounts/bulk-accounts.ts'
import type { HeldJob, ImportCounts, RowStatus } from './import-job.ts'
import { type ImportRow, problemOf } from './import-row.ts'
import { findRowsByExternalId, insertRows } from './imports.repository.ts'
import { type PreparedRow, type ReadyRow, rotationValues } from './prepare-row.ts'
import type { RowProblem } from './records.ts'

interface Outcome {
  readonly rowNumber: number
  readonly status: RowStatus
  readonly row?: ImportRow | undefined
  readonly accountId?: string | undefined
  readonly problem?: RowProblem | undefined
}

/** What is there already, looked up once for the whole batch. */
interface Known {
  readonly byExternalId: Map<string, KnownAccount>
  readonly byId: Map<string, KnownAccount>
  /** External ids that rows of this file have had: the first row with each. */
  readonly rowOf: Map<string, number>
  readonly aliases: Map<string, string>
  /** A connection that the user has under the same auth config. */
  readonly connections: Map<string, string>
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts)

/** Writes what came of these rows, within the caller's transaction, and counts it. */
export async function writeBatch(
  deps: AccountsDeps,
  trx: Trx,
  job: HeldJob,
  rows: readonly PreparedRow[],
): Promise<ImportCounts> {
  const now = deps.now()
  const known = await lookUp(trx, job, rows)
  const created: ImportedAccount[] = []
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const outcome = await settle(deps, trx, job, known, row, created, now)
    outcomes.push(outcome)
    const externalId = outcome.row?.externalId
    if (externalId !== undefined && outcome.status !== 'failed' && !known.rowOf.has(externalId))
      known.rowOf.set(externalId, outcome.rowNumber)
  }
  if (!job.options.dryRun) await createAccounts(deps, trx, job.projectId, created, now)
  await insertRows(
    trx,
    outcomes.filter((outcome) => isWorthTelling(job, outcome)).map((outcome) => toRecord(job, outcome)),
  )
  return count(job.progress.counts, outcomes)
}

/** A connection tells of itself that it was created; a dry run makes none, so it must remember. */
const isWorthTelling = ({ options }: HeldJob, { status, problem }: Outcome): boolean =>
  status !== 'created' || problem !== undefined || options.dryRun

async function lookUp(trx: Trx, job: HeldJob, rows: readonly PreparedRow[]): Promise<Known> {
  const { projectId } = job
  const read = rows.flatMap(({ row }) => (row ? [row] : []))
  const externalIds = [...new Set(read.flatMap(({ externalId }) => (externalId === undefined ? [] : [externalId])))]
  const accountIds = [...new Set(read.flatMap(({ accountId }) => (accountId === undefined ? [] : [accountId])))]
  const ready = rows.filter((row) => row.kind === 'ready')
  const [withExternalId, withId, told, holders, connections] = [
    await findKnownAccounts(trx, projectId, 'external_id', externalIds),
    await findKnownAccounts(trx, projectId, 'id', accountIds),
    job.options.dryRun && externalIds.length > 0 ? await findRowsByExternalId(trx, job, externalIds) : [],
    await findAliasHolders(
      trx,
      projectId,
      read.flatMap(({ userId, alias }) => (alias === undefined ? [] : [{ userId, alias }])),
    ),
    await findUserConnections(trx, projectId, [...new Set(ready.map(({ row }) => row.userId))]),
  ]
  const rowOf = new Map(told.map(({ external_id, row_number }) => [external_id ?? '', row_number]))
  for (const { origin } of withExternalId)
    if (origin.importId === job.id && origin.externalId !== null && origin.importRow !== null)
      rowOf.set(origin.externalId, origin.importRow)
  return {
    byExternalId: new Map(withExternalId.map((account) => [account.origin.externalId ?? '', account])),
    byId: new Map(withId.map((account) => [account.account.id, account])),
    rowOf,
    aliases: new Map(holders.map((holder) => [keyOf(holder.userId, holder.toolkitSlug, holder.alias), holder.accountId])),
    connections: new Map(connections.map((one) => [keyOf(one.userId, one.authConfigId), one.accountId])),
  }
}

async function settle(
  deps: AccountsDeps,
  trx: Trx,
  job: HeldJob,
  known: Known,
  row: PreparedRow,
  created: ImportedAccount[],
  now: number,
): Promise<Outcome> {
  if (row.kind === 'bad') return { rowNumber: row.rowNumber, status: 'failed', row: row.row, problem: row.problem }
  const rowNumber = row.row.row
  const { externalId } = row.row
  const earlier = externalId === undefined ? undefined : known.rowOf.get(externalId)
  if (earlier !== undefined) return { rowNumber, status: 'failed', row: row.row, problem: twiceInFile(earlier) }
  if (row.kind === 'rotation') return rotate(deps, trx, job, findTarget(known, row.row), row.row, now)
  const existing = externalId === undefined ? undefined : known.byExternalId.get(externalId)
  return existing ? meet(deps, trx, job, existing, row, now) : create(job, known, row, created)
}

/** The external id is taken: what the policy says. */
async function meet(
  deps: AccountsDeps,
  trx: Trx,
  job: HeldJob,
  existing: KnownAccount,
  { row, prepared }: ReadyRow,
  now: number,
) {
  const { account } = existing
  const told = { rowNumber: row.row, row, accountId: account.id }
  if (job.options.onConflict === 'skip') return { ...told, status: 'unchanged' as const }
  if (job.options.onConflict === 'fail') return { ...told, status: 'conflict' as const, problem: taken(account.id) }
  const isSame =
    account.userId === row.userId &&
    account.toolkitSlug === prepared.account.toolkitSlug &&
    account.scheme === prepared.account.scheme
  if (!isSame) return { ...told, status: 'conflict' as const, problem: another(account.id) }
  return rotate(deps, trx, job, existing, row, now)
}

async function rotate(
  deps: AccountsDeps,
  trx: Trx,
  job: HeldJob,
  target: KnownAccount | undefined,
  row: ImportRow,
  now: number,
): Promise<Outcome> {
  const told = { rowNumber: row.row, row }
  if (!target) return { ...told, status: 'failed', problem: noTarget }
  const { account } = target
  if (account.userId !== row.userId) return { ...told, status: 'failed', problem: notTheUsers, accountId: account.id }
  try {
    const given = { values: rotationValues(deps, row, account), metadata: row.metadata }
    const status = await rotateAccount(deps, trx, target, given, { now, dryRun: job.options.dryRun })
    return { ...told, status, accountId: account.id }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { ...told, status: 'failed', accountId: account.id, problem: problemOf(error) }
  }
}

function create(job: HeldJob, known: Known, { row, prepared }: ReadyRow, created: ImportedAccount[]): Outcome {
  const { account } = prepared
  const rowNumber = row.row
  if (account.alias !== null) {
    const key = keyOf(account.userId, account.toolkitSlug, account.alias)
    const holder = known.aliases.get(key)
    if (holder !== undefined) return { rowNumber, status: 'failed', row, problem: aliasTaken(holder) }
    known.aliases.set(key, job.options.dryRun ? `of row ${rowNumber}` : account.id)
  }
  const key = keyOf(account.userId, account.authConfigId)
  const other = known.connections.get(key)
  known.connections.set(key, other ?? account.id)
  const origin = {
    externalId: row.externalId ?? null,
    metadata: row.metadata ?? null,
    importId: job.id,
    importRow: rowNumber,
  }
  created.push({ ...prepared, origin })
  const accountId = job.options.dryRun ? undefined : account.id
  return { rowNumber, status: 'created', row, accountId, ...(other !== undefined && { problem: oneMore(other) }) }
}

const findTarget = ({ byId, byExternalId }: Known, { accountId, externalId }: ImportRow): KnownAccount | undefined => {
  if (accountId !== undefined) return byId.get(accountId)
  return externalId === undefined ? undefined : byExternalId.get(externalId)
}

const toRecord = (job: HeldJob, { rowNumber, status, row, accountId, problem }: Outcome): ImportRowTable => ({
  project_id: job.projectId,
  import_id: job.id,
  row_number: rowNumber,
  status,
  external_id: row?.externalId ?? null,
  user_id: row?.userId ?? null,
  account_id: accountId ?? null,
  problem: problem === undefined ? null : JSON.stringify(problem),
})

function count(before: ImportCounts, outcomes: readonly Outcome[]): ImportCounts {
  const counts = { ...before }
  for (const { status } of outcomes) counts[status] += 1
  return counts
}

const twiceInFile = (row: number): RowProblem => ({
  code: 'duplicate_in_file',
  message: `Row ${row} of this file has the same external_id.`,
  fix: 'Give each row an external_id of its own.',
  field: 'external_id',
})
const taken = (accountId: string): RowProblem => ({
  code: 'external_id_taken',
  message: `Connection ${accountId} has this external_id.`,
  fix: 'Import with on_conflict update to replace its credential, or skip to leave it.',
  field: 'external_id',
})
const another = (accountId: string): RowProblem => ({
  code: 'external_id_taken',
  message: `Connection ${accountId} has this external_id, and is of another user, toolkit or scheme.`,
  fix: 'Give the row another external_id, or delete that connection first.',
  field: 'external_id',
})
const aliasTaken = (holder: string): RowProblem => ({
  code: 'alias_taken',
  message: `The alias is taken by another connection of this user and toolkit: ${holder}.`,
  fix: 'Choose another alias, or leave it out.',
  field: 'alias',
})
/** No fault: users may have several. But a file imported twice without external ids looks like this. */
const oneMore = (accountId: string): RowProblem => ({
  code: 'another_connection',
  message: `The user has connection ${accountId} under this auth config already; this row made one more.`,
  fix: 'Give rows an external_id, so that importing them again makes no second connection.',
})
const noTarget: RowProblem = {
  code: 'account_not_found',
  message: 'There is no connection with this connected_account_id or external_id.',
  fix: 'Rotation replaces what is there; import new connections with mode create.',
  field: 'external_id',
}
const notTheUsers: RowProblem = {
  code: 'account_not_found',
  message: 'The connection belongs to another user.',
  fix: 'Check user_id against the connection.',
  field: 'user_id',
}
