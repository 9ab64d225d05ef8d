import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { findUnstorableText, isStorableText, isTooDeep } from './acceptable-values.ts'

test('text that a database would refuse or change is told from all other text', () => {
  for (const text of ['', 'ünïcödé', '🜚', '\u202e\u200b', '\ufffd', '\n\t\u0001']) assert.equal(isStorableText(text), true)
  for (const text of ['\0', 'a\0b', '\ud83d', 'x\ude00', '\ude00\ud83d']) assert.equal(isStorableText(text), false)
})

test('declared texts are looked at wherever they stand, and what is opaque is left alone', () => {
  const schema = Type.Object({
    name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    list: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    inner: Type.Optional(Type.Object({ id: Type.String() })),
    byKey: Type.Optional(Type.Record(Type.String(), Type.String())),
    opaque: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    any: Type.Optional(Type.Unknown()),
  })
  const pathIn = (value: object) => findUnstorableText(schema as Parameters<typeof findUnstorableText>[0], value)?.path
  assert.equal(pathIn({ name: 'a\0' }), 'name')
  assert.equal(pathIn({ list: '\0' }), 'list')
  assert.equal(pathIn({ list: ['fine', 'half \ud83d'] }), 'list.1')
  assert.equal(pathIn({ inner: { id: '\0' } }), 'inner.id')
  assert.equal(pathIn({ byKey: { one: 'fine', two: '\0' } }), 'byKey.two')
  assert.equal(
    pathIn({ name: 'fine', list: ['fine'], opaque: { val: '\0' }, any: ['\0'], unknown: '\0', toString: '\0' }),
    undefined,
  )
})

test('a value is too deep from 201 levels on, however wide it is', () => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`)
  assert.deepEqual(
    [200, 201, 50_000].map((levels) => isTooDeep(nested(levels))),
    [false, true, true],
  )
  assert.deepEqual(
    [{ a: nested(199) }, { a: 1, b: { c: nested(199) } }].map((value) => isTooDeep(value)),
    [false, true],
  )
  assert.equal(isTooDeep('['.repeat(1000)), false)
})
