import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { HoldfastError } from '../../errors.ts'
import { toolkitYaml, toolYaml, writeToolkits } from './fixture.testing.ts'
import { loadToolkitFiles } from './toolkit-files.ts'

/** What loading complains about, as `file:line:column message` with the temporary directory taken off. */
function problemsOf(t: TestContext, files: Record<string, string>): string[] {
  const directory = writeToolkits(t, files)
  try {
    loadToolkitFiles([directory])
    return []
  } catch (error) {
    const { code, fields } = error as HoldfastError
    assert.equal(code, 'invalid_toolkit')
    return fields.map(({ path, message }) => `${path.slice(directory.length + 1)} ${message}`)
  }
}

test('toolkits and their tools are read, and folders named schema are not toolkits', (t) => {
  const directory = writeToolkits(t, {
    'acme/toolkit.yaml': toolkitYaml('acme'),
    'acme/tools/get.yaml': toolYaml('ACME_GET_ITEM'),
    'acme/README.md': 'not read',
    'schema/toolkit.json': '{}',
  })
  const { toolkits, notices } = loadToolkitFiles([directory])
  assert.deepEqual(
    toolkits.map(({ slug, origin, tools }) => [slug, origin, tools.map((tool) => tool.slug)]),
    [['acme', 'builtin', ['ACME_GET_ITEM']]],
  )
  assert.deepEqual(notices, [])
})

test("an operator's toolkit replaces the built-in one of the same slug, whole, and it is said", (t) => {
  const builtin = writeToolkits(t, { 'acme/toolkit.yaml': toolkitYaml('acme'), 'acme/tools/get.yaml': toolYaml('ACME_GET_ITEM') })
  const own = writeToolkits(t, { 'acme/toolkit.yaml': toolkitYaml('acme'), 'acme/tools/get.yaml': toolYaml('ACME_FETCH') })
  const { toolkits, notices } = loadToolkitFiles([builtin, own])
  assert.deepEqual(
    toolkits.map(({ origin, tools }) => [origin, tools.map(({ slug }) => slug)]),
    [['custom', ['ACME_FETCH']]],
  )
  assert.match(notices[0] ?? '', /'acme' of .* replaces the one of/)
})

test('every problem of every file is told, with line and column', (t) => {
  assert.deepEqual(
    problemsOf(t, {
      'acme/toolkit.yaml': toolkitYaml('acme', 'colour: red\n'),
      'bolt/toolkit.yaml': toolkitYaml('bolt').replace('name: bolt of the tests\n', ''),
      'cork/toolkit.yaml': 'slug: cork\nname: [broken\n',
      'dusk/tools/get.yaml': toolYaml('DUSK_GET'),
    }).map((problem) => problem.replace(/(Not valid YAML).*/, '$1')),
    [
      "acme/toolkit.yaml:13:1 'colour' is not a known key here. Remove it or correct its name.",
      "bolt/toolkit.yaml:1:1 The file lacks 'name'. Add it.",
      'cork/toolkit.yaml:3:1 Not valid YAML',
      `dusk/toolkit.yaml:1:1 The file is missing. Every folder of a toolkit directory is a toolkit.`,
    ],
  )
})

const WRONG_TOOLKITS: readonly [string, (yaml: string) => string, RegExp][] = [
  [
    'a slug that is not the folder',
    (yaml) => yaml.replace('slug: acme', 'slug: acme2'),
    /:1:7 The slug 'acme2' and the folder 'acme' must be the same/,
  ],
  [
    'an undeclared variable',
    (yaml) => yaml.replace('https://api.acme.example', 'https://{{ shop }}.acme.example'),
    /:7:11 The template uses 'shop'/,
  ],
  ['bad template syntax', (yaml) => yaml.replace('{{ api_key }}', '{{ api_key'), /:12:50 The template .* never closed/],
  [
    'a base URL outside its hosts',
    (yaml) => yaml.replace('hosts: [api.acme.example]', 'hosts: [acme.example]'),
    /:7:11 api\.acme\.example is not among/,
  ],
  ['a base URL without TLS', (yaml) => yaml.replace('https:', 'http:'), /:7:11 .* must begin with https/],
  ['an unknown scheme', (yaml) => yaml.replace('API_KEY', 'MAGIC'), /:10:13 'auth\.0\.scheme' must be one of OAUTH2/],
  ['an API key without a place', (yaml) => yaml.replace(/ {4}placements:[\s\S]*/, ''), /:10:\d+ 'auth\.0' lacks 'placements'/],
  [
    'a placement of no known shape',
    (yaml) => yaml.replace('in: header', 'in: somewhere'),
    /:12:9 'auth\.0\.placements\.0' is none of the allowed shapes/,
  ],
  [
    'a scheme twice',
    (yaml) => `${yaml}  - scheme: API_KEY\n    placements: [{ in: query, name: k, template: x }]\n`,
    /:13:13 The scheme API_KEY stands here twice/,
  ],
  [
    'a bad pattern',
    (yaml) => `${yaml}    credential_fields: [{ name: api_key, secret: true, pattern: '(' }]\n`,
    /:13:\d+ '\(' is not a valid regular expression/,
  ],
  [
    'an exchange that uses what no field gives',
    (yaml) => `${yaml}    exchange: { url: 'https://x.example/login', body: { deep: [{ key: '{{ secretary }}' }] } }\n`,
    /:13:\d+ The template uses 'secretary'/,
  ],
  [
    'an exchange without TLS',
    (yaml) => `${yaml}    exchange: { url: 'http://x.example/login' }\n`,
    /http:\/\/x\.example\/login must begin with https/,
  ],
  [
    'a key that would travel though it is traded',
    (yaml) => `${yaml}    exchange: { url: 'https://x.example/login' }\n`,
    /:12:\d+ With an exchange the placements carry what it yields/,
  ],
  [
    'an assertion of an unknown algorithm',
    (yaml) => `${yaml}    assertion: { key: '{{ api_key }}', alg: none }\n`,
    /:13:\d+ 'auth\.0\.assertion\.alg' must be one of RS256/,
  ],
  ['a repeated key', (yaml) => `${yaml}name: again\n`, /:13:1 Not valid YAML/],
  ['a custom tag', (yaml) => yaml.replace('[testing]', '!!js/function x'), /Not valid YAML/],
]
for (const [what, change, expected] of WRONG_TOOLKITS)
  test(`a toolkit is refused for ${what}`, (t) => {
    const problems = problemsOf(t, { 'acme/toolkit.yaml': change(toolkitYaml('acme')) })
    assert.match(problems.join('\n'), expected)
  })

const WRONG_TOOLS: readonly [string, (yaml: string) => string, RegExp][] = [
  ['another prefix', (yaml) => yaml.replace('ACME_GET', 'BOLT_GET'), /:1:7 The slug must begin with ACME_/],
  [
    'a slug of 66 characters',
    (yaml) => yaml.replace('ACME_GET', `ACME_${'X'.repeat(61)}`),
    /:1:7 'slug' must NOT have more than 65/,
  ],
  ['a path parameter without an input', (yaml) => yaml.replace('{id}', '{id}/{part}'), /:6:9 The path needs \{part\}/],
  [
    'a path parameter that may be missing',
    (yaml) => yaml.replace('required: [id]', 'required: []'),
    /:6:9 .* must stand in input\.required/,
  ],
  [
    'an unknown hook',
    (yaml) => yaml.replace('path: /', 'hook: nope\n  path: /'),
    /:6:9 There is no hook 'nope'. Use one of gmail_message/,
  ],
  ['a secret in its path', (yaml) => yaml.replace('/items/', '/{{ api_key }}/'), /:6:9 The template uses 'api_key'/],
  [
    'an argument that sets Authorization',
    (yaml) => yaml.replace('{ type: string,', '{ type: string, in: header, as: Authorization,'),
    /'Authorization' is not a header/,
  ],
  [
    'an argument in a body that is not sent',
    (yaml) =>
      yaml.replace('method: GET', 'method: POST\n  body: none').replace('  required', '    x: { type: string }\n  required'),
    /'x' goes into the body/,
  ],
  [
    "a host that is not the toolkit's",
    (yaml) => yaml.replace('/items', 'https://evil.example/items'),
    /:6:9 evil\.example is not among/,
  ],
  [
    'a required input that is not there',
    (yaml) => yaml.replace('[id]', '[id, size]'),
    /'size' is required but not in input\.properties/,
  ],
  [
    'a raw body from nowhere',
    (yaml) => yaml.replace('method: GET', 'method: POST\n  body: raw'),
    /A raw body comes from an argument/,
  ],
  [
    'a body from an argument that is not there',
    (yaml) => yaml.replace('method: GET', 'method: POST\n  body_from: [id, content]'),
    /'content' is not in input\.properties/,
  ],
  [
    'a body that becomes the Authorization header',
    (yaml) => yaml.replace('method: GET', 'method: POST\n  body_header: Authorization'),
    /'Authorization' is not a header/,
  ],
  [
    'a text that is spread over the body',
    (yaml) =>
      yaml.replace('method: GET', 'method: POST').replace('  required', '    x: { type: string, spread: true }\n  required'),
    /'x' is spread over the body, so it must go there and be of type object/,
  ],
  [
    'a wrapped list that is no list',
    (yaml) => yaml.replace('method: GET', 'method: POST').replace('  required', '    x: { type: string, each: a.b }\n  required'),
    /:11:30 'x' has each, so it must be a list that goes into the body/,
  ],
  [
    'quotes around a number',
    (yaml) => yaml.replace('  required', '    x: { type: array, items: { type: integer }, quote: single }\n  required'),
    /:11:5 'x' has a prefix or quotes, so it must be text or a list of texts/,
  ],
  [
    'an expansion by a tool that is not there',
    (yaml) => `${yaml}expand: { items: list, tool: ACME_NONE, from_item: { id: id }, max: 5 }\n`,
    /:12:30 There is no tool ACME_NONE/,
  ],
  [
    'an expansion by itself, and arguments that nobody has',
    (yaml) =>
      `${yaml}expand: { items: list, tool: ACME_GET, from_item: { no: id }, from_arguments: { id: own }, unless: quick, max: 5 }\n`,
    /must be a tool that only reads[\s\S]*'no' is not an argument of ACME_GET[\s\S]*'own' is not in input[\s\S]*'quick' is not in input/,
  ],
  [
    'an expansion that leaves out what its tool needs',
    (yaml) => `${yaml}expand: { items: list, tool: ACME_GET, from_item: { other: id }, max: 5 }\n`,
    /ACME_GET needs 'id'/,
  ],
]
for (const [what, change, expected] of WRONG_TOOLS)
  test(`a tool is refused for ${what}`, (t) => {
    const problems = problemsOf(t, {
      'acme/toolkit.yaml': toolkitYaml('acme'),
      'acme/tools/get.yaml': change(toolYaml('ACME_GET')),
    })
    assert.match(problems.join('\n'), expected)
  })

test('a tool name is taken once, aliases included', (t) => {
  const problems = problemsOf(t, {
    'acme/toolkit.yaml': toolkitYaml('acme'),
    'acme/tools/a.yaml': toolYaml('ACME_GET'),
    'acme/tools/b.yaml': toolYaml('ACME_FETCH', 'aliases: [ACME_GET]\n'),
  })
  assert.match(problems.join('\n'), /tools\/b\.yaml:12:11 The name ACME_GET is already taken by .*a\.yaml/)
})

test('a file that expands without bound is refused, not loaded', (t) => {
  const level = (name: string, below: string) =>
    `${name}: &${name} [${Array.from({ length: 9 }, () => `*${below}`).join(', ')}]\n`
  const bomb = `a: &a [x, x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}${level('f', 'e')}`
  assert.match(problemsOf(t, { 'acme/toolkit.yaml': bomb }).join(), /Not valid YAML/)
  assert.match(problemsOf(t, { 'acme/toolkit.yaml': `#${'x'.repeat(300_000)}` }).join(), /longer than/)
})

test("an operator's tool with a misspelt schema keyword is refused at the start", (t) => {
  const builtin = writeToolkits(t, {})
  const own = writeToolkits(t, {
    'acme/toolkit.yaml': toolkitYaml('acme'),
    'acme/tools/get.yaml': toolYaml('ACME_GET').replace('type: string', 'type: string, maxLenght: 5'),
  })
  assert.throws(() => loadToolkitFiles([builtin, own]), {
    code: 'invalid_toolkit',
    message: /get\.yaml:7:1 The input is not a valid JSON Schema: .*maxLenght/,
  })
})

test('a directory that is not there is named', () => {
  assert.throws(() => loadToolkitFiles([join('/', 'nowhere', 'toolkits')]), {
    code: 'invalid_toolkit',
    message: /nowhere\/toolkits cannot be read/,
  })
})
