import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { Config } from './config.ts'

const SECRET_HELP =
  '\nThe client secret is read from stdin, never from the command line, where other users of the machine would see it:\n' +
  '  holdfast-server oauth-apps set github --client-id Iv1.example < secret-file\n' +
  'On a terminal it is asked for. Register the redirect URI that `oauth-apps list` prints with the provider.'

/** The operator's OAuth apps: one client a toolkit, for every project of this server. */
export function addOAuthAppsCommand(program: Command, readSettings: () => Promise<Config>): void {
  const command = program.command('oauth-apps').description("the operator's OAuth apps: one client a toolkit, for every project")
  command
    .command('set <toolkit>')
    .description('store the client that users of this toolkit connect with; one that is there is replaced')
    .option('--client-id <id>', 'the client id; without it you are asked')
    .option('--no-secret', 'for a client that has no secret')
    .addHelpText('after', SECRET_HELP)
    .action(async (toolkit: string, options: { clientId?: string; secret: boolean }) =>
      set(await readSettings(), toolkit, options),
    )
  command
    .command('list')
    .description('the toolkits that have an app, their client ids, and the redirect URI to register')
    .action(async () => list(await readSettings()))
  command
    .command('remove <toolkit>')
    .description('forget a stored client; connections made with it are no longer refreshed')
    .action(async (toolkit: string) => remove(await readSettings(), toolkit))
}

const open = async () => {
  const [{ withOAuthApps }, apps, { redirectUriOf }] = await Promise.all([
    import('./app.ts'),
    import('./domain/oauth-apps/oauth-apps.service.ts'),
    import('./domain/connecting/redirect-uri.ts'),
  ])
  return { withOAuthApps, redirectUriOf, ...apps }
}

async function set(config: Config, toolkit: string, options: { clientId?: string; secret: boolean }): Promise<void> {
  const { withOAuthApps, setOAuthApp, redirectUriOf } = await open()
  const clientId = options.clientId?.trim() || (await ask('Client id: '))
  const clientSecret = options.secret ? (await readSecret()).trim() : ''
  await withOAuthApps(config, (deps) => setOAuthApp(deps, toolkit, { clientId, ...(clientSecret !== '' && { clientSecret }) }))
  console.log(`Stored. Users of every project can now connect ${toolkit.toLowerCase()} with this client.`)
  console.log(`Its redirect URI at the provider: ${redirectUriOf(config.publicUrl)}`)
}

async function list(config: Config): Promise<void> {
  const { withOAuthApps, listOAuthApps, redirectUriOf } = await open()
  const apps = await withOAuthApps(config, listOAuthApps)
  for (const { toolkitSlug, clientId, from } of apps) console.log(`${toolkitSlug}  ${clientId}  (${from})`)
  if (apps.length === 0) console.log('There are none.')
  console.log(`Redirect URI: ${redirectUriOf(config.publicUrl)}`)
}

async function remove(config: Config, toolkit: string): Promise<void> {
  const { withOAuthApps, removeOAuthApp } = await open()
  const removed = await withOAuthApps(config, (deps) => removeOAuthApp(deps, toolkit))
  console.log(removed ? 'Removed.' : `There is no stored app for ${toolkit}.`)
  if (!removed) process.exitCode = 1
}

/** Typed on a terminal it is not shown; from a file or a pipe all of it is the secret. */
const readSecret = (): Promise<string> => (process.stdin.isTTY ? ask('Client secret: ', true) : text(process.stdin))

async function ask(question: string, hidden = false): Promise<string> {
  if (!process.stdin.isTTY) return ''
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true })
  try {
    return (await lines.question('')).trim()
  } finally {
    lines.close()
    if (hidden) process.stderr.write('\n')
  }
}
