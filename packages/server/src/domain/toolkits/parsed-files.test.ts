import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openParsedFiles } from './parsed-files.ts'
import { BUILTIN_TOOLKITS, loadToolkitFiles } from './toolkit-files.ts'

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'parsed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, '.cache', 'holdfast', 'toolkits.json')
}
const stored = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const RULES = 'rules'

test('what was read once is not read again, and a fault in it is still found at its line', (t) => {
  const path = place(t)
  const text = 'a: 1\nb:\n  c: [2, 3]\n'
  const first = openParsedFiles(path, RULES)
  assert.deepEqual(first.parse('x.yaml', text).value, { a: 1, b: { c: [2, 3] } })
  first.save()
  const [hash] = Object.keys(stored(path).values)
  assert.ok(hash)
  writeFileSync(path, JSON.stringify({ ...stored(path), values: { [hash]: 'from the store' } }))
  const again = openParsedFiles(path, RULES).parse('x.yaml', text)
  assert.equal(again.value, 'from the store')
  assert.deepEqual(again.locate({ path: ['b', 'c'], atKey: true }), { line: 3, column: 3 })
  assert.deepEqual(openParsedFiles(path, RULES).parse('x.yaml', text.replace('1', '4')).value, { a: 4, b: { c: [2, 3] } })
})

test('a value is checked once, and again when it or the rules have changed; one with faults every time', (t) => {
  const path = place(t)
  let asked = 0
  const run = (rules: string, value: unknown, faults: string[] = [], kind = 'tool') => {
    const files = openParsedFiles(path, rules)
    const found = files.checkOnce(kind, value, () => {
      asked++
      return faults
    })
    assert.deepEqual(found, faults)
    files.save()
  }
  run(RULES, { a: 1 })
  run(RULES, { a: 1 })
  assert.equal(asked, 1)
  run(RULES, { a: 1 }, [], 'toolkit')
  run(RULES, { a: 2 })
  run('other rules', { a: 2 })
  assert.equal(asked, 4)
  run(RULES, { a: 3 }, ['wrong'])
  run(RULES, { a: 3 }, ['wrong'])
  assert.equal(asked, 6)
})

test('only what is still used is kept, and nothing is written when nothing changed', (t) => {
  const path = place(t)
  const use = (...texts: string[]) => {
    const files = openParsedFiles(path, RULES)
    for (const text of texts) files.parse('x.yaml', text)
    files.save()
    return statSync(path).ino
  }
  use('a: 1', 'a: 2')
  const written = use('a: 2')
  assert.deepEqual(Object.values(stored(path).values), [{ a: 2 }])
  assert.equal(use('a: 2'), written)
  assert.deepEqual(readdirSync(dirname(path)), ['toolkits.json'])
})

test('what JSON would bring back as something else is read each time', (t) => {
  const path = place(t)
  const files = openParsedFiles(path, RULES)
  assert.deepEqual(files.parse('x.yaml', 'a: .inf').value, { a: Number.POSITIVE_INFINITY })
  assert.equal(files.parse('x.yaml', 'a: [').problems.length > 0, true)
  files.parse('x.yaml', 'a: 1')
  files.save()
  assert.deepEqual(Object.values(stored(path).values), [{ a: 1 }])
})

test('a broken file, and a place that cannot be written to, only cost time', (t) => {
  const path = place(t)
  mkdirSync(dirname(path), { recursive: true })
  for (const text of ['', '{"format":', '[]', 'null', '{"format":"x","values":{},"good":[]}']) {
    writeFileSync(path, text)
    const files = openParsedFiles(path, RULES)
    assert.deepEqual(files.parse('x.yaml', 'a: 1').value, { a: 1 })
    files.save()
    assert.deepEqual(Object.values(stored(path).values), [{ a: 1 }])
  }
  const nowhere = openParsedFiles(join(path, 'under', 'a', 'file.json'), RULES)
  assert.deepEqual(nowhere.parse('x.yaml', 'a: 1').value, { a: 1 })
  assert.doesNotThrow(nowhere.save)
  const noModules = join(dirname(dirname(dirname(path))), 'node_modules', '.cache', 'holdfast', 'toolkits.json')
  const files = openParsedFiles(noModules, RULES)
  files.parse('x.yaml', 'a: 1')
  files.save()
  assert.equal(existsSync(noModules), false, 'nothing is made where there are no packages')
})

test('the built-in toolkits are the same, remembered or read', () => {
  const definitions = (directory: string) =>
    loadToolkitFiles([directory]).toolkits.map(({ definition, tools }) => [definition, tools.map((tool) => tool.definition)])
  const read = definitions(`${BUILTIN_TOOLKITS}/`)
  definitions(BUILTIN_TOOLKITS)
  assert.deepEqual(definitions(BUILTIN_TOOLKITS), read)
})
