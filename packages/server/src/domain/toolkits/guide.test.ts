import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { templateVarsOf } from './auth-definitions.ts'
import { loadCatalogue, requireAuth } from './catalogue.ts'
import { writeToolkits } from './fixture.testing.ts'
import { mayReceiveCredentials } from './hosts.ts'
import { applyPlacements } from './placement.ts'
import { buildToolRequest } from './request.ts'

const BUILTIN = fileURLToPath(new URL('../../../../../toolkits', import.meta.url))

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

test('the README names every built-in toolkit, and the guide to providers none that is not there', () => {
  const textOf = (path: string) => readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8')
  const line = /^- (\d+) toolkits with .*?: (.*); and/m.exec(textOf('README.md'))
  const named = (text: string) => [...text.matchAll(/`([a-z0-9_]+)`/g)].map(([, slug = '']) => slug)
  const slugs = loadCatalogue([BUILTIN]).toolkits.map(({ slug }) => slug)
  assert.deepEqual(named(line?.[2] ?? ''), slugs)
  assert.equal(Number(line?.[1]), slugs.length)
  const rows = [...textOf('docs/guides/providers.md').matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => named(cell))
  assert.ok(rows.length > 0)
  assert.deepEqual(
    rows.filter((slug) => !slugs.includes(slug)),
    [],
  )
})
