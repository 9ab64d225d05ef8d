import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HoldfastError } from '../../errors.ts'
import type { ToolDefinition } from './definition.ts'
import { exampleTool, exampleToolkit } from './fixture.testing.ts'
import { buildToolRequest, buildVerificationRequest } from './request.ts'

const text = { type: 'string' }
const list = { type: 'array', items: { type: 'string' } }

function build(definition: ToolDefinition, args: Record<string, unknown> = {}, vars: Record<string, unknown> = {}, change = {}) {
  const toolkit = exampleToolkit(change, [definition])
  const [tool] = toolkit.tools
  assert.ok(tool)
  return buildToolRequest(toolkit, tool, args, vars)
}

const faultsOf = (run: () => unknown): Record<string, string> => {
  try {
    run()
  } catch (error) {
    const { code, fields } = error as HoldfastError
    assert.equal(code, 'invalid_tool_arguments')
    return Object.fromEntries(fields.map(({ path, message }) => [path, message]))
  }
  return {}
}

test('arguments go into path, query, header and body as declared', () => {
  const tool = exampleTool(
    {
      method: 'POST',
      path: '/items/{id}',
      query: { fixed: '1' },
      headers: { 'X-Shop': '{{ shop }}', 'X-None': '{{ none }}' },
      body_defaults: { kind: 'a', message: { to: 'x' } },
    },
    {
      properties: {
        id: text,
        q: { ...text, in: 'query', as: 'query' },
        trace: { ...text, in: 'header', as: 'X-Trace' },
        subject: { ...text, as: 'message.subject' },
        secretless: { ...text, in: 'none' },
        size: { type: 'integer', default: 5 },
      },
      required: ['id'],
    },
  )
  const request = build(
    tool,
    { id: 'a b', q: 'x', trace: 't', subject: 's', secretless: 'n' },
    { shop: 'acme' },
    { headers: { Accept: 'application/json' } },
  )
  assert.equal(request.method, 'POST')
  assert.equal(request.url.href, 'https://api.example.com/v1/items/a%20b?fixed=1&query=x')
  assert.deepEqual(request.headers, {
    accept: 'application/json',
    'x-shop': 'acme',
    'x-trace': 't',
    'content-type': 'application/json',
  })
  assert.deepEqual(JSON.parse(String(request.body)), { kind: 'a', message: { to: 'x', subject: 's' }, size: 5 })
  assert.deepEqual(tool.request.body_defaults, { kind: 'a', message: { to: 'x' } })
})

test('a raw body is sent as it came, and the other arguments go into a header that carries them as ASCII', () => {
  const tool = exampleTool(
    {
      method: 'POST',
      path: '/upload',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: 'raw',
      body_from: ['bytes', 'content'],
      body_header: 'X-Arg',
      body_defaults: { mode: 'add' },
    },
    { properties: { path: text, content: text, bytes: { ...text, contentEncoding: 'base64' } } },
  )
  const sent = build(tool, { path: '/Ünï\u007f😀', content: 'one\ntwo' })
  assert.deepEqual(sent.headers, {
    'content-type': 'application/octet-stream',
    'x-arg': '{"mode":"add","path":"/\\u00dcn\\u00ef\\u007f\\ud83d\\ude00"}',
  })
  assert.deepEqual(JSON.parse(String(sent.headers['x-arg'])), { mode: 'add', path: '/Ünï\u007f😀' })
  assert.equal(sent.body, 'one\ntwo')
  assert.deepEqual(build(tool, { content: 'not this', bytes: 'AP8=' }).body, Buffer.of(0, 255))
  assert.equal(build(tool, { path: '/x' }).body, null)
})

test('the members of an object that is spread stand in the body, under the arguments with a name of their own', () => {
  const tool = exampleTool(
    { method: 'POST', path: '/x', body_defaults: { kind: 'a' } },
    { properties: { name: { ...text, as: 'Name' }, fields: { type: 'object', spread: true } } },
  )
  const bodyOf = (args: Record<string, unknown>) => JSON.parse(String(build(tool, args).body))
  assert.deepEqual(bodyOf({ name: 'n', fields: { 'Custom.c': 1, Name: 'other', kind: 'b' } }), {
    kind: 'b',
    'Custom.c': 1,
    Name: 'n',
  })
  assert.deepEqual(Object.keys(bodyOf({ fields: JSON.parse('{"__proto__":{"x":1}}') })), ['kind', '__proto__'])
})

test('plain values are shaped as the provider wants them: wrapped, with a prefix, in quotes that nothing can leave', () => {
  const tool = exampleTool(
    { method: 'POST', path: '/find(q={q})' },
    {
      properties: {
        q: { ...text, quote: 'single' },
        search: { ...text, in: 'query', as: '$search', quote: 'double' },
        zone: { ...text, in: 'header', as: 'Prefer', prefix: 'zone=', quote: 'double' },
        id: { ...text, prefix: 'gid://Product/' },
        ids: { ...list, prefix: 'gid://Product/' },
        to: { ...list, as: 'message.to', each: 'mail.address' },
        none: { type: ['array', 'null'], items: text, each: 'x' },
      },
      required: ['q'],
    },
  )
  const request = build(tool, {
    q: "it's) or (1",
    search: 'a "b\\" c',
    zone: 'Europe/Rome',
    id: '7',
    ids: ['gid://Product/8', '9'],
    to: ['a@x.example', 'b@x.example'],
    none: null,
  })
  assert.equal(decodeURIComponent(request.url.pathname), "/v1/find(q='it''s) or (1')")
  assert.equal(request.url.searchParams.get('$search'), '"a \\"b\\\\\\" c"')
  assert.equal(request.headers['prefer'], 'zone="Europe/Rome"')
  assert.deepEqual(JSON.parse(String(request.body)), {
    id: 'gid://Product/7',
    ids: ['gid://Product/8', 'gid://Product/9'],
    message: { to: [{ mail: { address: 'a@x.example' } }, { mail: { address: 'b@x.example' } }] },
    none: null,
  })
  const [plain] = exampleToolkit({}, [tool]).tools
  assert.doesNotMatch(JSON.stringify(plain?.inputParameters), /each|prefix|quote/)
})

test('dotted names make lists and meet objects', () => {
  const tool = exampleTool(
    { method: 'POST', path: '/x' },
    {
      properties: {
        more: { type: 'object', as: 'fields' },
        key: { ...text, as: 'fields.project.key' },
        t: { ...text, as: 'requests.0.insert.text' },
      },
    },
  )
  const { body } = build(tool, { key: 'K', t: 'hi', more: { a: 1, project: { id: 2 } } })
  assert.deepEqual(JSON.parse(String(body)), {
    fields: { a: 1, project: { id: 2, key: 'K' } },
    requests: [{ insert: { text: 'hi' } }],
  })
})

test('lists go into a query in the style that the provider reads', () => {
  const query = (style: string | undefined, tags: unknown = ['a', 'b c']) =>
    build(exampleTool({ method: 'GET', path: '/x' }, { properties: { tags: style ? { ...list, style } : list } } as never), {
      tags,
    }).url.search
  assert.equal(query(undefined), '?tags=a&tags=b+c')
  assert.equal(query('comma'), '?tags=a%2Cb+c')
  assert.equal(query('space'), '?tags=a+b+c')
  assert.equal(query('brackets'), '?tags%5B%5D=a&tags%5B%5D=b+c')
  assert.equal(query('json'), '?tags=%5B%22a%22%2C%22b+c%22%5D')
})

test('a form body carries nested objects and lists', () => {
  const tool = exampleTool(
    { method: 'POST', path: '/x', body: 'form' },
    { properties: { To: text, Urls: list, card: { type: 'object' } } },
  )
  const request = build(tool, { To: '+1', Urls: ['a', 'b'], card: { exp: { year: 30 } } })
  assert.equal(request.body, 'To=%2B1&Urls=a&Urls=b&card%5Bexp%5D%5Byear%5D=30')
  assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded')
})

test('a body is one argument, an empty object, or not there', () => {
  const whole = exampleTool({ method: 'PUT', path: '/x', body_from: 'rows' }, { properties: { rows: list } })
  assert.equal(build(whole, { rows: ['a'] }).body, '["a"]')
  assert.equal(build(exampleTool({ method: 'POST', path: '/x' }, { properties: { a: text } })).body, '{}')
  assert.equal(build(exampleTool({ method: 'POST', path: '/x' })).body, null)
  assert.equal(build(exampleTool({ method: 'POST', path: '/x', body: 'json' })).body, '{}')
  assert.equal(build(exampleTool({ method: 'GET', path: '/x' }, { properties: { a: text } }), { a: '1' }).body, null)
})

test('a connection field can stand in a path, and its absence is named', () => {
  const tool = exampleTool(
    { method: 'GET', path: '/accounts/{{ account }}/x/{id}' },
    { properties: { id: text }, required: ['id'] },
  )
  assert.equal(build(tool, { id: '1' }, { account: 'a/b' }).url.pathname, '/v1/accounts/a%2Fb/x/1')
  assert.throws(() => build(tool, { id: '1' }), { code: 'invalid_request', message: /account is missing/ })
})

test('an absolute path leaves the base URL', () => {
  const tool = exampleTool(
    { method: 'GET', path: 'https://uploads.example.com/{id}' },
    { properties: { id: text }, required: ['id'] },
  )
  assert.equal(build(tool, { id: '1' }).url.href, 'https://uploads.example.com/1')
})

test('every wrong argument is named by its path, none by its value', () => {
  const tool = exampleTool(
    { method: 'POST', path: '/x' },
    {
      properties: {
        message: { type: 'object', properties: { to: { type: 'array', items: { type: 'string', format: 'email' } } } },
        size: { type: 'integer' },
        kind: { enum: ['a', 'b'] },
        need: text,
      },
      required: ['need'],
    },
  )
  const faults = faultsOf(() => build(tool, { message: { to: ['S3CRET'] }, size: '5', kind: 'S3CRET', other: 'S3CRET' }))
  assert.deepEqual(Object.keys(faults).sort(), [
    'arguments.kind',
    'arguments.message.to[0]',
    'arguments.need',
    'arguments.other',
    'arguments.size',
  ])
  assert.doesNotMatch(JSON.stringify(faults), /S3CRET/)
  assert.equal(faults['arguments.need'], 'is required')
})

test('the given arguments are not changed by defaults', () => {
  const args = {}
  build(exampleTool({ method: 'POST', path: '/x' }, { properties: { size: { type: 'integer', default: 5 } } }), args)
  assert.deepEqual(args, {})
})

const pathTool = exampleTool({ method: 'DELETE', path: '/items/{id}/part' }, { properties: { id: text }, required: ['id'] })

for (const id of ['', '.', '..'])
  test(`a path argument cannot change the path: ${JSON.stringify(id)}`, () => {
    assert.deepEqual(Object.keys(faultsOf(() => build(pathTool, { id }))), ['arguments.id'])
  })

test('path arguments side by side cannot make a way up, with each other or with the path', () => {
  const properties = { a: text, b: text }
  const tool = (path: string) => exampleTool({ method: 'GET', path }, { properties, required: ['a', 'b'] })
  assert.equal(build(tool('/items/{a}{b}/x'), { a: '.x', b: '%2e' }).url.pathname, '/v1/items/.x%252e/x')
  assert.deepEqual(Object.keys(faultsOf(() => build(tool('/items/{a}{b}/x'), { a: '.', b: '.' }))), [
    'arguments.a',
    'arguments.b',
  ])
  assert.deepEqual(Object.keys(faultsOf(() => build(tool('/items/%2{a}/{b}'), { a: 'e', b: 'x' }))), ['arguments'])
})

test('slashes stay only where the path asks for them', () => {
  const tool = exampleTool({ method: 'GET', path: '/files/{+path}' }, { properties: { path: text }, required: ['path'] })
  assert.equal(build(tool, { path: 'a b/c?d' }).url.href, 'https://api.example.com/v1/files/a%20b/c%3Fd')
  for (const path of ['a/../b', '/a', 'a//b', 'a/.', '..'])
    assert.deepEqual(Object.keys(faultsOf(() => build(tool, { path }))), ['arguments.path'])
})

test('no path argument leaves its segment, its host or adds a query (property)', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'f', '?', '#', '@', '{', '}', ';', ':') }),
  )
  fc.assert(
    fc.property(anything, (id) => {
      try {
        const { host, pathname, search, hash } = build(pathTool, { id }).url
        assert.equal(host, 'api.example.com')
        assert.equal(search + hash, '')
        assert.deepEqual(
          [pathname.split('/').length, pathname.startsWith('/v1/items/'), pathname.endsWith('/part')],
          [5, true, true],
        )
        assert.equal(decodeURIComponent(pathname.split('/')[3] ?? ''), id.toWellFormed())
      } catch (error) {
        assert.equal((error as HoldfastError).code, 'invalid_tool_arguments')
        assert.ok(['', '.', '..'].includes(id))
      }
    }),
    { numRuns: 1000 },
  )
})

test('a header argument stays on its line', () => {
  const tool = exampleTool({ method: 'GET', path: '/x' }, { properties: { trace: { ...text, in: 'header' } } })
  for (const trace of ['a\r\nauthorization: x', 'a\nb', 'a\0'])
    assert.deepEqual(Object.keys(faultsOf(() => build(tool, { trace }))), ['arguments.trace'])
})

test('an argument named __proto__ is refused, not obeyed', () => {
  const tool = exampleTool({ method: 'POST', path: '/x' }, { properties: { a: text } })
  assert.deepEqual(Object.keys(faultsOf(() => build(tool, JSON.parse('{"__proto__":{"a":"x"}}')))), ['arguments.__proto__'])
  const open = exampleTool({ method: 'POST', path: '/x' }, { properties: {}, additionalProperties: true })
  assert.equal(build(open, JSON.parse('{"__proto__":{"a":"x"}}')).body, '{"__proto__":{"a":"x"}}')
})

test('a verification call is built from its templates', () => {
  const request = buildVerificationRequest(
    exampleToolkit({ headers: { Accept: 'application/json' } }),
    {
      method: 'POST',
      path: '/me/{{ id }}',
      query: { k: '{{ id }}', none: '{{ none }}' },
      headers: { 'X-Id': '{{ id }}' },
      body: { id: '{{ id }}', list: [1, '{{ id }}'] },
    },
    { id: 'a b' },
  )
  assert.equal(request.url.href, 'https://api.example.com/v1/me/a%20b?k=a+b')
  assert.deepEqual(request.headers, { accept: 'application/json', 'content-type': 'application/json', 'x-id': 'a b' })
  assert.equal(request.body, '{"id":"a b","list":[1,"a b"]}')
})
