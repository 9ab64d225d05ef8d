import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { givenValues, readFormValues } from './form-values.ts'

const read = (fields: FieldDescriptor[], form: Record<string, string>) => ({
  ...readFormValues(fields, new URLSearchParams(form)),
})

test('only the fields of the form are read: no hidden ones, no others, no tricks with names', () => {
  const fields: FieldDescriptor[] = [{ name: 'key' }, { name: 'internal', hidden: true }]
  const form = { 'field.key': 'k', 'field.internal': 'i', 'field.__proto__': 'p', other: 'o', key: 'x' }
  assert.deepEqual(read(fields, form), { key: 'k' })
})

test('values stay as they were typed, and key files keep their lines', () => {
  const fields: FieldDescriptor[] = [
    { name: 'pass', secret: true },
    { name: 'file', secret: true, multiline: true },
  ]
  const form = { 'field.pass': ' p ', 'field.file': '-----\r\nabc\r\n-----' }
  assert.deepEqual(read(fields, form), { pass: ' p ', file: '-----\nabc\n-----' })
})

test('what stands in a field that another one has hidden is not meant, and left out is left out', () => {
  const fields: FieldDescriptor[] = [
    { name: 'kind', enum: ['cloud', 'own'] },
    { name: 'host', visible_when: { field: 'kind', in: ['own'] } },
    { name: 'note' },
  ]
  assert.deepEqual(givenValues(fields, { kind: 'cloud', host: 'left over', note: '' }), { kind: 'cloud' })
  assert.deepEqual(givenValues(fields, { kind: 'own', host: 'h' }), { kind: 'own', host: 'h' })
  assert.deepEqual(givenValues(fields.slice(1), { host: 'h' }), { host: 'h' }, 'the app has set the other one')
})
