import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HoldfastError } from '../../errors.ts'
import { toolkitYaml, toolYaml, writeToolkits } from './fixture.testing.ts'
import { loadToolkitFiles } from './toolkit-files.ts'

const BASE = `sources: [https://docs.cloud.example]
base_url: https://api.cloud.example
hosts: [api.cloud.example]
headers:
  accept: application/json
auth:
  - scheme: OAUTH2
    auth_config_fields:
      - { name: tenant, pattern: '[a-z.]+' }
    oauth2:
      token_url: https://login.cloud.example/{{ tenant || 'common' }}/token
      default_scopes: [profile]
      scope_separator: ' '
  - scheme: BEARER_TOKEN
    name: Access token
verification:
  path: /me
`
const MAIL = `extends: cloud
slug: mail
name: Mail
description: Letters.
categories: [testing]
version: '20260101_00'
headers:
  prefer: text
auth:
  - scheme: API_KEY
    placements: [{ in: header, name: x-key, template: '{{ api_key }}' }]
  - scheme: OAUTH2
    oauth2:
      default_scopes: [mail.read, mail.send]
`

const load = (t: TestContext, ...directories: Record<string, string>[]) =>
  loadToolkitFiles(directories.map((files) => writeToolkits(t, files))).toolkits

/** What loading complains about, as `file:line:column message` with the temporary directory taken off. */
function problemsOf(t: TestContext, files: Record<string, string>): string[] {
  try {
    load(t, files)
  } catch (error) {
    const { code, fields } = error as HoldfastError
    assert.equal(code, 'invalid_toolkit')
    return fields.map(({ path, message }) => `${path.replace(/^.*?toolkits-[^/]+\//, '')} ${message}`)
  }
  return []
}

test('a toolkit takes from its base what it leaves out, and scheme by scheme what it changes', (t) => {
  const [mail] = load(t, { '_bases/cloud.yaml': BASE, 'mail/toolkit.yaml': MAIL, 'mail/tools/get.yaml': toolYaml('MAIL_GET') })
  assert.ok(mail)
  const { definition } = mail
  assert.equal(definition.base_url, 'https://api.cloud.example')
  assert.equal(definition.name, 'Mail')
  assert.equal(definition.verification?.path, '/me')
  assert.deepEqual(definition.headers, { accept: 'application/json', prefer: 'text' })
  assert.deepEqual([...mail.auths.keys()], ['OAUTH2', 'BEARER_TOKEN', 'API_KEY'])
  assert.deepEqual(mail.auths.get('OAUTH2')?.oauth2, {
    token_url: "https://login.cloud.example/{{ tenant || 'common' }}/token",
    default_scopes: ['mail.read', 'mail.send'],
    scope_separator: ' ',
  })
  assert.equal('extends' in definition, false)
  assert.deepEqual(
    mail.tools.map(({ slug }) => slug),
    ['MAIL_GET'],
  )
})

test("two toolkits share a base, and one's changes are not the other's", (t) => {
  const files = MAIL.replace('mail\n', 'files\n').replace('[mail.read, mail.send]', '[files.read]')
  const toolkits = load(t, { '_bases/cloud.yaml': BASE, 'mail/toolkit.yaml': MAIL, 'files/toolkit.yaml': files })
  assert.deepEqual(
    toolkits.map(({ slug, auths }) => [slug, auths.get('OAUTH2')?.oauth2?.default_scopes]),
    [
      ['files', ['files.read']],
      ['mail', ['mail.read', 'mail.send']],
    ],
  )
})

test("an operator's toolkit extends a base of the server's own, or one beside it that has the same name", (t) => {
  const builtin = { '_bases/cloud.yaml': BASE }
  const own = BASE.replace('api.cloud.example\nhosts', 'eu.cloud.example\nhosts').replace('[api.cloud', '[eu.cloud')
  assert.equal(load(t, builtin, { 'mail/toolkit.yaml': MAIL })[0]?.definition.base_url, 'https://api.cloud.example')
  const [mail] = load(t, builtin, { 'mail/toolkit.yaml': MAIL, '_bases/cloud.yaml': own })
  assert.equal(mail?.definition.base_url, 'https://eu.cloud.example')
})

const WRONG: readonly [string, Record<string, string>, string[]][] = [
  [
    'a mistake in the base is shown there',
    { '_bases/cloud.yaml': BASE.replace('{{ tenant ||', '{{ tennant ||') },
    [
      "_bases/cloud.yaml:11:18 The template uses 'tennant', which is no field that may stand here. Declare it in connection_fields, or place a secret by placements.",
    ],
  ],
  [
    'a mistake in the toolkit is shown in the toolkit, though the scheme stands elsewhere in the base',
    { 'mail/toolkit.yaml': MAIL.replace('      default_scopes', '      scopess: []\n      default_scopes') },
    ["mail/toolkit.yaml:14:7 'scopess' is not a known key here. Remove it or correct its name."],
  ],
  [
    'what neither has is missed in the toolkit',
    { '_bases/cloud.yaml': BASE.replace(/ {6}token_url.*\n/, '') },
    ["mail/toolkit.yaml:13:5 'auth.0.oauth2' lacks 'token_url'. Add it."],
  ],
  [
    'a base that is not there is named',
    { 'mail/toolkit.yaml': MAIL.replace('extends: cloud', 'extends: clout') },
    ["mail/toolkit.yaml:1:10 There is no base 'clout'. Write <dir>/_bases/clout.yaml."],
  ],
  [
    'a name that leads elsewhere is refused',
    { 'mail/toolkit.yaml': MAIL.replace('extends: cloud', 'extends: ../mail/toolkit') },
    ["mail/toolkit.yaml:1:10 'extends' must be the name of a base: a-z, 0-9 and _."],
  ],
  [
    'a base of a base is refused',
    { '_bases/cloud.yaml': `extends: cloud\n${BASE}` },
    ["mail/toolkit.yaml:1:10 The base 'cloud' extends another; a base may not."],
  ],
  [
    'a scheme that stands twice is not merged away',
    { 'mail/toolkit.yaml': MAIL.replace('API_KEY', 'OAUTH2') },
    ["mail/toolkit.yaml:13:5 'auth.2.oauth2' lacks 'token_url'. Add it."],
  ],
]
for (const [what, change, expected] of WRONG)
  test(`${what}`, (t) => {
    const problems = problemsOf(t, { '_bases/cloud.yaml': BASE, 'mail/toolkit.yaml': MAIL, ...change })
    assert.deepEqual(
      problems.map((problem) => problem.replace(/Write .*toolkits-[^/]+/, 'Write <dir>')),
      expected,
    )
  })

test('a base that is no YAML is told once, however many toolkits extend it', (t) => {
  const problems = problemsOf(t, {
    '_bases/cloud.yaml': 'hosts: [broken\n',
    'mail/toolkit.yaml': MAIL,
    'post/toolkit.yaml': MAIL.replace('slug: mail', 'slug: post'),
  })
  assert.equal(problems.filter((problem) => problem.startsWith('_bases/cloud.yaml:')).length, 1)
})

test('a toolkit without a base must bring everything itself', (t) => {
  assert.deepEqual(problemsOf(t, { 'acme/toolkit.yaml': toolkitYaml('acme').replace(/base_url.*\n/, '') }), [
    "acme/toolkit.yaml:1:1 The file lacks 'base_url'. Add it.",
  ])
})
