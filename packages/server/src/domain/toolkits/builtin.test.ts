import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDirectScheme } from '../auth-schemes.ts'
import { loadCatalogue } from './catalogue.ts'
import { compileInput } from './tool-validator.ts'

const BUILTIN = fileURLToPath(new URL('../../../../../toolkits', import.meta.url))

test('every built-in toolkit loads without a notice', () => {
  const { toolkits, notices } = loadCatalogue([BUILTIN])
  assert.ok(toolkits.length > 0)
  assert.deepEqual(notices, [])
})

for (const toolkit of loadCatalogue([BUILTIN]).toolkits)
  test(`${toolkit.slug}: every input compiles, credentials can be imported, and the sources are named`, () => {
    for (const tool of toolkit.tools)
      assert.doesNotThrow(() => compileInput(tool.inputParameters), `the input of ${tool.slug} is not a valid JSON Schema`)
    assert.ok(toolkit.tools.length > 0)
    assert.ok([...toolkit.auths.keys()].some(isDirectScheme))
    assert.ok(toolkit.definition.sources.length > 0)
  })
