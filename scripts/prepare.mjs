// Runs after `npm install` in this workspace and before the tests: builds what cannot run from source because it is imported
// or linked through node_modules, where Node strips no types. What is newer than its sources is left alone.
// May run on an older Node, as the one that npm itself runs on.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const TSC = 'node_modules/typescript/bin/tsc'
/** In the order in which they need each other: the CLI is checked against the SDK's built types. */
const BUILT = ['packages/sdk', 'packages/cli']

const entriesOf = (dir) => (existsSync(dir) ? readdirSync(dir, { recursive: true }).map((name) => join(dir, name)) : [])
const timeOf = (path) => statSync(path).mtimeMs

/** Folders count too: their time tells that a file was added or removed. */
function isUpToDate(dir, project, before) {
  const outputs = entriesOf(join(dir, 'dist')).filter((path) => path.endsWith('.js'))
  const sources = [project, 'tsconfig.json', join(dir, 'package.json'), join(dir, 'src'), ...entriesOf(join(dir, 'src'))]
  const needed = before.flatMap((other) => entriesOf(join(other, 'dist')).filter((path) => path.endsWith('.d.ts')))
  return outputs.length > 0 && Math.max(...[...sources, ...needed].map(timeOf)) < Math.min(...outputs.map(timeOf))
}

for (const [index, dir] of BUILT.entries()) {
  const project = join(dir, 'tsconfig.build.json')
  if (!existsSync(TSC) || !existsSync(project) || isUpToDate(dir, project, BUILT.slice(0, index))) continue
  const { status } = spawnSync(process.execPath, [TSC, '-p', project], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
