import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery, readBoolean, readLimit, readList } from './wire-query.ts'

test('a list is read from repeated, comma and JSON forms, each value once', () => {
  const cases: [string | string[] | undefined, string[] | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    [' , ', undefined],
    ['[]', undefined],
    ['a', ['a']],
    ['a, b,,a', ['a', 'b']],
    [
      ['a', 'b,c'],
      ['a', 'b', 'c'],
    ],
    ['["a,b","c"]', ['a,b', 'c']],
    ['[oops', ['[oops']],
    ['[1]', ['[1]']],
  ]
  for (const [value, expected] of cases) assert.deepEqual(readList(value), expected, JSON.stringify(value))
})

test('booleans are true, false, absent or refused by name', () => {
  assert.deepEqual([readBoolean('true', 'b'), readBoolean('false', 'b'), readBoolean(undefined, 'b')], [true, false, undefined])
  assert.throws(() => readBoolean('yes', 'is_managed'), { code: 'invalid_request', message: /^is_managed / })
})

test('a limit falls back, is capped, or is refused by name', () => {
  const options = { default: 20, max: 100 }
  assert.deepEqual([readLimit(undefined, options), readLimit('5', options), readLimit(9999, options)], [20, 5, 100])
  for (const wrong of ['0', '-1', '1.5', 'x', 'Infinity', '1e999']) {
    assert.throws(() => readLimit(wrong, options), { code: 'invalid_request', message: /^limit / }, wrong)
  }
})

test('a query of fifty thousand pairs is read whole and in linear time', () => {
  const small = timeToParse(5_000)
  const large = timeToParse(50_000)
  assert.ok(large < Math.max(small, 2) * 100, `${small} ms, then ${large} ms for ten times as much`)
})

function timeToParse(pairs: number): number {
  const text = Array.from({ length: pairs }, (_, i) => `a[${i}]=${i}`).join('&')
  const started = performance.now()
  const parsed = parseQuery(text)
  const ms = performance.now() - started
  assert.equal(parsed['a']?.length, pairs)
  return ms
}

test('names from the query never touch a prototype', () => {
  const parsed = parseQuery('__proto__=x&constructor[]=y')
  assert.equal(Object.getPrototypeOf(parsed), null)
  assert.equal(({} as Record<string, unknown>)['x'], undefined)
})
