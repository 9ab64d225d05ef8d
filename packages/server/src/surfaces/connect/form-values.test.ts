import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { givenValues, readFormValues } from './form-values.ts'

const read = (fields: FieldDescriptor[], form: Record<string, string>, scheme: 'API_KEY' | 'BASIC' = 'API_KEY') => ({
  ...readFormValues(fields, scheme, new URLSearchParams(form)),
})

test('only the fields of the form are read: no hidden ones, no others, no tricks with names', () => {
  const fields: FieldDescriptor[] = [{ name: 'key' }, { name: 'internal', hidden: true }]
  const form = { 'field.key': 'k', 'field.internal': 'i', 'field.__proto__': 'p', other: 'o', key: 'x' }
  assert.deepEqual(read(fields, form), { key: 'k' })
})

test('spaces around what was copied are dropped, those of a password are kept, key files keep their lines', () => {
  const fields: FieldDescriptor[] = [
    { name: 'user' },
    { name: 'pass', secret: true },
    { name: 'file', secret: true, multiline: true },
  ]
  const form = { 'field.user': ' ada \t', 'field.pass': ' p ', 'field.file': '-----\r\nabc\r\n-----\r\n' }
  assert.deepEqual(read(fields, form, 'BASIC'), { user: 'ada', pass: ' p ', file: '-----\nabc\n-----\n' })
  assert.deepEqual(read(fields, form), { user: 'ada', pass: 'p', file: '-----\nabc\n-----' })
})

test('what stands in a field that another one has hidden is not meant, and left out is left out', () => {
  const fields: FieldDescriptor[] = [
    { name: 'kind', enum: ['cloud', 'own'] },
    { name: 'host', visible_when: { field: 'kind', in: ['own'] } },
    { name: 'note' },
  ]
  assert.deepEqual(givenValues(fields, { kind: 'cloud', host: 'left over', note: '' }), { kind: 'cloud' })
  assert.deepEqual(givenValues(fields, { kind: 'own', host: 'h' }), { kind: 'own', host: 'h' })
})
