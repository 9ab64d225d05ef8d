import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { type AccountsDeps, validated } from '../accounts/accounts.service.ts'
import { type PreparedAccount, prepareAccount } from '../accounts/new-account.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { requireAuth } from '../toolkits/catalogue.ts'
import type { ChooseAuthConfig } from './auth-config-choice.ts'
import type { ImportOptions } from './import-job.ts'
import { credentialOf, type ImportRow, isProblem, problemOf, readRow } from './import-row.ts'
import type { RawRecord, RowProblem } from './records.ts'

/** A row that can be written, as far as it can be known without looking at what else is there. */
export interface ReadyRow {
  readonly kind: 'ready'
  readonly row: ImportRow
  readonly prepared: PreparedAccount
}

/** A row that replaces fields of a connection that is there: complete only together with that one. */
export interface RotationRow {
  readonly kind: 'rotation'
  readonly row: ImportRow
}

export interface BadRow {
  readonly kind: 'bad'
  readonly rowNumber: number
  readonly row?: ImportRow | undefined
  readonly problem: RowProblem
}

export type PreparedRow = ReadyRow | RotationRow | BadRow

export interface PrepareContext {
  readonly deps: AccountsDeps
  readonly projectId: ProjectId
  readonly options: ImportOptions
  readonly choose: ChooseAuthConfig
  /** Told of columns that no scheme knows. */
  readonly onIgnored: (name: string) => void
}

/** Checks a record as an import of one connection would be; never throws for what is wrong with the row. */
export async function prepareRow(context: PrepareContext, record: RawRecord): Promise<PreparedRow> {
  if (record.problem) return { kind: 'bad', rowNumber: record.row, problem: record.problem }
  const row = readRow(record, context.options)
  if (isProblem(row)) return { kind: 'bad', rowNumber: record.row, problem: row }
  if (context.options.mode === 'rotate') return { kind: 'rotation', row }
  try {
    const { deps, projectId, choose, onIgnored } = context
    const { config, clientSettings } = await choose(row)
    const auth = requireAuth(deps.catalogue.requireToolkit(config.toolkitSlug), config.scheme)
    const { values, ignored } = credentialOf(auth, row)
    for (const name of ignored) onIgnored(name)
    const credential = { scheme: row.scheme, val: values }
    const input = { authConfigId: config.id, userId: row.userId, alias: row.alias, refreshOwner: row.refreshOwner, credential }
    return { kind: 'ready', row, prepared: prepareAccount(deps, projectId, config, input, deps.now(), clientSettings) }
  } catch (error) {
    return toBad(row, error)
  }
}

/** What is no fault of the row ends the batch: it is tried again, and the row is not blamed. */
const NOT_THE_ROWS_FAULT = ['service_unavailable', 'internal_error', 'credential_unreadable', 'master_key_mismatch']

export function toBad(row: ImportRow, error: unknown): BadRow {
  if (!(error instanceof HoldfastError) || NOT_THE_ROWS_FAULT.includes(error.code)) throw error
  return { kind: 'bad', rowNumber: row.row, row, problem: problemOf(error) }
}

/** Asks the provider; a refusal makes the row a bad one. */
export async function verifyRow(deps: AccountsDeps, ready: ReadyRow): Promise<PreparedRow> {
  try {
    return { ...ready, prepared: await validated(deps, ready.prepared) }
  } catch (error) {
    return toBad(ready.row, error)
  }
}

/** The fields that a rotation gives, under this account's scheme. */
export function rotationValues(
  deps: AccountsDeps,
  row: ImportRow,
  account: { readonly toolkitSlug: string; readonly scheme: PreparedAccount['account']['scheme'] },
): CredentialValues {
  const auth = requireAuth(deps.catalogue.requireToolkit(account.toolkitSlug), account.scheme)
  return credentialOf(auth, row).values
}
