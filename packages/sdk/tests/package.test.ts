import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const runNode = (args: string[], cwd: string) => execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: 'pipe' })

const CONSUMER = `
import { AuthScheme, Composio, HoldfastApiError, type ConnectedAccount } from '@holdfast/sdk'
const composio = new Composio({ apiKey: 'your-api-key' })
export const connection = await composio.connectedAccounts.initiate('user_123', 'ac_your_auth_config', {
  config: AuthScheme.APIKey({ api_key: 'sg-existing-sendgrid-key' }),
})
await composio.connectedAccounts.update('ca_your_connection_id', {
  connection: { state: { authScheme: 'BEARER_TOKEN', val: { token: 'new-access-token' } } },
})
const session = await composio.create('user_123', { authConfigs: { gmail: 'ac_your_auth_config' }, toolkits: ['gmail'] })
export const url: string = session.mcp.url
export const account: ConnectedAccount = await connection.waitForConnection()
export const status = (error: unknown): number => (error instanceof HoldfastApiError ? error.status : 0)
// @ts-expect-error an unknown scheme
await composio.connectedAccounts.update('ca', { connection: { state: { authScheme: 'MAGIC', val: {} } } })
// @ts-expect-error a basic credential without its password
AuthScheme.Basic({ username: 'u' })
`

/** The package as it would be installed: its files, and nothing of the sources. */
function installInto(t: TestContext): string {
  const app = mkdtempSync(join(tmpdir(), 'holdfast-sdk-'))
  t.after(() => rmSync(app, { recursive: true, force: true }))
  const installed = join(app, 'node_modules/@holdfast/sdk')
  mkdirSync(installed, { recursive: true })
  runNode([tsc, '-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist')], root)
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
  writeFileSync(join(app, 'package.json'), '{"type":"module"}')
  return app
}

test('the built package has types that hold for strict apps without Node types, and runs by its name', (t) => {
  const app = installInto(t)
  writeFileSync(join(app, 'app.ts'), CONSUMER)
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const strictest = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false }
    const compilerOptions = {
      ...strictest,
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      noEmit: true,
    }
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
    try {
      runNode([tsc, '-p', '.'], app)
    } catch (error) {
      assert.fail(String((error as { stdout?: string }).stdout))
    }
  }
  const script = `import('@holdfast/sdk').then(({ Holdfast, Composio }) => console.log(Holdfast === Composio, new Holdfast({ apiKey: 'k' }).baseURL))`
  assert.equal(runNode(['-e', script], app).trim(), 'true http://localhost:9900')
})

test('the package needs no other package', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) assert.equal(manifest[kind], undefined)
})
