import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { createAccount, patchAccount } from './accounts.service.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)

test('an import whose address the toolkit does not name is refused at once, and so is a patch that leads there', async (t) => {
  const deps = await testDeps(t, sqlite)
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'sendgrid', 'API_KEY')
  const selfHosted = await testAuthConfig(deps, projectId, 'posthog', 'API_KEY')
  const importTo = (id: string, base_url: string) =>
    createAccount(deps, projectId, { authConfigId: id, userId: 'u', credential: { val: { api_key: 'a-key-0001', base_url } } })
  for (const [id, url, code] of [
    [authConfigId, 'https://evil.example', 'missing_credential_field'],
    [selfHosted, 'http://169.254.169.254', 'destination_not_allowed'],
    [selfHosted, 'http://posthog.internal.example', 'destination_not_allowed'],
    [selfHosted, 'https://user@posthog.internal.example', 'invalid_request'],
    [selfHosted, 'https://posthog.internal.example/{id}', 'invalid_request'],
  ] as const)
    await assert.rejects(importTo(id, url), { code }, url)
  assert.deepEqual(await deps.db.selectFrom('connected_account').select('id').execute(), [])

  const { account } = await importTo(selfHosted, 'https://posthog.internal.example')
  const patch = (val: object) => patchAccount(deps, projectId, account.id, { credential: { scheme: 'API_KEY', val: { ...val } } })
  await assert.rejects(patch({ base_url: 'http://posthog.internal.example' }), { code: 'destination_not_allowed' })
  await patch({ base_url: null })
})

test('a secret can be rotated though the operator allows its address no more', async (t) => {
  const deps = await testDeps(t, sqlite)
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'posthog', 'API_KEY')
  const val = { api_key: 'a-key-0001', base_url: 'http://posthog.internal.example' }
  const allowing = { ...deps, operatorAllows: () => true }
  const { account } = await createAccount(allowing, projectId, { authConfigId, userId: 'u', credential: { val } })
  const credential = (patch: object) => ({ credential: { scheme: 'API_KEY' as const, val: { ...patch } } })
  await patchAccount(deps, projectId, account.id, credential({ api_key: 'a-key-0002' }))
  await assert.rejects(patchAccount(deps, projectId, account.id, credential({ base_url: val.base_url })), {
    code: 'destination_not_allowed',
  })
})
