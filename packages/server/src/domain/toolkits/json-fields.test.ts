import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldDescriptor } from './definition.ts'
import { normaliseFields } from './fields.ts'

test('a key file is taken whole, as text or as an object, and one that lacks a part is refused by what it lacks', () => {
  const fields: FieldDescriptor[] = [{ name: 'file', required: true, json: { email: 'client.email', key: 'key', url: 'url?' } }]
  const file = { client: { email: 'a@b.example' }, key: 'S3CRET' }
  for (const given of [file, JSON.stringify(file)])
    assert.deepEqual(normaliseFields(fields, { file: given }), { values: { file: JSON.stringify(file) }, errors: [] })
  for (const [given, message] of [
    ['S3CRET', /must be a JSON document, whole/],
    ['["S3CRET"]', /must be a JSON document, whole/],
    [{ key: 'S3CRET' }, /with client\.email$/],
    [{ client: { email: 7 }, key: 'S3CRET' }, /with client\.email$/],
  ] as const) {
    const { errors } = normaliseFields(fields, { file: given })
    assert.match(errors[0]?.message ?? '', message)
    assert.doesNotMatch(JSON.stringify(errors), /S3CRET/)
  }
})
