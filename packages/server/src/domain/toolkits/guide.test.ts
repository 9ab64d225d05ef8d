import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { templateVarsOf } from './auth-definitions.ts'
import { loadCatalogue, requireAuth } from './catalogue.ts'
import { writeToolkits } from './fixture.testing.ts'
import { mayReceiveCredentials } from './hosts.ts'
import { applyPlacements } from './placement.ts'
import { buildToolRequest } from './request.ts'

test('the toolkit of the guide loads and sends what the guide says', (t) => {
  const guide = readFileSync(new URL('../../../../../docs/guides/toolkits.md', import.meta.url), 'utf8')
  const [toolkitYaml = '', toolYaml = ''] = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const catalogue = loadCatalogue([
    writeToolkits(t, { 'acme_crm/toolkit.yaml': toolkitYaml, 'acme_crm/tools/create_contact.yaml': toolYaml }),
  ])
  const toolkit = catalogue.requireToolkit('acme_crm')
  const auth = requireAuth(toolkit, 'API_KEY')
  const vars = templateVarsOf(auth, { subdomain: 'northwind', generic_api_key: 'k' })
  const built = buildToolRequest(
    toolkit,
    catalogue.requireTool('ACME_CRM_CREATE_CONTACT'),
    { list_id: '7', email: 'ann@example.com' },
    vars,
  )
  assert.ok(
    guide.includes(`${built.method} ${built.url}\n${built.body}\n`),
    `the guide does not say ${built.method} ${built.url} ${built.body}`,
  )
  assert.ok(mayReceiveCredentials(toolkit, vars, built.url, () => false))
  assert.equal(applyPlacements(auth, vars, { ...built, body: String(built.body) }).request.headers['x-acme-key'], 'k')
})
