import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAuthConfig, findManagedScheme } from '../auth-configs/auth-configs.service.ts'
import { deleteProject, requireProject } from '../projects/projects.service.ts'
import {
  assertGivenAppsFit,
  findOAuthApp,
  listOAuthApps,
  removeOAuthApp,
  setOAuthApp,
  toolkitsWithApp,
  withOperatorsApp,
} from './oauth-apps.service.ts'

const MARKED = 'marked-client-secret'

for (const database of testDatabases()) {
  test(`an app is stored sealed, replaced, listed without its secret, and removed (${database.name})`, async (t) => {
    const deps = await testDeps(t, database)
    await setOAuthApp(deps, 'GitHub', { clientId: 'first', clientSecret: 'old' })
    await setOAuthApp(deps, 'github', { clientId: 'second', clientSecret: MARKED })
    await setOAuthApp(deps, 'slack', { clientId: 'slack-id', clientSecret: 's' })
    assert.deepEqual(await findOAuthApp(deps, 'github'), { clientId: 'second', clientSecret: MARKED })
    assert.deepEqual(await listOAuthApps(deps), [
      { toolkitSlug: 'github', clientId: 'second', from: 'database' },
      { toolkitSlug: 'slack', clientId: 'slack-id', from: 'database' },
    ])
    const rows = await deps.db.selectFrom('credential').selectAll().execute()
    assert.ok(rows.length === 2 && rows.every(({ sealed }) => !Buffer.from(sealed).includes(MARKED)))
    assert.equal(await removeOAuthApp(deps, 'GITHUB'), true)
    assert.equal(await removeOAuthApp(deps, 'github'), false)
    assert.deepEqual([await findOAuthApp(deps, 'github'), [...(await toolkitsWithApp(deps))]], [undefined, ['slack']])
  })

  test(`a sealed app does not open for another toolkit (${database.name})`, async (t) => {
    const deps = await testDeps(t, database)
    await setOAuthApp(deps, 'github', { clientId: 'id', clientSecret: MARKED })
    await deps.db.updateTable('credential').set({ owner_id: 'app_slack' }).execute()
    await assert.rejects(findOAuthApp(deps, 'slack'), { code: 'credential_unreadable' })
  })

  test(`with an app, "managed" is OAuth in every project, and its owner is no project (${database.name})`, async (t) => {
    const deps = await testDeps(t, database)
    const projects = [await testProject(deps, 'one'), await testProject(deps, 'two')]
    const [first] = projects
    assert.ok(first)
    await assert.rejects(createAuthConfig(deps, first, { toolkitSlug: 'github' }), { code: 'managed_auth_unavailable' })
    await setOAuthApp(deps, 'github', { clientId: 'id', clientSecret: MARKED })
    for (const project of projects) {
      const { scheme, kind } = await createAuthConfig(deps, project, { toolkitSlug: 'github' })
      assert.deepEqual([scheme, kind], ['OAUTH2', 'default'])
    }
    await assert.rejects(requireProject(deps, 'pr_operator'), { code: 'project_not_found' })
    await assert.rejects(deleteProject(deps, 'pr_operator'), { code: 'project_not_found' })
  })
}

test("the environment's app wins over the stored one, and an auth config's own client over both", async (t) => {
  const [database] = testDatabases()
  assert.ok(database)
  const given = { clientId: 'given', clientSecret: 'given-secret' }
  const deps = await testDeps(t, database, { oauthApps: { github: given } })
  await setOAuthApp(deps, 'github', { clientId: 'stored', clientSecret: 'stored-secret' })
  assert.deepEqual(await findOAuthApp(deps, 'github'), given)
  assert.deepEqual(await listOAuthApps(deps), [{ toolkitSlug: 'github', clientId: 'given', from: 'environment' }])
  const settings = await withOperatorsApp(deps, 'github', { scopes: 'repo' })
  assert.deepEqual(settings, { scopes: 'repo', client_id: 'given', client_secret: 'given-secret' })
  const own = { client_id: 'own', client_secret: 'own-secret' }
  assert.deepEqual(await withOperatorsApp(deps, 'github', own), own)
  assert.deepEqual(await withOperatorsApp(deps, 'gmail', {}), {})
})

test('an app that its toolkit has no use for, or that is not whole, is refused', async (t) => {
  const [database] = testDatabases()
  assert.ok(database)
  const deps = await testDeps(t, database)
  await assert.rejects(setOAuthApp(deps, 'no_such', { clientId: 'id' }), { code: 'toolkit_not_found' })
  await assert.rejects(setOAuthApp(deps, 'tavily', { clientId: 'id', clientSecret: 's' }), /no OAuth 2/)
  await assert.rejects(setOAuthApp(deps, 'github', { clientId: 'id' }), /wants a client secret/)
  await assert.rejects(setOAuthApp(deps, 'github', { clientId: '', clientSecret: 's' }), /empty/)
  const wrong = new Map([
    ['githib', { clientId: 'id', clientSecret: MARKED }],
    ['tavily', { clientId: 'id', clientSecret: MARKED }],
  ])
  assert.throws(() => assertGivenAppsFit(deps.catalogue, wrong), {
    code: 'invalid_configuration',
    message: /HOLDFAST_OAUTH_GITHIB_CLIENT_ID.*\n.*TAVILY/,
  })
  assertGivenAppsFit(deps.catalogue, new Map([['github', { clientId: 'id', clientSecret: MARKED }]]))
})

test('without an app, managed stays the first scheme that users bring themselves', async (t) => {
  const [database] = testDatabases()
  assert.ok(database)
  const { catalogue } = await testDeps(t, database)
  assert.deepEqual(
    ['github', 'tavily'].flatMap((slug) => [false, true].map((has) => findManagedScheme(catalogue.requireToolkit(slug), has))),
    [undefined, 'OAUTH2', 'API_KEY', 'API_KEY'],
  )
})
