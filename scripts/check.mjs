// node scripts/check.mjs [part of a test file's path…]
//
// Types, lint, walls and whatever else scripts/check-*.mjs checks, side by side; then every test.
// Fails if any part fails. The counts of the test runner are the last thing printed when all is well.

import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'

// Settings of the shell must not change what is tested, and the tools come from this workspace.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOLDFAST|COMPOSIO)_/.test(name)))
env.PATH = `${resolve('node_modules/.bin')}${delimiter}${env.PATH}`

const bin = (name) => resolve('node_modules', name)
const checks = [
  ['types', [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json']],
  ['lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  [
    'walls',
    [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.mjs', ...globSync('packages/*/src')],
  ],
  ...globSync('scripts/check-*.{mjs,ts}')
    .filter((path) => !path.includes('.test.'))
    .sort()
    .map((path) => [path.replace(/^.*check-|\.\w+$/g, ''), [path]]),
]

/** Resolves with the exit code; a quiet one keeps its words until they are needed. */
function runNode(args, { quiet }) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    const written = []
    if (quiet) for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => written.push(chunk))
    child.once('error', (error) => done({ code: 1, text: error.message }))
    child.once('close', (code) => done({ code: code ?? 1, text: Buffer.concat(written).toString() }))
  })
}

const failed = []
// The SDK is imported by its name, so types and tests need it built from the source that stands here now.
if ((await runNode(['scripts/prepare.mjs'], { quiet: false })).code !== 0) failed.push('build of the SDK')

await Promise.all(
  checks.map(async ([name, args]) => {
    const started = Date.now()
    const { code, text } = await runNode(args, { quiet: true })
    if (code !== 0) failed.push(name)
    console.log(
      `${code === 0 ? '✔' : '✖'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)${code === 0 ? '' : `\n${text}`}`,
    )
  }),
)

const wanted = process.argv.slice(2)
const tests = globSync(['packages/**/*.test.ts', 'scripts/*.test.mjs', 'examples/**/*.test.ts'], {
  exclude: (path) => /(^|[\\/])(node_modules|dist)$/.test(String(path)),
})
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort()
const globalSetup = 'packages/server/testing/global-setup.ts'
const { code } = await runNode(
  [
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    '--test-timeout=300000',
    ...(existsSync(globalSetup) ? [`--test-global-setup=${globalSetup}`] : []),
    ...tests,
  ],
  { quiet: false },
)
if (code !== 0) failed.push('tests')
if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
