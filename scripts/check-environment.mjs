// The environment is read in one place, so that every setting is validated, documented and the same everywhere.

import { globSync, readFileSync } from 'node:fs'

const ALLOWED = ['packages/server/src/config.ts']
const READS_ENVIRONMENT =
  /\bprocess\s*\??\.\s*env\b|\bprocess\s*\[|\{[^}]*\benv\b[^}]*\}\s*(?:=\s*process\b|from\s+'(?:node:)?process')|\bloadEnvFile\b/

const offenders = globSync('packages/server/src/**/*.ts')
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.test.ts') && !ALLOWED.includes(path))
  .filter((path) => READS_ENVIRONMENT.test(readFileSync(path, 'utf8')))

for (const path of offenders)
  console.error(`${path} reads the environment: add a setting to packages/server/src/config.ts and hand it in`)
process.exitCode = offenders.length > 0 ? 1 : 0
