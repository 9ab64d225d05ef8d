import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCursor, decodePosition, encodeCursor, toPage } from './wire-cursor.ts'

const TAG = 'accounts:created_at:desc'

test('a cursor gives back what it was made of', () => {
  const cursor = encodeCursor([1753000000123, 'ca_ü"/+='], TAG)
  assert.match(cursor, /^[\w-]+$/)
  assert.deepEqual(decodeCursor(cursor, TAG), [1753000000123, 'ca_ü"/+='])
})

test('anything else is refused as an invalid cursor', () => {
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const cursors = [
    '',
    'not a cursor!',
    '%%%',
    'abc',
    'x'.repeat(5000),
    encodeCursor([1], 'accounts:updated_at:desc'),
    forged([2, TAG, 1]),
    forged([1, TAG, { a: 1 }]),
    forged([1, TAG, null]),
    forged([1, TAG, 1.5]),
    forged([1, TAG, 1e300]),
    forged([1, TAG, 'NUL\0']),
    forged([1, TAG, '\ud83d']),
    forged({ 0: 1, 1: TAG }),
    forged(null),
  ]
  for (const cursor of cursors) assert.throws(() => decodeCursor(cursor, TAG), { code: 'invalid_cursor' }, cursor.slice(0, 40))
})

test('a position is a time and an id, and nothing else', () => {
  assert.deepEqual(decodePosition(encodeCursor([7, 'ca_x'], TAG), TAG), { time: 7, id: 'ca_x' })
  for (const values of [[], [7], ['7', 'ca_x'], [7, 7], [7, 'ca_x', 7]])
    assert.throws(() => decodePosition(encodeCursor(values, TAG), TAG), { code: 'invalid_cursor' }, JSON.stringify(values))
})

test('a page counts its pages and says null at the end', () => {
  assert.deepEqual(toPage({ items: [1, 2], nextCursor: undefined, totalItems: 41, limit: 20 }), {
    items: [1, 2],
    next_cursor: null,
    total_items: 41,
    total_pages: 3,
    current_page: 1,
  })
  assert.equal(toPage({ items: [], nextCursor: null, totalItems: 0, limit: 20 }).total_pages, 0)
})
