// Walls that are about names within a file, which the import graph of `npm run walls` cannot see.

import { globSync, readFileSync } from 'node:fs'

const ENVIRONMENT =
  /\bprocess\s*\??\.\s*env\b|\bprocess\s*\[|\{[^}]*\benv\b[^}]*\}\s*(?:=\s*process\b|from\s+'(?:node:)?process')|\bloadEnvFile\b/
/** From node:net, what only looks at an address may be used anywhere; what opens a socket may not. */
const SOCKET =
  /import\s+(?!type\b)(?!\{(?:\s*(?:isIP|isIPv4|isIPv6|BlockList|type \w+),?)+\s*\}\s*from)[^'"]*['"](?:node:)?net['"]|import\(\s*['"](?:node:)?net['"]/

const GLOBAL_CLIENT = /(?<![\w.#'"`])(?:fetch\s*\(|new (?:WebSocket|EventSource)\b)/

const RULES = [
  {
    finds: ENVIRONMENT,
    allowed: (path) => path === 'packages/server/src/config.ts',
    says: 'reads the environment: add a setting to packages/server/src/config.ts and hand it in',
  },
  {
    finds: GLOBAL_CLIENT,
    allowed: (path) => path.startsWith('packages/server/src/platform/outbound/'),
    says: 'calls out by itself: every call leaves through platform/outbound, where addresses are judged',
  },
  {
    finds: SOCKET,
    allowed: (path) => path.startsWith('packages/server/src/platform/outbound/'),
    says: 'may open a socket: every call leaves through platform/outbound, where addresses are judged',
  },
]

let offences = 0
for (const found of globSync('packages/server/src/**/*.ts')) {
  const path = found.replaceAll('\\', '/')
  if (path.endsWith('.test.ts')) continue
  const source = readFileSync(path, 'utf8')
  for (const { finds, allowed, says } of RULES) {
    if (allowed(path) || !finds.test(source)) continue
    console.error(`${path} ${says}`)
    offences++
  }
}
process.exitCode = offences > 0 ? 1 : 0
