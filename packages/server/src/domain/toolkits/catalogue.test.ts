import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { authOf, loadCatalogue, requireAuth } from './catalogue.ts'
import { exampleToolkit, toolkitYaml, toolYaml, writeToolkits } from './fixture.testing.ts'

const load = (t: TestContext) =>
  loadCatalogue([
    writeToolkits(t, {
      'acme/toolkit.yaml': toolkitYaml('acme'),
      'acme/tools/send.yaml': toolYaml('ACME_SEND_MAIL', 'aliases: [ACME_MAIL]\ntags: [important]\nscopes: [mail.send]\n'),
      'acme/tools/get.yaml': toolYaml('ACME_GET_ITEM', 'tags: [readOnlyHint]\n'),
      'acme/tools/old.yaml': toolYaml('ACME_OLD_ITEM', 'deprecated: true\n'),
      'bolt/toolkit.yaml': toolkitYaml('bolt').replace('[testing]', '[developer-tools-&-devops]'),
      'bolt/tools/get.yaml': toolYaml('BOLT_GET_ITEM'),
      'cork/toolkit.yaml': toolkitYaml('cork', 'enabled: false\n'),
    }),
    writeToolkits(t, { 'dusk/toolkit.yaml': toolkitYaml('dusk') }),
  ])

const slugs = (page: { items: readonly { slug: string }[] }) => page.items.map(({ slug }) => slug)

test('toolkits and tools are found whatever the case, tools by their aliases too', (t) => {
  const catalogue = load(t)
  assert.equal(catalogue.findToolkit('ACME')?.slug, 'acme')
  assert.equal(catalogue.findTool('acme_mail')?.slug, 'ACME_SEND_MAIL')
  assert.equal(catalogue.findTool('__proto__'), undefined)
  assert.equal(catalogue.findToolkit('cork'), undefined)
})

test('an unknown name is answered with the nearest ones', (t) => {
  const catalogue = load(t)
  assert.throws(() => catalogue.requireToolkit('acmee'), { code: 'toolkit_not_found', fix: 'Did you mean acme?' })
  assert.throws(() => catalogue.requireTool('ACME_SENDMAIL'), { code: 'tool_not_found', fix: /^Did you mean ACME_SEND_MAIL/ })
  assert.throws(() => catalogue.requireTool('zzz'), { fix: /List or search/ })
})

test('toolkits are filtered by category, search and origin', (t) => {
  const catalogue = load(t)
  assert.deepEqual(slugs(catalogue.listToolkits()), ['acme', 'bolt', 'dusk'])
  assert.deepEqual(slugs(catalogue.listToolkits({ category: 'developer-tools-&-devops' })), ['bolt'])
  assert.deepEqual(slugs(catalogue.listToolkits({ category: 'Developer tools & devops' })), ['bolt'])
  assert.deepEqual(slugs(catalogue.listToolkits({ managedBy: 'project' })), ['dusk'])
  assert.deepEqual(slugs(catalogue.listToolkits({ managedBy: 'composio' })), ['acme', 'bolt'])
  assert.equal(slugs(catalogue.listToolkits({ search: 'bolt' }))[0], 'bolt')
  const usageOf = (slug: string) => (slug === 'dusk' ? 5 : 0)
  assert.deepEqual(slugs(catalogue.listToolkits({ sortBy: 'usage', usageOf })), ['dusk', 'acme', 'bolt'])
  assert.deepEqual(catalogue.categories(), [
    { slug: 'testing', name: 'testing' },
    { slug: 'developer-tools-&-devops', name: 'developer tools & devops' },
  ])
})

test('tools are filtered by toolkit, name, tag, scope and importance; deprecated ones only on request', (t) => {
  const catalogue = load(t)
  assert.deepEqual(slugs(catalogue.listTools()), ['ACME_GET_ITEM', 'ACME_SEND_MAIL', 'BOLT_GET_ITEM'])
  assert.deepEqual(slugs(catalogue.listTools({ toolkitSlugs: ['bolt', 'nope'] })), ['BOLT_GET_ITEM'])
  assert.deepEqual(slugs(catalogue.listTools({ toolSlugs: ['acme_mail', 'ACME_OLD_ITEM'] })), ['ACME_OLD_ITEM', 'ACME_SEND_MAIL'])
  assert.deepEqual(slugs(catalogue.listTools({ important: true })), ['ACME_SEND_MAIL'])
  assert.deepEqual(slugs(catalogue.listTools({ tags: ['readOnlyHint', 'updateHint'] })), ['ACME_GET_ITEM'])
  assert.deepEqual(slugs(catalogue.listTools({ scopes: ['mail.send'] })), ['ACME_SEND_MAIL'])
  assert.deepEqual(slugs(catalogue.listTools({ toolkitSlugs: ['acme'], includeDeprecated: true })), [
    'ACME_GET_ITEM',
    'ACME_OLD_ITEM',
    'ACME_SEND_MAIL',
  ])
})

for (const search of [undefined, 'item'])
  test(`pages meet without gap or repeat (${search ?? 'by slug'})`, (t) => {
    const catalogue = load(t)
    const filter = { includeDeprecated: true, ...(search ? { search } : {}) }
    const whole = slugs(catalogue.listTools(filter))
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = catalogue.listTools({ ...filter, limit: 1, ...(cursor ? { cursor } : {}) })
      assert.equal(page.total, whole.length)
      seen.push(...slugs(page))
      cursor = page.nextCursor
    } while (cursor)
    assert.deepEqual(seen, whole)
    assert.ok(whole.length >= 3)
  })

for (const cursor of [
  'nonsense',
  Buffer.from('{"a":1}').toString('base64url'),
  Buffer.from('[1]').toString('base64url'),
  Buffer.from('[null]').toString('base64url'),
])
  test(`a cursor of another hand is refused: ${JSON.stringify(cursor)}`, (t) => {
    assert.throws(() => load(t).listTools({ cursor }), { code: 'invalid_cursor' })
  })

test('tools are searched by what they do, best first, within the allowed ones', (t) => {
  const catalogue = load(t)
  assert.equal(catalogue.searchTools('send a mail')[0]?.item.slug, 'ACME_SEND_MAIL')
  assert.ok((catalogue.searchTools('send a mail')[0]?.score ?? 0) > 0)
  assert.deepEqual(
    catalogue.searchTools('get item', { toolkits: ['bolt'] }).map(({ item }) => item.slug),
    ['BOLT_GET_ITEM'],
  )
  assert.deepEqual(
    catalogue.searchTools('get item', { tools: ['acme_get_item'] }).map(({ item }) => item.slug),
    ['ACME_GET_ITEM'],
  )
  assert.equal(catalogue.searchTools('item', { limit: 1 }).length, 1)
  assert.deepEqual(catalogue.searchTools(''), [])
})

test('BEARER_TOKEN is offered wherever OAuth is, placed as the OAuth token is', () => {
  const oauth2 = { token_url: 'https://api.example.com/token' }
  const placements = [{ in: 'header', name: 'x-access-token', template: '{{ access_token }}' }] as const
  for (const scheme of ['OAUTH2', 'S2S_OAUTH2', 'DCR_OAUTH'] as const) {
    const auth = authOf(exampleToolkit({ auth: [{ scheme, oauth2, placements }] }), 'BEARER_TOKEN')
    assert.equal(auth?.derived, true)
    assert.deepEqual(auth?.placements, placements)
    assert.deepEqual(
      auth?.credential_fields.map(({ name }) => name),
      ['token'],
    )
  }
  assert.equal(authOf(exampleToolkit(), 'BEARER_TOKEN'), undefined)
  assert.throws(() => requireAuth(exampleToolkit(), 'BASIC'), { code: 'auth_scheme_not_offered', fix: 'Use one of API_KEY.' })
})

test('the schema that callers see says nothing of how the request is built', (t) => {
  const tool = load(t).requireTool('ACME_GET_ITEM')
  assert.deepEqual(tool.inputParameters, {
    type: 'object',
    properties: { id: { type: 'string', description: 'Which item.' } },
    required: ['id'],
    additionalProperties: false,
  })
  assert.deepEqual(tool.outputParameters['required'], ['data', 'error', 'successful'])
})
