import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CompiledQuery } from 'kysely'
import type { AccountStatus } from '../src/domain/accounts/account.ts'
import type { AccountFilter } from '../src/domain/accounts/account-rows.repository.ts'
import { countAccounts, listAccounts } from '../src/domain/accounts/accounts.repository.ts'
import type { Database } from '../src/platform/storage/database.ts'
import { testDatabases } from '../testing/databases.ts'

const ACCOUNTS = 20_000
const PAGE = 21
const COUNT_AT_MOST = 1_000
const START = 1_700_000_000_000
const PROJECT = 'pr_plans'

/** Five accounts a user; one toolkit and one state have nearly all of them, as in life. */
const rowOf = (index: number) => ({
  project_id: PROJECT,
  id: `ca_${String(index).padStart(6, '0')}`,
  user_id: `user_${index % (ACCOUNTS / 5)}`,
  auth_config_id: index % 20 === 0 ? 'ac_rare' : 'ac_usual',
  toolkit_slug: index % 20 === 0 ? 'rare' : 'usual',
  auth_scheme: 'API_KEY',
  status: index % 50 === 7 ? 'EXPIRED' : 'ACTIVE',
  status_reason: null,
  alias: null,
  account_type: index % 100 === 3 ? 'SHARED' : 'PRIVATE',
  acl: null,
  created_at: START + index,
  updated_at: START + ((index * 7919) % ACCOUNTS),
  deleted_at: index % 1_000 === 11 ? START : null,
})

async function fill({ db, dialect }: Database): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (let from = 0; from < ACCOUNTS; from += 1_000) {
      const rows = Array.from({ length: 1_000 }, (_, index) => rowOf(from + index))
      await trx.insertInto('connected_account').values(rows).execute()
    }
  })
  if (dialect === 'postgres') await db.executeQuery(CompiledQuery.raw('vacuum analyze connected_account'))
}

const active: AccountStatus[] = ['ACTIVE']
/** `sorted`: by one value, or by none, the index gives the page in its order; of several values the pages are merged. */
const FILTERS: readonly { readonly name: string; readonly filter: AccountFilter; readonly sorted: boolean }[] = [
  { name: 'nothing', filter: {}, sorted: true },
  { name: 'account_type', filter: { type: 'PRIVATE' }, sorted: true },
  { name: 'connected_account_ids', filter: { ids: ['ca_000010', 'ca_000020'] }, sorted: false },
  { name: 'user_ids', filter: { userIds: ['user_17'], type: 'PRIVATE' }, sorted: true },
  { name: 'several user_ids', filter: { userIds: ['user_17', 'user_18'], type: 'PRIVATE' }, sorted: false },
  { name: 'toolkit_slugs', filter: { toolkitSlugs: ['usual'] }, sorted: true },
  { name: 'rare toolkit_slugs', filter: { toolkitSlugs: ['rare'] }, sorted: true },
  { name: 'auth_config_ids', filter: { authConfigIds: ['ac_usual'] }, sorted: true },
  { name: 'statuses', filter: { statuses: active }, sorted: true },
  { name: 'rare statuses', filter: { statuses: ['EXPIRED'] }, sorted: true },
  { name: 'auth_config_ids, statuses', filter: { authConfigIds: ['ac_usual'], statuses: active, type: 'PRIVATE' }, sorted: true },
  {
    name: 'user_ids, auth_config_ids, statuses (what the official SDK asks before it imports)',
    filter: { userIds: ['user_17'], authConfigIds: ['ac_usual'], statuses: active, type: 'PRIVATE' },
    sorted: true,
  },
  { name: 'user_ids, toolkit_slugs', filter: { userIds: ['user_20'], toolkitSlugs: ['rare'] }, sorted: true },
]

for (const testDatabase of testDatabases()) {
  test(`no filter of the account list reads the whole table (${testDatabase.name})`, async (t) => {
    const statements: { sql: string; parameters: readonly unknown[] }[] = []
    const database = await testDatabase.open({ onStatement: (sql, parameters) => void statements.push({ sql, parameters }) })
    await fill(database)
    for (const { name, filter, sorted } of FILTERS)
      for (const by of ['created_at', 'updated_at'] as const)
        for (const direction of ['asc', 'desc'] as const)
          for (const after of [undefined, { time: START + ACCOUNTS / 2, id: 'ca_010000' }])
            await t.test(`${name}, ${by} ${direction}${after ? ', from the middle' : ''}`, async () => {
              statements.length = 0
              await listAccounts(database.db, PROJECT, filter, { by, direction }, after, PAGE)
              await countAccounts(database.db, PROJECT, filter, COUNT_AT_MOST)
              const [list, count] = [...statements]
              assert.ok(list && count && statements.length === 2)
              await assertIndexed(database, list, { sorted })
              await assertIndexed(database, count, { sorted: true })
            })
  })
}

type Statement = { readonly sql: string; readonly parameters: readonly unknown[] }

const assertIndexed = (database: Database, statement: Statement, expected: { sorted: boolean }): Promise<void> =>
  database.dialect === 'sqlite' ? assertPlan(database, statement, expected) : assertRowsTouched(database, statement)

/** SQLite plans without looking at the rows, so the plan is what counts. */
async function assertPlan({ db }: Database, { sql, parameters }: Statement, { sorted }: { sorted: boolean }): Promise<void> {
  const { rows } = await db.executeQuery<{ detail: string }>(CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]))
  const plan = rows.map(({ detail }) => detail)
  const onAccounts = plan.filter((line) => /^(?:SCAN|SEARCH) a\b/.test(line))
  assert.equal(onAccounts.length, 1, plan.join('\n'))
  for (const line of onAccounts) assert.match(line, /^SEARCH a USING (?:COVERING )?INDEX \w+ \(project_id=\?/, plan.join('\n'))
  if (sorted) assert.ok(!plan.some((line) => line.includes('TEMP B-TREE')), plan.join('\n'))
}

interface PlanNode {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** PostgreSQL chooses by what it knows of the rows, and may well choose another index than we would: what counts is its work. */
async function assertRowsTouched({ db }: Database, { sql, parameters }: Statement): Promise<void> {
  const { rows } = await db.executeQuery<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    CompiledQuery.raw(`explain (analyze, format json) ${sql}`, [...parameters]),
  )
  const plan = rows[0]?.['QUERY PLAN'][0].Plan
  assert.ok(plan)
  const touched = rowsTouched(plan)
  assert.ok(touched <= 3 * COUNT_AT_MOST, `${touched} rows of ${ACCOUNTS} were touched\n${JSON.stringify(plan, null, 1)}`)
}

const rowsTouched = (node: PlanNode): number =>
  (node['Relation Name'] === 'connected_account'
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0) + (node.Plans ?? []).reduce((sum, inner) => sum + rowsTouched(inner), 0)
