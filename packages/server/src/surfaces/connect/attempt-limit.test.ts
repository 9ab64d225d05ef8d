import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAttemptLimit } from './attempt-limit.ts'

test('so many tries in a window, then a wait until it ends; each key counts for itself', () => {
  let now = 0
  const limit = createAttemptLimit({ attempts: 2, windowMs: 1000, maxKeys: 10, now: () => now })
  assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')], [0, 0, 1000, 0])
  now = 400
  assert.equal(limit.take('a'), 600)
  now = 1000
  assert.equal(limit.take('a'), 0)
})

test('memory is bounded: the oldest key is forgotten', () => {
  const limit = createAttemptLimit({ attempts: 1, windowMs: 1000, maxKeys: 2, now: () => 0 })
  for (const key of ['a', 'b', 'c']) limit.take(key)
  assert.deepEqual([limit.take('c'), limit.take('b'), limit.take('a')], [1000, 1000, 0])
})
