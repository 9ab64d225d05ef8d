import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Composio as CurrentClient } from '@composio/core'
import { Composio as EarlyClient } from 'composio-core-early'
import type { Static } from 'typebox'
import { createCatalogue, loadCatalogue } from '../../domain/toolkits/catalogue.ts'
import type { ApiServer } from '../http/api-server.ts'
import { API_PREFIXES, registerApi } from '../http/both-versions.ts'
import { buildHttpServer } from '../http/server.ts'
import type { WireError } from '../http/wire-errors.ts'
import { toolkitRoutes } from './toolkits.routes.ts'
import type { ToolkitPage, WireToolkit } from './toolkits.schema.ts'

const catalogue = loadCatalogue([fileURLToPath(new URL('../../../../../toolkits', import.meta.url))])
const toolkitsWithApp = async () => new Set<string>()
let app: ApiServer

before(() => {
  app = buildHttpServer({ checkReplies: true })
  registerApi(app, API_PREFIXES, (api) => toolkitRoutes(api, { catalogue, toolkitsWithApp }))
})

type Page = Static<typeof ToolkitPage>
const call = async <Body = Page>(url: string, body?: object) => {
  const reply = await app.inject({ method: body ? 'POST' : 'GET', url: `/api/v3${url}`, ...(body && { payload: body }) })
  return { status: reply.statusCode, body: reply.json() as Body & WireError }
}
const slugsOf = ({ body }: { body: Page }) => body.items.map(({ slug }) => slug)

test('pages of toolkits hold every toolkit once, in order, with the count on each page', async () => {
  const seen: string[] = []
  let cursor: string | null = ''
  let pages = 0
  do {
    const { status, body }: { status: number; body: Page } = await call(`/toolkits?limit=3&cursor=${cursor}`)
    assert.equal(status, 200)
    assert.equal(body.total_items, catalogue.toolkits.length)
    seen.push(...body.items.map(({ slug }) => slug))
    cursor = body.next_cursor
    pages++
  } while (cursor)
  assert.deepEqual(
    seen,
    catalogue.toolkits.map(({ slug }) => slug),
  )
  assert.equal(pages, Math.ceil(catalogue.toolkits.length / 3))
})

test('toolkits are filtered by category id or name, search, and who brought them', async () => {
  const { slug, name } = catalogue.requireToolkit('github').categories[0] ?? { slug: '', name: '' }
  const byId = await call(`/toolkits?category=${encodeURIComponent(slug)}`)
  const inCategory = catalogue.toolkits.filter(({ categories }) => categories.some((one) => one.slug === slug))
  assert.deepEqual(
    slugsOf(byId),
    inCategory.map((toolkit) => toolkit.slug),
  )
  assert.ok(inCategory.length < catalogue.toolkits.length)
  assert.deepEqual(slugsOf(await call(`/toolkits?category=${encodeURIComponent(name)}`)), slugsOf(byId))
  assert.equal(slugsOf(await call('/toolkits?search=github'))[0], 'github')
  for (const none of ['managed_by=project', 'type=custom', 'type=custom&managed_by=composio', 'category=no-such'])
    assert.deepEqual(slugsOf(await call(`/toolkits?${none}`)), [], none)
  for (const all of ['managed_by=composio', 'type=native', 'type=all&managed_by=project', 'sort_by=alphabetically'])
    assert.equal((await call(`/toolkits?${all}`)).body.total_items, catalogue.toolkits.length, all)
})

test("the operator's own toolkits are told apart from the ones that come with the server", async () => {
  const own = { ...catalogue.requireToolkit('tavily'), origin: 'custom' as const }
  const server = buildHttpServer({ checkReplies: true })
  toolkitRoutes(server, { toolkitsWithApp, catalogue: createCatalogue([catalogue.requireToolkit('github'), own]) })
  const list = async (query: string) => (await server.inject(`/toolkits?${query}`)).json() as Page
  assert.deepEqual(
    (await list('type=custom')).items.map(({ slug, type }) => [slug, type]),
    [['tavily', 'custom']],
  )
  assert.deepEqual(
    (await list('managed_by=composio')).items.map(({ slug, type }) => [slug, type]),
    [['github', 'native']],
  )
})

test('multi answers the named toolkits only, paged, narrowed by the same filters', async () => {
  const toolkits = ['Twilio', 'github', 'gmail', 'github', 'no_such_toolkit']
  const first = await call('/toolkits/multi', { toolkits, limit: 2 })
  assert.deepEqual([first.status, slugsOf(first), first.body.total_items], [200, ['github', 'gmail'], 3])
  const second = await call('/toolkits/multi', { toolkits, limit: 2, cursor: first.body.next_cursor })
  assert.deepEqual([slugsOf(second), second.body.next_cursor], [['twilio'], null])
  assert.deepEqual(slugsOf(await call('/toolkits/multi', { toolkits, managed_by: 'project' })), [])
  assert.deepEqual(slugsOf(await call('/toolkits/multi', { toolkits: [] })), [])
  assert.equal((await call('/toolkits/multi', {})).body.total_items, catalogue.toolkits.length)
})

test('categories are the ids that the filter takes', async () => {
  const { body } = await call<Page & { items: { id: string; name: string }[] }>('/toolkits/categories')
  assert.ok(body.items.length > 3)
  assert.deepEqual([body.total_items, body.total_pages, body.next_cursor], [body.items.length, 1, null])
  for (const { id } of body.items)
    assert.ok((await call(`/toolkits?category=${encodeURIComponent(id)}`)).body.total_items > 0, id)
})

test('a toolkit tells the fields of each scheme: required and optional, hidden ones left out, secret ones marked', async () => {
  const { status, body } = await call<Static<typeof WireToolkit>>('/toolkits/GitHub?version=20250905_00')
  assert.equal(status, 200)
  const [oauth] = body.auth_config_details
  assert.equal(oauth?.mode, 'OAUTH2')
  const { required, optional } = oauth.fields.auth_config_creation
  assert.deepEqual(
    required.map(({ name, is_secret }) => [name, is_secret]),
    [
      ['client_id', false],
      ['client_secret', true],
    ],
  )
  assert.ok(optional.some(({ name }) => name === 'scopes'))
  const forUsers = oauth.fields.connected_account_initiation
  const names = [...forUsers.required, ...forUsers.optional].map(({ name }) => name)
  assert.ok(names.includes('access_token') && !names.includes('client_secret'), 'hidden fields are not asked for')
  assert.deepEqual([body.base_url, oauth.proxy?.base_url], ['https://api.github.com', 'https://api.github.com'])
  assert.deepEqual([body.meta.version, body.meta.available_versions.length], [catalogue.requireToolkit('github').version, 1])
  assert.match(body.meta.created_at, /^2026-11-22T00:00:00\.000Z$/)
})

test('a base URL that only a connection knows is left out', async () => {
  for (const slug of ['jira', 'twilio']) {
    const { body } = await call<Static<typeof WireToolkit>>(`/toolkits/${slug}`)
    assert.equal('base_url' in body, false, slug)
    assert.equal('proxy' in (body.auth_config_details[0] ?? {}), false, slug)
  }
  assert.equal((await call<Static<typeof WireToolkit>>('/toolkits/npm_registry')).body.base_url, 'https://registry.npmjs.org')
})

test('managed schemes are those for which an auth config can be made without an OAuth app', async () => {
  const jira = catalogue.requireToolkit('jira')
  const onlyOauth = { ...jira, auths: new Map([...jira.auths].filter(([scheme]) => ['OAUTH2', 'BEARER_TOKEN'].includes(scheme))) }
  const server = buildHttpServer({ checkReplies: true })
  toolkitRoutes(server, { toolkitsWithApp, catalogue: createCatalogue([onlyOauth, catalogue.requireToolkit('sendgrid')]) })
  const { items } = (await server.inject('/toolkits')).json() as Page
  assert.deepEqual(
    items.map((item) => [item.slug, item.auth_schemes, item.composio_managed_auth_schemes]),
    [
      ['jira', ['OAUTH2', 'BEARER_TOKEN'], []], // a bearer scheme that only follows from OAuth is not managed
      ['sendgrid', ['API_KEY'], ['API_KEY']],
    ],
  )
})

test('an unknown toolkit is a 404 that names the nearest one', async () => {
  const { status, body } = await call('/toolkits/githb')
  assert.deepEqual([status, body.error.slug], [404, 'toolkit_not_found'])
  assert.match(body.error.suggested_fix, /github/)
})

test('what is not acceptable is refused with the name of the field', async () => {
  const wrong: [string, string, object?][] = [
    ['limit', '/toolkits?limit=many'],
    ['limit', '/toolkits?limit=0'],
    ['managed_by', '/toolkits?managed_by=someone'],
    ['sort_by', '/toolkits?sort_by=size'],
    ['type', '/toolkits?type=local'],
    ['include_deprecated', '/toolkits?include_deprecated=maybe'],
    ['cursor', '/toolkits?cursor=abc'],
    ['toolkits', '/toolkits/multi', { toolkits: 'github' }],
    ['toolkits.1', '/toolkits/multi', { toolkits: ['github', 7] }],
    ['limit', '/toolkits/multi', { limit: '5' }],
    ['limit', '/toolkits/multi', { limit: 1.5 }],
    ['sort_by', '/toolkits/multi', { sort_by: 1 }],
  ]
  for (const [field, url, body] of wrong) {
    const reply = await call(url, body)
    assert.equal(reply.status, 400, url)
    assert.match(reply.body.error.errors.join(' '), new RegExp(`(^|\\W)${field.replace('.', '\\.')}\\b`), `${url} names ${field}`)
  }
  const { body } = await call('/toolkits?limit=1')
  const otherOrder = await call(`/toolkits?search=mail&cursor=${body.next_cursor}`)
  assert.equal(otherOrder.status, 400, 'a cursor of another order')
  assert.match(otherOrder.body.error.errors.join(' '), /\bcursor\b/)
})

test('the official clients, early and current, read toolkits as they stand', async (t) => {
  const server = buildHttpServer({ checkReplies: true })
  registerApi(server, API_PREFIXES, (api) => toolkitRoutes(api, { catalogue, toolkitsWithApp }))
  t.after(() => server.close())
  const baseURL = await server.listen({ port: 0, host: '127.0.0.1' })
  const options = { apiKey: 'hf_any', baseURL, allowTracking: false, disableVersionCheck: true }
  const current = new CurrentClient(options).toolkits
  const early = new EarlyClient(options).toolkits
  const clients = [
    { list: () => current.get({}), get: (slug: string) => current.get(slug), of: current },
    { list: () => early.get({}), get: (slug: string) => early.get(slug), of: early },
  ]
  for (const { list, get, of } of clients) {
    const warn = t.mock.method(console, 'warn', () => {})
    assert.deepEqual(
      (await list()).map(({ slug }) => slug),
      // They ask for no number, and the early one cannot ask for a second page.
      catalogue.toolkits.map(({ slug }) => slug),
    )
    for (const { slug, tools, auths } of catalogue.toolkits) {
      const toolkit = await get(slug)
      assert.deepEqual([toolkit.slug, toolkit.meta.toolsCount], [slug, tools.length])
      assert.deepEqual(
        toolkit.authConfigDetails?.map(({ mode }) => mode),
        [...auths.keys()],
      )
    }
    assert.ok((await of.listCategories()).items.length > 0)
    const fields = await of.getConnectedAccountInitiationFields('sendgrid', 'API_KEY', { requiredOnly: true })
    assert.ok(fields.some(({ name }) => name === 'api_key'))
    assert.equal(warn.mock.callCount(), 0, 'the client warns when an answer breaks its schema')
    warn.mock.restore()
  }
})
