import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { readCredential } from '../credentials/credentials.service.ts'
import { listAccountPage } from './account-views.ts'
import {
  type AccountsDeps,
  createAccount,
  deleteAccount,
  patchAccount,
  requireAccount,
  setAccountEnabled,
} from './accounts.service.ts'

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  async function setUp(t: TestContext, toolkit = 'sendgrid', scheme: AuthScheme = 'API_KEY') {
    const deps = await testDeps(t, testDatabase)
    const projectId = await testProject(deps)
    const authConfigId = await testAuthConfig(deps, projectId, toolkit, scheme)
    const importOne = async (val: CredentialValues, more: { userId?: string; alias?: string } = {}) =>
      (await createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { scheme, val }, ...more })).account
    return { deps, projectId, authConfigId, importOne, scheme }
  }
  const stored = async (deps: AccountsDeps, projectId: `pr_${string}`, ownerId: `ca_${string}`) =>
    (await readCredential(deps.credentials, { projectId, ownerId }))?.credential.val

  test(`an import is ACTIVE at once and stores what was brought (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const account = await importOne({ api_key: 'sg-existing-sendgrid-key' })
    assert.equal(account.status, 'ACTIVE')
    assert.equal((await stored(deps, projectId, account.id))?.['api_key'], 'sg-existing-sendgrid-key')
  })

  test(`every direct scheme and every OAuth grant with tokens can be imported (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase)
    const projectId = await testProject(deps)
    const imports: [string, AuthScheme, CredentialValues][] = [
      ['sendgrid', 'API_KEY', { generic_api_key: 'sg-key-0001' }],
      ['sendgrid', 'API_KEY', { bearer_token: 'bt-0001' }],
      ['sendgrid', 'API_KEY', { basic_encoded: 'dXNlcjpwYXNz' }],
      ['gmail', 'BEARER_TOKEN', { token: 'ya29.existing' }],
      ['github', 'BEARER_TOKEN', { token: 'gho_existing' }],
      ['slack', 'BEARER_TOKEN', { token: 'xoxb-existing' }],
      ['googledocs', 'BEARER_TOKEN', { token: 'ya29.docs' }],
      ['twilio', 'BASIC', { username: 'AC00000000000000000000000000000001', password: 'auth-token' }],
      ['github', 'OAUTH2', { access_token: 'gho_grant', refresh_token: 'ghr_grant', expires_in: 3600, scope: 'repo' }],
    ]
    for (const [toolkit, scheme, val] of imports) {
      const authConfigId = await testAuthConfig(deps, projectId, toolkit, scheme)
      const { account } = await createAccount(deps, projectId, { authConfigId, userId: 'u', credential: { scheme, val } })
      assert.equal(account.status, 'ACTIVE', `${toolkit} ${scheme}`)
    }
  })

  test(`a stored credential opens for its own account and project and nowhere else (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const one = await importOne({ api_key: 'the-first-key' })
    const other = await importOne({ api_key: 'the-second-key' }, { userId: 'v' })
    await assert.rejects(requireAccount(deps, 'pr_someone_else', one.id), { code: 'account_not_found' })

    const { sealed, key_id } = await deps.db
      .selectFrom('credential')
      .selectAll()
      .where('owner_id', '=', one.id)
      .executeTakeFirstOrThrow()
    await deps.db.updateTable('credential').set({ sealed, key_id }).where('owner_id', '=', other.id).execute()
    await assert.rejects(stored(deps, projectId, other.id), { code: 'credential_unreadable' })
  })

  test(`PATCH merges: left out stays, null removes, and only that (${name})`, async (t) => {
    const { deps, projectId, importOne, scheme } = await setUp(t)
    const value = fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.constant(null))
    const fields = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor'), value, { maxKeys: 4 })
    const account = await importOne({ api_key: 'kept-all-along' })
    let expected: Record<string, unknown> = { ...(await stored(deps, projectId, account.id)) }
    await fc.assert(
      fc.asyncProperty(fields, async (patch) => {
        await patchAccount(deps, projectId, account.id, { credential: { scheme, val: patch } })
        expected = Object.fromEntries(Object.entries({ ...expected, ...patch }).filter(([, one]) => one !== null))
        assert.deepEqual({ ...(await stored(deps, projectId, account.id)) }, expected)
      }),
      { numRuns: 60 },
    )
  })

  test(`a key patched under another of its names replaces the key (${name})`, async (t) => {
    const { deps, projectId, importOne, scheme } = await setUp(t)
    const account = await importOne({ api_key: 'old-api-key' })
    await patchAccount(deps, projectId, account.id, { credential: { scheme, val: { generic_api_key: 'new-api-key' } } })
    const val = await stored(deps, projectId, account.id)
    assert.equal(val?.['api_key'], 'new-api-key')
    assert.equal(JSON.stringify(val).includes('old-api-key'), false)
  })

  test(`a refused patch changes nothing: unknown account, another scheme, a required field removed (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t, 'twilio', 'BASIC')
    const username = 'AC00000000000000000000000000000001'
    const account = await importOne({ username, password: 'old-password' })
    const before = await stored(deps, projectId, account.id)
    const patch = (scheme: AuthScheme, val: CredentialValues, id: string = account.id) =>
      patchAccount(deps, projectId, id, { alias: 'renamed', credential: { scheme, val } })

    await assert.rejects(patch('BASIC', { password: 'x' }, 'ca_unknown'), { code: 'account_not_found' })
    await assert.rejects(patch('BEARER_TOKEN', { token: 'x' }), { code: 'auth_scheme_mismatch' })
    await assert.rejects(patch('BASIC', { username: null }), (error: { code: string; fields: { path: string }[] }) => {
      assert.equal(error.code, 'missing_credential_field')
      assert.deepEqual(
        error.fields.map(({ path }) => path),
        ['connection.state.val.username'],
      )
      return true
    })
    assert.deepEqual(await stored(deps, projectId, account.id), before)
    assert.equal((await requireAccount(deps, projectId, account.id)).account.alias, null)
  })

  test(`of twenty concurrent patches none is lost (${name})`, async (t) => {
    const { deps, projectId, importOne, scheme } = await setUp(t)
    const account = await importOne({ api_key: 'key' })
    const names = Array.from({ length: 20 }, (_, index) => `field_${index}`)
    await Promise.all(
      names.map((field) => patchAccount(deps, projectId, account.id, { credential: { scheme, val: { [field]: field } } })),
    )
    const val = await stored(deps, projectId, account.id)
    assert.deepEqual(
      names.filter((field) => val?.[field] !== field),
      [],
    )
  })

  test(`an alias is unique for a user and toolkit, and free again once cleared or deleted (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const work = await importOne({ api_key: 'key-0001' }, { alias: 'work' })
    await assert.rejects(importOne({ api_key: 'key-0002' }, { alias: 'work' }), { code: 'alias_taken' })
    await importOne({ api_key: 'key-0003' }, { alias: 'work', userId: 'someone else' })
    await patchAccount(deps, projectId, work.id, { alias: '' })
    const again = await importOne({ api_key: 'key-0004' }, { alias: 'work' })
    await assert.rejects(patchAccount(deps, projectId, work.id, { alias: 'work' }), { code: 'alias_taken' })
    await deleteAccount(deps, projectId, again.id)
    await patchAccount(deps, projectId, work.id, { alias: 'work' })
  })

  test(`deleting destroys the secret's row at once and keeps the record (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const { id } = await importOne({ api_key: 'key-0001' })
    await deleteAccount(deps, projectId, id)
    await assert.rejects(requireAccount(deps, projectId, id), { code: 'account_not_found' })
    await assert.rejects(deleteAccount(deps, projectId, id), { code: 'account_not_found' })
    assert.deepEqual(await deps.db.selectFrom('credential').selectAll().where('owner_id', '=', id).execute(), [])
    const events = await deps.db.selectFrom('event').select('type').where('subject_id', '=', id).orderBy('created_at').execute()
    assert.deepEqual(events.map(({ type }) => type).sort(), ['connected_account.created', 'connected_account.deleted'])
  })

  test(`disabling and enabling are transitions with an event each, and doing it twice is none (${name})`, async (t) => {
    const { deps, projectId, importOne } = await setUp(t)
    const { id } = await importOne({ api_key: 'key-0001' })
    for (const enabled of [false, false, true, true]) await setAccountEnabled(deps, projectId, id, enabled)
    const events = await deps.db
      .selectFrom('event')
      .select('data')
      .where('type', '=', 'connected_account.status_changed')
      .execute()
    assert.deepEqual(events.map(({ data }) => data).sort(), [
      '{"from":"ACTIVE","to":"INACTIVE"}',
      '{"from":"INACTIVE","to":"ACTIVE"}',
    ])
  })

  test(`pages meet without gap or overlap in every order, and filters hold (${name})`, async (t) => {
    const { deps, projectId, authConfigId, importOne } = await setUp(t)
    const ids: string[] = []
    for (let index = 0; index < 25; index++)
      ids.push((await importOne({ api_key: `key-${index}` }, { userId: `user-${index % 5}` })).id)
    for (const by of ['created_at', 'updated_at'] as const)
      for (const direction of ['asc', 'desc'] as const) {
        const seen: string[] = []
        let after: { time: number; id: string } | undefined
        do {
          const page = await listAccountPage(deps, projectId, {}, { by, direction }, { after, limit: 4, countAtMost: 1000 })
          assert.equal(page.total, 25)
          seen.push(...page.items.map(({ account }) => account.id))
          after = page.next
        } while (after)
        assert.deepEqual(seen.toSorted(), ids.toSorted(), `${by} ${direction}`)
      }
    const order = { by: 'created_at', direction: 'desc' } as const
    const count = async (filter: Parameters<typeof listAccountPage>[2]) =>
      (await listAccountPage(deps, projectId, filter, order, { after: undefined, limit: 100, countAtMost: 1000 })).items.length
    assert.equal(await count({ userIds: ['user-1'] }), 5)
    assert.equal(await count({ userIds: ['user-1', 'user-2'], authConfigIds: [authConfigId], statuses: ['ACTIVE'] }), 10)
    assert.equal(await count({ statuses: ['EXPIRED'] }), 0)
    assert.equal(await count({ toolkitSlugs: ['gmail'] }), 0)
    assert.equal(await count({ ids: ids.slice(0, 3), type: 'PRIVATE' }), 3)
    assert.equal(await count({ type: 'SHARED' }), 0)
  })

  test(`256 concurrent imports over a pool of 10 finish (${name})`, async (t) => {
    const deps = await testDeps(t, testDatabase, { poolSize: 10 })
    const projectId = await testProject(deps)
    const authConfigId = await testAuthConfig(deps, projectId, 'sendgrid', 'API_KEY')
    const made = await Promise.all(
      Array.from({ length: 256 }, (_, index) =>
        createAccount(deps, projectId, { authConfigId, userId: `u${index}`, credential: { val: { api_key: `key-${index}` } } }),
      ),
    )
    assert.equal(new Set(made.map(({ account }) => account.id)).size, 256)
  })
}
