// Runs after `npm install` in this workspace: builds what is imported by its package name (the SDK), nothing else.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const tsc = 'node_modules/typescript/bin/tsc'
if (existsSync(tsc) && existsSync('packages/sdk/tsconfig.build.json')) {
  const built = spawnSync(process.execPath, [tsc, '-p', 'packages/sdk/tsconfig.build.json'], { stdio: 'inherit' })
  process.exit(built.status ?? 1)
}
