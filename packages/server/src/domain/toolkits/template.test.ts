import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileTemplate, variablesOf } from './template.ts'

const render = (text: string, vars: Record<string, unknown> = {}) => compileTemplate(text).render(vars)

test('a template takes the first alternative that has a value', () => {
  assert.equal(render("https://{{ region || dc || 'us' }}.example.com", { dc: 'eu' }), 'https://eu.example.com')
  assert.equal(render("https://{{ region || 'us' }}.example.com", { region: '' }), 'https://us.example.com')
  assert.equal(render('{{ a || b }}', { a: 'x', b: 'y' }), 'x')
})

test('a template yields nothing when all its variables lack a value, and its text when it has none', () => {
  assert.equal(render('Bearer {{ token }}', { token: null }), undefined)
  assert.equal(render('Bearer {{ token }}'), undefined)
  assert.equal(render('{{ now:unix }}.{{ token }}'), undefined)
  assert.equal(render('{{ a }}:{{ b }}', { b: 'x' }), ':x')
  assert.equal(render('2022-11-28'), '2022-11-28')
  assert.equal(render('{{ token }}', Object.create({ token: 'inherited' })), undefined)
})

test('filters apply in order', () => {
  assert.equal(render('{{ key | base64 }}', { key: 'é' }), Buffer.from('é').toString('base64'))
  assert.equal(render('{{ url | host | upper }}', { url: 'https://a.example.com:8443/x' }), 'A.EXAMPLE.COM:8443')
  assert.equal(render('{{ url | trim_slash }}', { url: 'https://a.example.com//' }), 'https://a.example.com')
  assert.equal(render('{{ url | host }}', { url: 'no host at all' }), undefined)
})

test('now is given as ISO text, seconds or milliseconds', () => {
  assert.match(render('{{ now:iso }}') ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  assert.ok(Math.abs(Number(render('{{ now:unix }}')) - Date.now() / 1000) < 2)
  assert.ok(Math.abs(Number(render('{{ now:unix_ms }}')) - Date.now()) < 2000)
})

test('variables are told without literals and filters', () => {
  assert.deepEqual(variablesOf("{{ a || b || 'c' | base64 }}-{{ your-domain }}"), ['a', 'b', 'your-domain'])
})

for (const bad of [
  '{{ a',
  'a }}',
  '{{ }}',
  '{{ a | nope }}',
  '{{ a b }}',
  '{{ a || }}',
  '{{ | base64 }}',
  '{{ now:noon }}',
  '{{ a | base64 || b }}',
  '{{ a + b }}',
  "{{ 'x }}",
  '{{ a | constructor }}',
])
  test(`bad syntax is refused: ${bad}`, () => {
    assert.throws(() => compileTemplate(bad), { code: 'invalid_toolkit' })
  })

test('a value is never read as a template (property)', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (value) => {
      assert.equal(render('<{{ v }}>', { v: value, secret: 's3cret' }), `<${value}>`)
    }),
  )
  assert.equal(render('{{ v }}', { v: '{{ secret }}', secret: 's3cret' }), '{{ secret }}')
})

test('base64 and urlencode give back what went in (property)', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
      assert.equal(Buffer.from(render('{{ v | base64 }}', { v: value }) ?? '', 'base64').toString(), value)
      assert.equal(decodeURIComponent(render('{{ v | urlencode }}', { v: value }) ?? ''), value)
    }),
  )
})

test('any text compiles or is refused as a toolkit error (property)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('{{', '}}', '|', '||', "'", 'a', ' ', 'now:', 'base64', '{', '}')).map((parts) => parts.join('')),
      (text) => {
        try {
          compileTemplate(text).render({ a: 'x' })
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid_toolkit')
        }
      },
    ),
  )
})
