import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findMissingPackages } from './installed-packages.mjs'

const LOCK = {
  '': { devDependencies: { node: '*' }, dependencies: {} },
  'packages/server': { dependencies: { fastify: '*' } },
  'packages/server/testing': { dependencies: { browser: '*' } },
  'node_modules/node': { version: '24.0.0' },
  'node_modules/fastify': { version: '5.0.0', dependencies: { pino: '*' }, optionalDependencies: { fast: '*' } },
  'node_modules/fastify/node_modules/pino': { version: '9.0.0' },
  'node_modules/pino': { version: '10.0.0' },
  'node_modules/fast': { version: '1.0.0', optional: true },
  'node_modules/browser': { version: '1.0.0' },
  'node_modules/@holdfast/server': { resolved: 'packages/server', link: true },
}
const SERVER = ['node_modules/node', 'node_modules/fastify', 'node_modules/fastify/node_modules/pino']
const ALL = [...SERVER, 'node_modules/pino', 'node_modules/browser', 'node_modules/@holdfast/server']

/** A checkout with these packages installed, each in its locked version unless said otherwise. */
function checkout(t, installed, versions = {}) {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-setup-'))
  t.after(() => rmSync(root, { recursive: true }))
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: LOCK }))
  if (installed === undefined) return root
  for (const path of installed) mkdirSync(join(root, path), { recursive: true })
  const packages = Object.fromEntries(
    installed.map((path) => [path, { ...LOCK[path], ...(versions[path] ? { version: versions[path] } : {}) }]),
  )
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }))
  return root
}

test('on a fresh clone everything of the set is missing', (t) => {
  const root = checkout(t, undefined)
  assert.deepEqual(findMissingPackages(root, 'server').sort(), [...SERVER].sort())
  assert.deepEqual(findMissingPackages(root, 'all').sort(), [...ALL].sort())
})

test('the server does not wait for what only the tests need', (t) => {
  const root = checkout(t, SERVER)
  assert.deepEqual(findMissingPackages(root, 'server'), [])
  assert.deepEqual(findMissingPackages(root, 'all').sort(), ALL.filter((path) => !SERVER.includes(path)).sort())
})

test('a whole install, by hand or not, satisfies both sets; packages for other platforms may be absent', (t) => {
  const root = checkout(t, ALL)
  assert.deepEqual([findMissingPackages(root, 'server'), findMissingPackages(root, 'all')], [[], []])
})

test('a package in another version, or whose folder is gone, counts as missing', (t) => {
  const root = checkout(t, ALL, { 'node_modules/fastify': '4.0.0' })
  assert.deepEqual(findMissingPackages(root, 'server'), ['node_modules/fastify'])
  rmSync(join(root, 'node_modules/node'), { recursive: true })
  assert.deepEqual(findMissingPackages(root, 'all').sort(), ['node_modules/fastify', 'node_modules/node'])
})
