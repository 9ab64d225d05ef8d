import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSignedCallback } from './callback-signature.ts'

// The example of Shopify's own documentation, with the secret `hush`.
const EXAMPLE = {
  code: '0907a61c0c8d55e99db179b68161bc00',
  hmac: '700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf',
  shop: 'some-shop.myshopify.com',
  state: '0.6784241404160823',
  timestamp: '1337178173',
}

test('a callback that the provider signed is known, in whatever order its parameters came', () => {
  assert.equal(isSignedCallback(EXAMPLE, 'hmac', 'hush'), true)
  assert.equal(isSignedCallback(Object.fromEntries(Object.entries(EXAMPLE).reverse()), 'hmac', 'hush'), true)
})

const FORGED: readonly [string, Parameters<typeof isSignedCallback>][] = [
  ['another code', [{ ...EXAMPLE, code: '0907a61c0c8d55e99db179b68161bc01' }, 'hmac', 'hush']],
  ['another shop', [{ ...EXAMPLE, shop: 'other.myshopify.com' }, 'hmac', 'hush']],
  ['one more parameter', [{ ...EXAMPLE, zone: 'x' }, 'hmac', 'hush']],
  ['a parameter twice', [{ ...EXAMPLE, shop: [EXAMPLE.shop, EXAMPLE.shop] }, 'hmac', 'hush']],
  ['the signature twice', [{ ...EXAMPLE, hmac: [EXAMPLE.hmac, EXAMPLE.hmac] }, 'hmac', 'hush']],
  ['no signature', [{ ...EXAMPLE, hmac: undefined }, 'hmac', 'hush']],
  ['half a signature', [{ ...EXAMPLE, hmac: EXAMPLE.hmac.slice(0, 32) }, 'hmac', 'hush']],
  ['a signature that is no hex', [{ ...EXAMPLE, hmac: 'z'.repeat(64) }, 'hmac', 'hush']],
  ['another secret', [EXAMPLE, 'hmac', 'hash']],
  ['no secret', [EXAMPLE, 'hmac', undefined]],
]
for (const [what, given] of FORGED)
  test(`a callback is not signed with ${what}`, () => assert.equal(isSignedCallback(...given), false))
