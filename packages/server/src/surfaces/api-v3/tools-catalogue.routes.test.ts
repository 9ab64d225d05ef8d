import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Composio as CurrentClient } from '@composio/core'
import { Composio as EarlyClient } from 'composio-core-early'
import type { Static } from 'typebox'
import { testDatabases } from '../../../testing/databases.ts'
import { createAuthConfig } from '../../domain/auth-configs/auth-configs.service.ts'
import { createOpenedCache } from '../../domain/credentials/credentials.service.ts'
import { createProject } from '../../domain/projects/projects.service.ts'
import { createCatalogue, loadCatalogue } from '../../domain/toolkits/catalogue.ts'
import type { ProjectId } from '../../ids.ts'
import type { Db } from '../../platform/storage/schema.ts'
import { createKeyRing } from '../../platform/vault/key-ring.ts'
import { givenMasterKeys } from '../../platform/vault/master-keys.ts'
import type { ApiServer } from '../http/api-server.ts'
import { API_PREFIXES, registerApi } from '../http/both-versions.ts'
import { buildHttpServer } from '../http/server.ts'
import type { WireError } from '../http/wire-errors.ts'
import { toolCatalogueRoutes } from './tools-catalogue.routes.ts'
import { dataSchemaOf, type ToolPage, toolToWire, type WireTool } from './tools-catalogue.schema.ts'

const catalogue = loadCatalogue([fileURLToPath(new URL('../../../../../toolkits', import.meta.url))])
const allSlugs = catalogue.toolkits.flatMap(({ tools }) => tools.map(({ slug }) => slug)).sort()
const toolsOf = (toolkit: string) => catalogue.requireToolkit(toolkit).tools.map(({ slug }) => slug)
const [sqlite] = testDatabases()
let app: ApiServer

function serve(db: Db, itsCatalogue = catalogue): ApiServer {
  const server = buildHttpServer({ checkReplies: true })
  server.addHook('onRequest', (request, _reply, done) => {
    request.projectId = (request.headers['x-api-key'] ?? 'pr_one') as ProjectId
    done()
  })
  registerApi(server, API_PREFIXES, (api) => toolCatalogueRoutes(api, { db, catalogue: itsCatalogue }))
  return server
}

before(async () => {
  assert.ok(sqlite)
  app = serve((await sqlite.open()).db)
})

type Page = Static<typeof ToolPage>
type Tool = Static<typeof WireTool>
const call = async <Body = Page>(url: string, server = app, projectId = 'pr_one') => {
  const reply = await server.inject({ url: `/api/v3${url}`, headers: { 'x-api-key': projectId } })
  return { status: reply.statusCode, body: reply.json() as Body & WireError }
}
const slugsOf = ({ body }: { body: Page }) => body.items.map(({ slug }) => slug)

test('pages of tools hold every tool once, in order, with the count on each page', async () => {
  const seen: string[] = []
  let cursor: string | null = ''
  do {
    const { body }: { body: Page } = await call(`/tools?limit=37&cursor=${cursor}`)
    assert.equal(body.total_items, allSlugs.length)
    seen.push(...body.items.map(({ slug }) => slug))
    cursor = body.next_cursor
  } while (cursor)
  assert.deepEqual(seen, allSlugs)
})

test('a limit beyond the largest page is cut, not refused: early clients ask for 9999', async () => {
  assert.deepEqual(slugsOf(await call('/tools?limit=9999')), allSlugs)
})

test('tools are filtered by toolkits, tags, scopes and importance', async () => {
  const both = [...toolsOf('github'), ...toolsOf('tavily')].sort()
  for (const list of [
    'toolkit_slug=github,tavily',
    'toolkit_slug=GITHUB&toolkit_slug=tavily',
    'toolkit_slug=["github","tavily"]',
  ])
    assert.deepEqual(slugsOf(await call(`/tools?limit=1000&${list}`)), both, list)
  assert.deepEqual(slugsOf(await call('/tools?toolkit_slug=no_such_toolkit')), [])

  const important = await call('/tools?toolkit_slug=github&important=true&limit=1000')
  assert.ok(important.body.total_items > 0 && important.body.total_items < toolsOf('github').length)
  assert.ok(important.body.items.every(({ tags }) => tags.includes('important')))
  assert.equal((await call('/tools?toolkit_slug=github&important=false')).body.total_items, toolsOf('github').length)

  const destructive = await call('/tools?tags=destructiveHint&tags=openWorldHint&limit=1000')
  assert.ok(destructive.body.items.length > 0)
  assert.ok(destructive.body.items.every(({ tags }) => tags.includes('destructiveHint') || tags.includes('openWorldHint')))

  const scope = 'https://www.googleapis.com/auth/gmail.send'
  const scoped = await call(`/tools?scopes=${encodeURIComponent(scope)}`)
  assert.ok(scoped.body.items.length > 0 && scoped.body.items.every(({ scopes }) => scopes.includes(scope)))
})

test('query and its older name search find the same tools, best first, page by page', async () => {
  const wanted = 'send an email'
  const found = await call(`/tools?limit=1000&query=${encodeURIComponent(wanted)}`)
  assert.match(slugsOf(found)[0] ?? '', /SEND.*MAIL|MAIL.*SEND/)
  assert.deepEqual(slugsOf(await call(`/tools?limit=1000&search=${encodeURIComponent(wanted)}`)), slugsOf(found))
  const seen: string[] = []
  let cursor: string | null = ''
  do {
    const { body }: { body: Page } = await call(`/tools?limit=5&query=${encodeURIComponent(wanted)}&cursor=${cursor}`)
    seen.push(...body.items.map(({ slug }) => slug))
    cursor = body.next_cursor
  } while (cursor)
  assert.deepEqual(seen, slugsOf(found))
  const inGmail = await call(`/tools?toolkit_slug=gmail&query=${encodeURIComponent(wanted)}`)
  assert.ok(slugsOf(inGmail).length > 0 && slugsOf(inGmail).every((slug) => slug.startsWith('GMAIL_')))
})

test('tools that are named are answered whatever else is asked', async () => {
  const [one = '', two = ''] = toolsOf('slack')
  const named = `tool_slugs=${one.toLowerCase()},${two},NO_SUCH_TOOL`
  assert.deepEqual(slugsOf(await call(`/tools?${named}`)), [one, two])
  assert.deepEqual(slugsOf(await call(`/tools?${named}&toolkit_slug=github&tags=none&search=zzz&important=true`)), [one, two])
})

test('deprecated tools are listed and marked, unless the caller leaves them out', async () => {
  const github = catalogue.requireToolkit('github')
  const tools = github.tools.slice(0, 3).map((tool, index) => ({ ...tool, deprecated: index === 0 }))
  const server = serve((await openFirst()).db, createCatalogue([{ ...github, tools }]))
  const [old, ...others] = tools.map(({ slug }) => slug)
  assert.deepEqual(
    (await call('/tools', server)).body.items.map((tool) => [tool.slug, tool.is_deprecated, tool.deprecated.is_deprecated]),
    tools.map((tool) => [tool.slug, tool.slug === old, tool.slug === old]),
  )
  assert.deepEqual(slugsOf(await call('/tools?include_deprecated=false', server)), others)
  assert.equal((await call(`/tools?include_deprecated=false&tool_slugs=${old}`, server)).body.total_items, 1)
})

const openFirst = () => {
  assert.ok(sqlite)
  return sqlite.open()
}

test('a tool is read by its slug or an alias in any case, and any version is answered with the one there is', async () => {
  const { status, body } = await call<Tool>('/tools/github_create_an_issue?version=20250905_00&toolkit_versions[github]=latest')
  assert.deepEqual([status, body.slug, body.toolkit.slug, body.toolkit.name], [200, 'GITHUB_CREATE_AN_ISSUE', 'github', 'GitHub'])
  assert.deepEqual([body.version, body.available_versions], [catalogue.requireToolkit('github').version, [body.version]])
  assert.deepEqual(body.input_parameters['type'], 'object')
  assert.equal(JSON.stringify(body.input_parameters).includes('"in":'), false, 'how a request is built is not shown')
  const alias = catalogue.toolkits.flatMap(({ tools }) => tools).find(({ aliases }) => aliases.length > 0)
  assert.ok(alias)
  assert.equal((await call<Tool>(`/tools/${alias.aliases[0]}`)).body.slug, alias.slug)
})

test('output schemas tell the envelope, and in data what execution puts there', async () => {
  const { body } = await call<Tool>('/tools/GITHUB_LIST_BRANCHES')
  const { properties, required } = body.output_parameters as unknown as {
    properties: Record<string, { type: unknown; properties: Record<string, { type: string }> }>
    required: string[]
  }
  assert.deepEqual(required, ['data', 'error', 'successful'])
  assert.deepEqual([properties['data']?.type, properties['data']?.properties['items']?.type], ['object', 'array'])
  const { body: issue } = await call<Tool>('/tools/GITHUB_CREATE_AN_ISSUE')
  const plain = issue.output_parameters as { properties: { data: { properties: Record<string, unknown> } } }
  assert.ok('number' in plain.properties.data.properties, 'an object is data itself')

  const number = { type: 'integer' }
  assert.deepEqual(dataSchemaOf(number), { type: 'object', properties: { value: number }, required: ['value'] })
  const nullable = { type: ['object', 'null'] }
  assert.equal(dataSchemaOf(nullable), nullable)
  const { anyOf } = dataSchemaOf({ type: 'string' }) as { anyOf: { required: string[] }[] }
  assert.deepEqual(
    anyOf.map(({ required }) => required),
    [['value'], ['text']],
  )
})

test('every tool fits the schema that it is described by', () => {
  for (const toolkit of catalogue.toolkits)
    for (const tool of toolkit.tools) {
      const { output_parameters } = toolToWire(tool, toolkit)
      const { data } = output_parameters['properties'] as { data: { type?: unknown; anyOf?: unknown } }
      assert.ok(data.anyOf !== undefined || [data.type].flat().includes('object'), `${tool.slug}: data is an object`)
    }
})

test('enum is every slug', async () => {
  const { status, body } = await call<string[]>('/tools/enum')
  assert.equal(status, 200)
  assert.deepEqual([...(body as string[])], allSlugs)
})

test('an unknown tool is a 404 that names the nearest one', async () => {
  const { status, body } = await call('/tools/GITHUB_CREATE_AN_ISSU')
  assert.deepEqual([status, body.error.slug], [404, 'tool_not_found'])
  assert.match(body.error.suggested_fix, /GITHUB_CREATE_AN_ISSUE/)
})

test('what is not acceptable is refused with the name of the field', async () => {
  const wrong: [string, string][] = [
    ['limit', 'limit=-1'],
    ['limit', 'limit=5&limit=6'],
    ['important', 'important=very'],
    ['include_deprecated', 'include_deprecated=2'],
    ['cursor', 'cursor=zzz'],
    ['query', `query=${'x'.repeat(1001)}`],
    ['auth_config_ids', `auth_config_ids=${Array.from({ length: 101 }, (_, index) => `ac_${index}`).join(',')}`],
  ]
  for (const [field, query] of wrong) {
    const { status, body } = await call(`/tools?${query}`)
    assert.equal(status, 400, query)
    assert.match(body.error.errors.join(' '), new RegExp(`\\b${field}\\b`), `${query} names ${field}`)
  }
})

for (const testDatabase of testDatabases()) {
  test(`auth_config_ids answer the tools that their own project may run on them (${testDatabase.name})`, async () => {
    const { db } = await testDatabase.open()
    const keys = createKeyRing(givenMasterKeys([randomBytes(32)]))
    const now = () => 1_700_000_000_000
    await keys.assertMasterKeys(db, now())
    for (const id of ['pr_one', 'pr_two'] as const) await createProject({ db, keys, now }, { id, name: id })
    const deps = { db, catalogue, now, credentials: { db, keys, opened: createOpenedCache() }, oauthApps: new Map() }
    const [first = '', second = ''] = toolsOf('sendgrid')
    const make = (projectId: ProjectId, toolkitSlug: string, tools?: string[]) =>
      createAuthConfig(deps, projectId, { toolkitSlug, ...(tools && { settings: { toolsForExecution: tools } }) })
    const whole = await make('pr_one', 'tavily')
    const restricted = await make('pr_one', 'sendgrid', [first])
    const unrestricted = await make('pr_one', 'sendgrid', [])
    const nothing = await make('pr_one', 'sendgrid', ['SENDGRID_GONE'])
    const others = await make('pr_two', 'tavily')
    const server = serve(db)
    const list = (query: string, projectId = 'pr_one') => call(`/tools?limit=1000&${query}`, server, projectId)

    assert.deepEqual(slugsOf(await list(`auth_config_ids=${whole.id},${restricted.id}`)), [first, ...toolsOf('tavily')].sort())
    assert.deepEqual(slugsOf(await list(`auth_config_ids=${whole.id}&auth_config_ids=${restricted.id}&toolkit_slug=sendgrid`)), [
      first,
    ])
    assert.deepEqual(slugsOf(await list(`auth_config_ids=${restricted.id}&tool_slugs=${second}`)), [second])
    assert.deepEqual(slugsOf(await list(`auth_config_ids=${unrestricted.id}`)), toolsOf('sendgrid'))
    const none = await list(`auth_config_ids=${nothing.id}`)
    assert.deepEqual([none.status, none.body.items, none.body.total_items], [200, [], 0])

    for (const [id, projectId] of [
      [others.id, 'pr_one'],
      [whole.id, 'pr_two'],
      ['ac_unknown', 'pr_one'],
    ] as const) {
      const { status, body } = await list(`auth_config_ids=${id}`, projectId)
      assert.deepEqual([status, body.error.slug], [404, 'auth_config_not_found'])
    }
  })
}

test('the official clients, early and current, read every tool as it stands', async (t) => {
  const server = serve((await openFirst()).db)
  t.after(() => server.close())
  const baseURL = await server.listen({ port: 0, host: '127.0.0.1' })
  const options = { apiKey: 'pr_one', baseURL, allowTracking: false, disableVersionCheck: true }
  for (const client of [new CurrentClient(options), new EarlyClient(options)]) {
    const listed = await client.tools.getRawComposioTools({ toolkits: catalogue.toolkits.map(({ slug }) => slug), limit: 1000 })
    assert.deepEqual(
      listed.map(({ slug }) => slug),
      allSlugs,
    )
    const named = await client.tools.getRawComposioTools({ tools: ['GMAIL_SEND_EMAIL', 'GITHUB_CREATE_AN_ISSUE'] })
    assert.deepEqual(
      named.map(({ slug }) => slug),
      ['GITHUB_CREATE_AN_ISSUE', 'GMAIL_SEND_EMAIL'],
    )
    const one = await client.tools.getRawComposioToolBySlug('GITHUB_CREATE_AN_ISSUE')
    assert.deepEqual([one.toolkit?.slug, one.inputParameters?.type], ['github', 'object'])
  }
})
