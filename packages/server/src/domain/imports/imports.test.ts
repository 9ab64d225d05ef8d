import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { listAccountPage } from '../accounts/account-views.ts'
import { createAccount, deleteAccount, openAccount, patchAccount } from '../accounts/accounts.service.ts'
import { workOffImports } from './import-worker.ts'
import { importAll, importsDeps, upload as uploaded, workOff } from './imports.fixture.testing.ts'
import { claimJobAcrossProjects } from './imports.repository.ts'
import {
  appendToImport,
  cancelImport,
  createImport,
  pauseImport,
  requireImport,
  resumeImport,
  startImport,
  undoImport,
} from './imports.service.ts'
import { listReportedRows, writeReport } from './report.ts'
import { LEASE_MS, NoLongerHeld, runImport } from './run-import.ts'

const unexpected = (error: unknown) => {
  throw error
}

for (const database of testDatabases()) {
  const open = async (t: Parameters<typeof testDeps>[0]) => {
    const deps = importsDeps(await testDeps(t, database))
    const projectId = await testProject(deps)
    const authConfigId = await testAuthConfig(deps, projectId, 'sendgrid', 'API_KEY')
    const rowsOf = (id: string) => listReportedRows(deps, { projectId, id: id as `imp_${string}` }, { after: 0, limit: 1000 })
    const told = async (id: string) => (await rowsOf(id)).map(({ row, status, problem }) => [row, status, problem?.code ?? null])
    const accounts = async () =>
      (
        await listAccountPage(
          deps,
          projectId,
          {},
          { by: 'created_at', direction: 'asc' },
          { after: undefined, limit: 1000, countAtMost: 1000 },
        )
      ).items
    const keyOf = async (accountId: string | null) => {
      assert.ok(accountId)
      return (await openAccount(deps, projectId, accountId)).values['api_key']
    }
    return { deps, projectId, authConfigId, rowsOf, told, accounts, keyOf }
  }

  test(`every row is imported or told what is wrong with it, and none costs another (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, rowsOf, told, accounts } = await open(t)
    const disabled = await testAuthConfig(deps, projectId, 'sendgrid', 'API_KEY', { settings: {} })
    const jira = await testAuthConfig(deps, projectId, 'jira', 'BASIC')
    const lines = [
      'user_id,external_id,alias,api_key,auth_config_id,scheme,username,password,created_on,metadata.plan',
      'u1,e1,,SG.one,,,,,2020-01-01,pro',
      ',e2,,SG.two,,,,,,',
      'u3,e3,,,,,,,,',
      'u4,e4,,SG.four,ac_unknown,,,,,',
      'u5,e1,,SG.five,,,,,,',
      'u6,e6,mail,SG.six,,,,,,',
      'u6,e7,mail,SG.seven,,,,,,',
      'u8,e8,,SG.eight,,OAUTH2,,,,',
      'u9,e9,,"SG.nine,,,,,,',
      'u10,e10,,SG.a...,,,,,,',
      'u1,e11,,SG.eleven,,,,,,',
      'u12,e12,,SG.twelve,,NO_SUCH,,,,',
    ]
    const job = await importAll(deps, projectId, lines.join('\n'), { authConfigId })
    assert.deepEqual([job.state, job.error, job.progress.rows], ['completed', null, 12])
    assert.deepEqual(await told(job.id), [
      [1, 'created', null],
      [2, 'failed', 'missing_field'],
      [3, 'failed', 'missing_credential_field'],
      [4, 'failed', 'auth_config_not_found'],
      [5, 'failed', 'duplicate_in_file'],
      [6, 'created', null],
      [7, 'failed', 'alias_taken'],
      [8, 'failed', 'auth_scheme_mismatch'],
      [9, 'failed', 'invalid_csv'],
      [10, 'failed', 'invalid_request'],
      [11, 'created', 'another_connection'],
      [12, 'failed', 'invalid_field'],
    ])
    assert.deepEqual(job.progress.counts, { created: 3, updated: 0, unchanged: 0, conflict: 0, failed: 9 })
    assert.deepEqual(job.progress.ignoredColumns, ['created_on'])
    const [, , third] = await rowsOf(job.id)
    assert.equal(third?.problem?.field, 'api_key')
    assert.equal((await accounts()).length, 3)
    assert.doesNotMatch(JSON.stringify(await rowsOf(job.id)), /SG\./)
    assert.ok(disabled && jira)
  })

  test(`a row makes the connection that an import of one makes, field by field (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, rowsOf } = await open(t)
    const gmail = await testAuthConfig(deps, projectId, 'gmail', 'OAUTH2', {
      credentials: { client_id: 'c', client_secret: 's' },
    })
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    const inputs = [
      { authConfigId, userId: 'one', credential: { val: { api_key: 'SG.a-key-of-some-length' } }, alias: 'work' },
      {
        authConfigId: gmail,
        userId: 'two',
        credential: { val: { access_token: 'at', refresh_token: 'rt', expires_at, scope: 'a b' } },
      },
    ]
    const text = inputs.map(({ authConfigId: auth_config_id, userId, credential, alias }) =>
      JSON.stringify({ user_id: `${userId}-bulk`, auth_config_id, alias, credentials: credential.val }),
    )
    const job = await importAll(deps, projectId, text.join('\n'), { format: 'jsonl' })
    const rows = await rowsOf(job.id)
    for (const [index, input] of inputs.entries()) {
      const { account } = await createAccount(deps, projectId, input)
      const single = await openAccount(deps, projectId, account.id)
      const bulk = await openAccount(deps, projectId, rows[index]?.accountId ?? '')
      const comparable = ({ account: one, values, version }: typeof single) => {
        const { id: _id, createdAt: _created, updatedAt: _updated, userId, ...rest } = one
        return { ...rest, userId: userId.replace('-bulk', ''), values, version }
      }
      assert.deepEqual(comparable(bulk), comparable(single))
    }
    const times = await deps.db
      .selectFrom('credential')
      .select(['expires_at', (eb) => eb('refresh_at', 'is not', null).as('refreshes')])
      .where('expires_at', 'is not', null)
      .execute()
    assert.equal(times.length, 2)
    assert.deepEqual(times[0]?.expires_at, times[1]?.expires_at)
    assert.ok(times.every(({ refreshes }) => Boolean(refreshes)))
  })

  test(`importing a file again does what the policy says (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, told, accounts, rowsOf, keyOf } = await open(t)
    const file = (secondKey: string) => `user_id,external_id,api_key\nu1,e1,SG.one\nu2,e2,${secondKey}\n`
    const first = await importAll(deps, projectId, file('SG.two'), { authConfigId })
    const ids = (await rowsOf(first.id)).map(({ accountId }) => accountId)

    const skipped = await importAll(deps, projectId, file('SG.new'), { authConfigId, onConflict: 'skip' })
    assert.deepEqual(await told(skipped.id), [
      [1, 'unchanged', null],
      [2, 'unchanged', null],
    ])
    assert.equal(await keyOf(ids[1] ?? null), 'SG.two')

    const failed = await importAll(deps, projectId, file('SG.new'), { authConfigId, onConflict: 'fail' })
    assert.deepEqual(await told(failed.id), [
      [1, 'conflict', 'external_id_taken'],
      [2, 'conflict', 'external_id_taken'],
    ])

    const dry = await importAll(deps, projectId, file('SG.new'), { authConfigId, onConflict: 'update', dryRun: true })
    const updated = await importAll(deps, projectId, file('SG.new'), { authConfigId, onConflict: 'update' })
    assert.deepEqual(await told(updated.id), [
      [1, 'unchanged', null],
      [2, 'updated', null],
    ])
    assert.deepEqual(await told(dry.id), await told(updated.id))
    assert.deepEqual(
      (await rowsOf(updated.id)).map(({ accountId }) => accountId),
      ids,
    )
    assert.equal(await keyOf(ids[1] ?? null), 'SG.new')

    const others = await importAll(deps, projectId, 'user_id,external_id,api_key\nsomebody else,e1,SG.x\n', {
      authConfigId,
      onConflict: 'update',
    })
    assert.deepEqual(await told(others.id), [[1, 'conflict', 'external_id_taken']])
    assert.equal(await keyOf(ids[0] ?? null), 'SG.one')
    assert.equal((await accounts()).length, 2)
  })

  test(`a dry run reports as the import does, and writes nothing (${database.name})`, async (t) => {
    const { deps, projectId, told, accounts } = await open(t)
    const text = [
      { user_id: 'u1', external_id: 'e1', toolkit: 'tavily', scheme: 'API_KEY', api_key: 'tvly-1', alias: 'a' },
      { user_id: 'u1', external_id: 'e1', toolkit: 'tavily', scheme: 'API_KEY', api_key: 'tvly-2' },
      { user_id: 'u1', external_id: 'e3', toolkit: 'tavily', scheme: 'API_KEY', api_key: 'tvly-3', alias: 'a' },
      { user_id: 'u2', external_id: 'e4', toolkit: 'tavily', scheme: 'OAUTH2', api_key: 'x' },
      { user_id: 'u3', external_id: 'e5', toolkit: 'nosuch', scheme: 'API_KEY', api_key: 'x' },
      { user_id: 'u4', external_id: 'e6', toolkit: 'posthog', scheme: 'API_KEY' },
    ]
      .map((row) => JSON.stringify(row))
      .join('\n')
    const options = { format: 'jsonl', createAuthConfigs: true } as const
    const dry = await importAll(deps, projectId, text, { ...options, dryRun: true })
    assert.equal((await accounts()).length, 0)
    assert.equal(
      (await deps.db.selectFrom('auth_config').selectAll().execute()).filter(({ toolkit_slug }) => toolkit_slug === 'tavily')
        .length,
      0,
    )
    const real = await importAll(deps, projectId, text, options)
    assert.deepEqual(await told(dry.id), await told(real.id))
    assert.deepEqual(dry.progress.counts, real.progress.counts)
    assert.equal(real.progress.counts.created, 1)
    assert.equal((await accounts()).length, 1)
  })

  test(`stopped after any batch, it goes on where it was: each row exactly once (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, accounts, told } = await open(t)
    const lines = Array.from({ length: 40 }, (_, index) =>
      index % 7 === 3 ? `,bad-${index},SG.x` : `u${index},e${index},SG.key-${index}`,
    )
    const { id } = await uploaded(deps, projectId, `user_id,external_id,api_key\n${lines.join('\n')}`, { authConfigId })
    for (let round = 0; (await requireImport(deps, projectId, id)).state !== 'completed'; round++) {
      assert.ok(round < 60, 'it gets on')
      const stop = new AbortController()
      let looks = 0
      // The clock is looked at all along: each round ends a little later than the one before.
      const now = () => {
        looks += 1
        if (looks > 5 + round) stop.abort()
        return Date.now()
      }
      await workOffImports({ ...deps, now }, { signal: stop.signal, onError: unexpected, batchRows: 3 })
    }
    assert.equal((await told(id)).length, 40)
    assert.equal((await accounts()).length, lines.filter((line) => line.startsWith('u')).length)
  })

  test(`a worker that was thought dead writes nothing once another has taken over (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, accounts } = await open(t)
    const { id } = await uploaded(deps, projectId, 'user_id,api_key\nu1,SG.one\nu2,SG.two\n', { authConfigId })
    const now = Date.now()
    const silent = await claimJobAcrossProjects(deps.db, now, now + LEASE_MS)
    assert.ok(silent)
    assert.equal(await claimJobAcrossProjects(deps.db, now, now + LEASE_MS), undefined)
    const later = now + LEASE_MS + 1
    const heir = await claimJobAcrossProjects(deps.db, later, later + LEASE_MS)
    assert.ok(heir)
    const options = { signal: new AbortController().signal }
    await assert.rejects(runImport(deps, silent, options), NoLongerHeld)
    assert.equal((await accounts()).length, 0)
    await runImport(deps, heir, options)
    assert.equal((await accounts()).length, 2)
    assert.equal((await requireImport(deps, projectId, id)).state, 'completed')
  })

  test(`paused it waits, cancelled its upload is destroyed, and neither loses what was imported (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, accounts } = await open(t)
    const text = 'user_id,api_key\nu1,SG.marked-secret\n'
    const { id } = await uploaded(deps, projectId, text, { authConfigId })
    await pauseImport(deps, projectId, id)
    await workOff(deps)
    assert.equal((await accounts()).length, 0)
    const [chunk] = await deps.db.selectFrom('import_chunk').selectAll().execute()
    assert.ok(chunk && !Buffer.from(chunk.sealed).includes('marked-secret'), 'sealed at rest')
    await resumeImport(deps, projectId, id)
    await workOff(deps)
    assert.equal((await accounts()).length, 1)
    assert.equal((await deps.db.selectFrom('import_chunk').selectAll().execute()).length, 0, 'destroyed at the end')
    await assert.rejects(pauseImport(deps, projectId, id), { code: 'invalid_request' })

    const other = await uploaded(deps, projectId, text, { authConfigId })
    await cancelImport(deps, projectId, other.id)
    assert.equal((await deps.db.selectFrom('import_chunk').selectAll().execute()).length, 0)
    await workOff(deps)
    assert.equal((await accounts()).length, 1)
  })

  test(`undoing removes what the import created and nobody changed since (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, rowsOf, accounts } = await open(t)
    const kept = await createAccount(deps, projectId, {
      authConfigId,
      userId: 'before',
      credential: { val: { api_key: 'SG.before' } },
    })
    const job = await importAll(deps, projectId, 'user_id,api_key\nu1,SG.1\nu2,SG.2\nu3,SG.3\nu4,SG.4\n', { authConfigId })
    const [, rotated, renamed, deleted] = (await rowsOf(job.id)).map(({ accountId }) => accountId ?? '')
    await patchAccount(deps, projectId, rotated ?? '', { credential: { scheme: 'API_KEY', val: { api_key: 'SG.rotated' } } })
    await new Promise((resolve) => setTimeout(resolve, 2))
    await patchAccount(deps, projectId, renamed ?? '', { alias: 'mine' })
    await deleteAccount(deps, projectId, deleted ?? '')
    await undoImport(deps, projectId, job.id)
    await workOff(deps)
    const undone = await requireImport(deps, projectId, job.id)
    assert.deepEqual([undone.state, undone.progress.undone.removed, undone.progress.undone.kept], ['undone', 1, 2])
    assert.deepEqual((await accounts()).map(({ account }) => account.id).sort(), [kept.account.id, rotated, renamed].sort())
  })

  test(`an import of mode rotate replaces credentials and creates nothing (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, rowsOf, told, accounts, keyOf } = await open(t)
    const first = await importAll(deps, projectId, 'user_id,external_id,api_key\nu1,e1,SG.1\nu2,,SG.2\n', { authConfigId })
    const [one, two] = (await rowsOf(first.id)).map(({ accountId }) => accountId)
    const text = `user_id,external_id,connected_account_id,api_key\nu1,e1,,SG.1b\nu2,,${two},SG.2b\nu3,e3,,SG.3\nnot u1,e1,,SG.x\n`
    const job = await importAll(deps, projectId, text, { mode: 'rotate' })
    assert.deepEqual(await told(job.id), [
      [1, 'updated', null],
      [2, 'updated', null],
      [3, 'failed', 'account_not_found'],
      [4, 'failed', 'duplicate_in_file'],
    ])
    assert.deepEqual([await keyOf(one ?? null), await keyOf(two ?? null)], ['SG.1b', 'SG.2b'])
    assert.equal((await accounts()).length, 2)
  })

  test(`an upload in parts goes on at its end, and nowhere else (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, accounts } = await open(t)
    const { id } = await createImport(deps, projectId, {
      format: 'csv',
      createAuthConfigs: false,
      onConflict: 'skip',
      mode: 'create',
      dryRun: false,
      authConfigId,
    })
    const append = (offset: number, text: string) =>
      appendToImport(deps, projectId, id, offset, Readable.from([Buffer.from(text)]))
    await append(0, 'user_id,api_key\nu1,SG')
    await assert.rejects(append(0, 'user_id'), { code: 'invalid_request' })
    async function* broken() {
      yield Buffer.from('.lost on the way')
      throw new Error('connection reset')
    }
    await assert.rejects(appendToImport(deps, projectId, id, 21, broken()), /connection reset/)
    await append(21, '.one\n')
    await startImport(deps, projectId, id)
    await workOff(deps)
    assert.deepEqual(
      (await accounts()).map(({ shown }) => shown.values),
      [{ api_key: '...', base_url: 'https://api.sendgrid.com' }],
    )
    await assert.rejects(append(26, 'more'), { code: 'invalid_request' })
  })

  test(`the report has every row in order, and no cell that a spreadsheet runs (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId } = await open(t)
    const rows = Array.from({ length: 1203 }, (_, index) =>
      index % 100 === 7 ? `=cmd|' /C calc'!A0,e${index},` : `u${index},e${index},SG.k`,
    )
    const job = await importAll(deps, projectId, `user_id,external_id,api_key\n${rows.join('\n')}`, { authConfigId })
    let text = ''
    for await (const piece of writeReport(deps, job)) text += piece
    const lines = text.trimEnd().split('\r\n')
    assert.equal(lines.length, 1204)
    assert.deepEqual(
      lines.slice(1).map((line) => Number(line.split(',')[0])),
      rows.map((_, index) => index + 1),
    )
    assert.match(lines[8] ?? '', /^8,failed,'=cmd\|' \/C calc'!A0,e7,,missing_credential_field,api_key,/)
  })

  test(`a file that is none fails as a whole, says why, and can be cancelled (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId } = await open(t)
    for (const bad of ['a,,b\n1,2,3', 'u1,SG.one\nu2,SG.two', Buffer.from('\ufeffuser_id,api_key', 'utf16le')]) {
      const { id } = await uploaded(deps, projectId, bad, { authConfigId })
      await workOffImports(deps, { signal: new AbortController().signal, onError: () => {} })
      const job = await requireImport(deps, projectId, id)
      assert.equal(job.state, 'failed')
      assert.match(job.error ?? '', /header|UTF-16/)
      await cancelImport(deps, projectId, id)
    }
    const { id } = await createImport(deps, projectId, {
      format: 'csv',
      createAuthConfigs: false,
      onConflict: 'skip',
      mode: 'create',
      dryRun: false,
    })
    await assert.rejects(startImport(deps, projectId, id), { code: 'invalid_import' })
  })
}
