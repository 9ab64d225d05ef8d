// The walls of docs/design: `npm run walls`. Each rule's comment says what to do instead.

const SRC = '^packages/server/src'
const TEST = '\\.test\\.ts$'

/** What a room of the domain may call besides itself: always downward. A room that is not here may call no other. */
const ROOMS = {
  toolkits: [],
  projects: [],
  events: [],
  credentials: ['projects', 'events', 'toolkits'],
  'oauth-apps': ['toolkits', 'credentials'],
  'auth-configs': ['oauth-apps', 'toolkits', 'credentials', 'events', 'projects'],
  accounts: ['auth-configs', 'oauth-apps', 'toolkits', 'credentials', 'events', 'projects'],
  imports: ['accounts', 'auth-configs', 'credentials', 'toolkits', 'events', 'projects'],
  connecting: ['accounts', 'oauth-apps', 'auth-configs', 'toolkits', 'credentials', 'events', 'projects'],
  execution: ['accounts', 'auth-configs', 'credentials', 'toolkits', 'events', 'projects'],
  sessions: ['execution', 'connecting', 'oauth-apps', 'accounts', 'auth-configs', 'toolkits', 'events', 'projects'],
}

const forbid = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

const rooms = Object.entries(ROOMS).map(([room, allowed]) =>
  forbid(
    `room-${room}`,
    `${room} may call ${allowed.join(', ') || 'no other room'}; what is needed from above is handed in by app.ts.`,
    { path: `${SRC}/domain/${room}/`, pathNot: TEST },
    { path: `${SRC}/domain/[^/]+/`, pathNot: `${SRC}/domain/(?:${[room, ...allowed].join('|')})/` },
  ),
)

export default {
  forbidden: [
    forbid(
      'no-cycle',
      'Two files that need each other to run are one file, or hide a third. (Types may refer to each other.)',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid(
      'platform-knows-no-product',
      'surfaces → domain → platform, never upward.',
      { path: `${SRC}/platform/`, pathNot: TEST },
      { path: `${SRC}/(?:domain/.+/|surfaces/|app\\.ts|main\\.ts|config\\.ts)` },
    ),
    forbid(
      'domain-knows-no-surface',
      'surfaces → domain → platform, never upward. The domain gets its settings as arguments.',
      { path: `${SRC}/domain/`, pathNot: TEST },
      { path: `${SRC}/(?:surfaces/|app\\.ts|main\\.ts|config\\.ts)` },
    ),
    forbid(
      'surfaces-are-composed',
      'Surfaces get what they need from app.ts; only app.ts and main.ts are above them.',
      { path: `${SRC}/surfaces/`, pathNot: TEST },
      { path: `${SRC}/(?:app|main|config)\\.ts$` },
    ),
    forbid(
      'room-unlisted',
      'A new room: add it to ROOMS in .dependency-cruiser.mjs.',
      { path: `${SRC}/domain/(?!(?:${Object.keys(ROOMS).join('|')})/)[^/]+/`, pathNot: TEST },
      { path: `${SRC}/domain/[^/]+/` },
    ),
    ...rooms,
    forbid(
      'repository-stays-in-its-room',
      "Call the room's service.",
      { path: `${SRC}/domain/([^/]+)/`, pathNot: TEST },
      { path: '\\.repository\\.ts$', pathNot: `${SRC}/domain/$1/` },
    ),
    forbid(
      'repository-not-from-outside',
      "Call the room's service.",
      { path: `${SRC}/(?!domain/)`, pathNot: TEST },
      { path: `${SRC}/domain/.+\\.repository\\.ts$` },
    ),
    forbid(
      'kysely-in-repositories',
      'SQL belongs into a *.repository.ts or platform/storage.',
      { path: SRC, pathNot: [TEST, `${SRC}/platform/storage/`, '\\.repository\\.ts$'] },
      { path: 'node_modules/(?:kysely|pg)/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'sqlite-in-storage',
      'Databases are opened in platform/storage.',
      { path: SRC, pathNot: [TEST, `${SRC}/platform/storage/`] },
      { path: '^(?:node:)?sqlite$' },
    ),
    forbid(
      'fastify-in-surfaces',
      'The domain knows no HTTP.',
      { path: SRC, pathNot: [TEST, `${SRC}/surfaces/`, `${SRC}/app\\.ts$`] },
      { path: 'node_modules/@?fastify[/-]' },
    ),
    forbid(
      'sockets-in-outbound',
      'Every call leaves through platform/outbound, where addresses are judged. (node:net: scripts/check-sources.mjs.)',
      { path: SRC, pathNot: [TEST, `${SRC}/platform/outbound/`] },
      { path: ['node_modules/undici/', '^(?:node:)?(?:tls|http|https|http2|dgram|dns)(?:/promises)?$'] },
    ),
    forbid(
      'sdk-stands-alone',
      'The SDK has no dependencies and runs in browsers.',
      { path: '^packages/sdk/src/', pathNot: TEST },
      { pathNot: '^packages/sdk/src/' },
    ),
    forbid(
      'cli-is-a-client',
      'The CLI holds an API key and nothing else: it uses the SDK.',
      { path: '^packages/cli/src/', pathNot: TEST },
      {
        pathNot: [
          '^packages/cli/src/',
          '^packages/sdk/',
          'node_modules/(?:@holdfast/sdk|commander)/',
          '^(?:node:)?[a-z_]+(?:/promises|/consumers)?$',
        ],
      },
    ),
    forbid(
      'no-tests-in-the-product',
      'Only tests import tests and testing/.',
      { path: '^packages/[^/]+/src/', pathNot: TEST },
      { path: ['\\.test\\.ts$', '^packages/server/testing/'] },
    ),
    forbid(
      'resolvable',
      'This import leads nowhere, or to a package that is not declared.',
      { path: '^packages/[^/]+/src/' },
      { couldNotResolve: true },
    ),
    forbid(
      'declared',
      'Add the package to the package.json of this workspace.',
      { path: '^packages/[^/]+/src/', pathNot: TEST },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    ),
    forbid(
      'no-orphan',
      'Nothing imports this file: is it still needed?',
      { orphan: true, pathNot: ['\\.test\\.ts$', '/main\\.ts$', '/index\\.ts$', '\\.d\\.ts$'] },
      {},
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
    combinedDependencies: false,
  },
}
