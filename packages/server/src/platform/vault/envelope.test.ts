import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyIdOf, newSealingKey, open, seal } from './envelope.ts'

const key = newSealingKey()

test('what was sealed opens with the same key and context', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.string(), (plaintext, context) => {
      assert.deepEqual(open(key, seal(key, plaintext, context), context), Buffer.from(plaintext))
    }),
  )
})

test('changing any one bit makes it unreadable', () => {
  const sealed = seal(key, Buffer.from('a secret'), 'credential/pr_a/ca_a/1')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const altered = Buffer.from(sealed)
    altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.throws(() => open(key, altered, 'credential/pr_a/ca_a/1'), { code: 'credential_unreadable' }, `bit ${bit}`)
  }
})

test('truncating it anywhere makes it unreadable', () => {
  const sealed = seal(key, Buffer.from('a secret'), 'c')
  for (let length = 0; length < sealed.length; length++)
    assert.throws(() => open(key, sealed.subarray(0, length), 'c'), { code: 'credential_unreadable' }, `${length} bytes`)
})

test('it opens in no other context and with no other key', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (context, other) => {
      fc.pre(context !== other)
      assert.throws(() => open(key, seal(key, Buffer.from('s'), context), other), { code: 'credential_unreadable' })
    }),
  )
  assert.throws(() => open({ ...newSealingKey(), id: key.id }, seal(key, Buffer.from('s'), 'c'), 'c'), {
    code: 'credential_unreadable',
  })
})

test('the same secret never looks the same twice', () => {
  const seen = new Set(Array.from({ length: 1000 }, () => seal(key, Buffer.from('s'), 'c').toString('hex')))
  assert.equal(seen.size, 1000)
})

test('sealed bytes name their key and do not hold the plaintext', () => {
  const sealed = seal(key, Buffer.from('marked-secret'), 'c')
  assert.equal(keyIdOf(sealed), key.id)
  assert.equal(sealed.includes('marked-secret'), false)
})
