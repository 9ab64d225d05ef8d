import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileTemplate } from './template.ts'
import { renderUrl } from './url-template.ts'

const url = (text: string, vars: Record<string, unknown> = {}, base?: string) =>
  renderUrl(compileTemplate(text), vars, base ? new URL(base) : undefined).href

test('values fill hosts, paths and queries', () => {
  assert.equal(url('https://{{ subdomain }}.example.com/v1', { subdomain: 'acme' }), 'https://acme.example.com/v1')
  assert.equal(
    url('{{ base_url | trim_slash }}/api', { base_url: 'http://localhost:4873/npm/' }),
    'http://localhost:4873/npm/api',
  )
  assert.equal(
    url('https://a.example.com/x/{{ id }}?q={{ q }}', { id: 'a/b c', q: '1&2' }),
    'https://a.example.com/x/a%2Fb%20c?q=1%262',
  )
  assert.equal(url('/users/{{ id }}', { id: 7 }, 'https://a.example.com/v1/'), 'https://a.example.com/v1/users/7')
  assert.equal(url('https://{{ host }}/x', { host: 'a.example.com:8443' }), 'https://a.example.com:8443/x')
})

const EVIL = [
  'evil.com/',
  'evil.com#',
  'evil.com?',
  'me@evil.com',
  'evil.com:443/',
  'evil.com\\',
  ' evil.com',
  'evil.com\n',
  'a..b',
  '-a',
  '%2e',
  '',
  '.',
]
for (const evil of [...EVIL, 'x:y@z', '[::1]', 'a:99'])
  test(`a subdomain cannot move the call to another host: ${JSON.stringify(evil)}`, () => {
    assert.throws(
      () => url('https://{{ subdomain }}.example.com/', { subdomain: evil }),
      (error: { code?: string; fields?: { path: string }[] }) =>
        error.code === 'invalid_request' && error.fields?.[0]?.path === 'subdomain',
    )
  })

for (const evil of [
  'ftp://a.example.com',
  'https://me:pw@a.example.com',
  'https://a.example.com/?x=',
  'https://a.example.com/#',
  'https:/a',
  'a.example.com',
  'https://a b',
  'https://a.example.com/../x',
])
  test(`a base URL must be a plain one: ${evil}`, () => {
    assert.throws(() => url('{{ base_url }}/api', { base_url: evil }), { code: 'invalid_request' })
  })

test('no value of a host hole leaves its domain (property)', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '.', '/', '@', '#', '?', ':', '\\', '%', '[', ']', '-', '。', '\t') }),
  )
  fc.assert(
    fc.property(anything, anything, (subdomain, id) => {
      try {
        const { hostname, pathname, username } = renderUrl(compileTemplate('https://{{ s }}.example.com/a/{{ id }}/b'), {
          s: subdomain,
          id,
        })
        assert.ok(hostname.endsWith('.example.com') && username === '')
        assert.equal(pathname.split('/').length, 4)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid_request')
      }
    }),
    { numRuns: 2000 },
  )
})
