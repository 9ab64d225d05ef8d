import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretScrubber, textsIn } from './secret-scrubber.ts'

const SECRET = 'a b/c+d"é=1234'

for (const [form, quoted] of [
  ['as it is', SECRET],
  ['in JSON', JSON.stringify({ token: SECRET })],
  ['percent-encoded', `/path?token=${encodeURIComponent(SECRET)}&more`],
  ['as a form field', new URLSearchParams({ token: SECRET }).toString()],
  ['in base64', `Basic ${Buffer.from(SECRET).toString('base64')}`],
  ['in the middle of base64', Buffer.from(`user:${SECRET}:more`).toString('base64')],
  ['in the alphabet of base64 for URLs', `token ${Buffer.from(SECRET).toString('base64url')}`],
] as const)
  test(`a secret quoted ${form} is taken out of a text`, () => {
    const scrubbed = secretScrubber([SECRET])(quoted)
    assert.match(scrubbed, /\[secret\]/)
    assert.doesNotMatch(scrubbed, /1234|MTIzN|EyMz|xMjM/)
  })

test('base64 goes as the whole word that holds the secret, wherever in it that stands', () => {
  for (const before of ['', 'u', 'us', 'use', 'user:'])
    for (const behind of ['', ':', ':x', '\u00e9'])
      for (const encoding of ['base64', 'base64url'] as const) {
        const word = Buffer.from(before + SECRET + behind).toString(encoding)
        assert.equal(secretScrubber([SECRET])(`Basic ${word}, ${word}.`), 'Basic [secret], [secret].')
      }
})

test('of a secret that holds another one nothing is left', () => {
  assert.equal(secretScrubber(['inner-secret', 'outer-inner-secret-end'])('outer-inner-secret-end'), '[secret]')
})

test('texts are left alone where only something short would match', () => {
  assert.equal(secretScrubber(['a', ''])('a banana'), 'a banana')
})

test('a credential that is a document has all its texts and numbers as secrets', () => {
  assert.deepEqual(textsIn({ type: 'x', nested: [{ key: 'y' }, 1, null] }), ['x', 'y', '1'])
})
