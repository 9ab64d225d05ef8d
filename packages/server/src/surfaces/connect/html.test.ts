import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { html, imageUrl, type Markup, webUrl } from './html.ts'

test('no text can leave its place, in an element or in an attribute', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('</p><script>', `" onload="`, "'>", '`')), (text) => {
      const { text: page } = html`<p title="${text}">${text}</p>`
      assert.match(page, /^<p title="[^"<>'`]*">[^<>"'`]*<\/p>$/)
    }),
  )
})

test('a list is joined, nothing is left of what is absent, and markup is not escaped twice', () => {
  const items = ['a', 'b&c'].map((item) => html`<li>${item}</li>`)
  assert.equal(html`<ul>${items}${undefined}${null}${false}${0}</ul>`.text, '<ul><li>a</li><li>b&amp;c</li>0</ul>')
})

test('an object that only looks like markup is refused', () => {
  const forged = JSON.parse('{"text":"<script>"}') as Markup
  assert.throws(() => html`<p>${forged}</p>`, TypeError)
  assert.throws(() => html`<a href="${forged}">x</a>`, TypeError)
})

test('a value without quotes around it is a mistake of the template', () => {
  assert.throws(() => html`<p title=${'x'}>`, /quotes/)
})

test('an address that was not checked is refused, whatever it is', () => {
  assert.throws(() => html`<a href="${'https://fine.example'}">x</a>`, /webUrl/)
  assert.throws(() => html`<meta content="0;url=${'https://fine.example'}">`, /webUrl/)
  assert.throws(() => html`<img src="${undefined}">`, /webUrl/)
})

test('only http and https are addresses to go to', () => {
  const href = (text: string) => webUrl(text)?.url
  assert.equal(href('https://a.example/b?c="d"'), 'https://a.example/b?c=%22d%22')
  assert.equal(href('http://localhost:3000/back'), 'http://localhost:3000/back')
  for (const text of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' java\nscript:alert(1)',
    'data:text/html,x',
    '//a.example',
    '/link',
    'app://x',
    '',
  ])
    assert.equal(href(text), undefined, text)
})

test('only pictures that need no other server are drawn', () => {
  assert.equal(imageUrl('data:image/png;base64,iVBORw0KGgo=')?.url, 'data:image/png;base64,iVBORw0KGgo=')
  for (const text of [
    'https://a.example/logo.png',
    'data:text/html;base64,PHNjcmlwdD4=',
    'data:image/png;base64,"><script>',
    'data:image/svg+xml,<svg/>',
    'javascript:x',
  ])
    assert.equal(imageUrl(text), undefined, text)
})

test('characters that turn a line around, and control characters, are made visible', () => {
  assert.equal(html`${'a\u202egnp.exe\u2066\0\x1b\nb'}`.text, 'a\ufffdgnp.exe\ufffd\ufffd\ufffd\nb')
})
