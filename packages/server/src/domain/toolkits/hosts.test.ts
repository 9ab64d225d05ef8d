import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveAuth, templateVarsOf } from './auth-definitions.ts'
import { exampleToolkit } from './fixture.testing.ts'
import { matchesHost, mayReceiveCredentials, resolveBaseUrl } from './hosts.ts'

const nobody = () => false
const may = (
  toolkit: ReturnType<typeof exampleToolkit>,
  url: string,
  vars = {},
  operator: (host: string, port: number) => boolean = nobody,
) => mayReceiveCredentials(toolkit, vars, new URL(url), operator)

test('hosts match exactly, or by one label under a wildcard, on the default port', () => {
  const matches = (pattern: string, url: string) => matchesHost(pattern, new URL(url))
  assert.ok(matches('api.example.com', 'https://API.example.com/x'))
  assert.ok(matches('*.example.com', 'https://acme.example.com'))
  assert.ok(matches('api.example.com:8443', 'https://api.example.com:8443'))
  for (const [pattern, url] of [
    ['api.example.com', 'https://api.example.com:8443'],
    ['api.example.com', 'https://xapi.example.com'],
    ['api.example.com', 'https://api.example.com.evil.com'],
    ['*.example.com', 'https://example.com'],
    ['*.example.com', 'https://a.b.example.com'],
    ['*.example.com', 'https://evilexample.com'],
  ] as const)
    assert.ok(!matches(pattern, url), `${pattern} must not match ${url}`)
})

test('credentials go to the hosts of the toolkit over https, and nowhere else', () => {
  const toolkit = exampleToolkit()
  assert.ok(may(toolkit, 'https://api.example.com/any'))
  for (const url of [
    'http://api.example.com',
    'https://evil.example',
    'https://me@api.example.com',
    'https://:pw@api.example.com',
    'ftp://api.example.com',
  ])
    assert.ok(!may(toolkit, url), url)
  assert.ok(may(toolkit, 'http://api.example.com', {}, () => true))
})

test('a value only chooses a name under the domain that the toolkit fixes', () => {
  const toolkit = exampleToolkit({ base_url: 'https://{{ shop }}.example.com', hosts: ['{{ shop }}.example.com'] })
  assert.ok(may(toolkit, 'https://acme.example.com', { shop: 'acme' }))
  assert.ok(!may(toolkit, 'https://other.example.com', { shop: 'acme' }))
  for (const shop of ['*', 'evil.com/', 'evil.com#', 'me@evil.com', '', undefined])
    assert.ok(!may(toolkit, 'https://evil.com', { shop }), String(shop))
  assert.ok(!may(toolkit, 'https://acme.example.com', { shop: '*' }))
})

test("a connection's own host needs the operator, or a toolkit that users run themselves", () => {
  const change = { base_url: '{{ base_url }}', hosts: ['{{ base_url | host }}'] }
  const vars = { base_url: 'https://mine.example:8443/api' }
  assert.ok(!may(exampleToolkit(change), 'https://mine.example:8443/api/x', vars))
  assert.ok(
    may(
      exampleToolkit(change),
      'https://mine.example:8443/api/x',
      vars,
      (host, port) => host === 'mine.example' && port === 8443,
    ),
  )
  assert.ok(may(exampleToolkit({ ...change, self_hosted: true }), 'https://mine.example:8443/x', vars))
  assert.ok(!may(exampleToolkit({ ...change, self_hosted: true }), 'https://mine.example/x', vars))
  assert.ok(!may(exampleToolkit({ ...change, self_hosted: true }), 'http://mine.example:8443/x', vars))
  assert.ok(!may(exampleToolkit({ ...change, self_hosted: true }), 'https://other.example', vars, nobody))
})

test("the operator's word opens the connection's own base URL, not any other host", () => {
  const toolkit = exampleToolkit({ base_url: '{{ base_url }}' })
  const operator = () => true
  assert.ok(may(toolkit, 'https://mine.example/x', { base_url: 'https://mine.example' }, operator))
  assert.ok(!may(toolkit, 'https://other.example/x', { base_url: 'https://mine.example' }, operator))
})

test('a base URL that leads away is refused with what to do', () => {
  const toolkit = exampleToolkit({ base_url: "{{ base_url || 'https://api.example.com' }}" })
  const auth = resolveAuth({ scheme: 'API_KEY', connection_fields: [{ name: 'base_url', aliases: ['url'] }] })
  const resolve = (of: typeof toolkit, given: Record<string, string>) => {
    const vars = templateVarsOf(auth, given)
    return resolveBaseUrl(of, vars, (url) => mayReceiveCredentials(of, vars, url, nobody))
  }
  assert.equal(resolve(toolkit, {}).href, 'https://api.example.com/')
  assert.throws(() => resolve(toolkit, { url: 'https://evil.example' }), {
    code: 'destination_not_allowed',
    fix: /HOLDFAST_ALLOW_HOSTS/,
  })
  assert.throws(() => resolve(exampleToolkit({ base_url: '{{ base_url }}' }), {}), {
    code: 'invalid_request',
    message: /base_url is missing/,
  })
})
