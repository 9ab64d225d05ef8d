import { type AuthSchemeType, type ConnectionStatus, ConnectionStatuses } from '@holdfast/sdk'
import { type Command, Option } from 'commander'
import { UsageError } from '../api-key.ts'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { readCredential } from '../credential.ts'
import { collectPair, wholeNumber } from '../input.ts'
import { print, printFields, printJson, printList } from '../print.ts'
import { confirm } from '../prompt.ts'
import { schemeOption } from '../scheme-option.ts'

interface ListFlags extends ServerOptions {
  readonly user?: string
  readonly toolkit?: string
  readonly authConfig?: string
  readonly status?: ConnectionStatus
  readonly limit?: number
  readonly cursor?: string
}

interface ImportFlags extends ServerOptions {
  readonly user: string
  readonly authConfig: string
  readonly scheme?: AuthSchemeType
  readonly alias?: string
  readonly verify?: true
  readonly allowMultiple?: true
  readonly env?: Record<string, string>
}

const ENV = [
  '--env <field=VARIABLE>',
  'take a field of the credential from an environment variable; may be repeated',
  collectPair,
] as const

export function connectionsCommand(program: Command): void {
  const group = program.command('connections').description("users' credentials: import, list, rotate, switch off, destroy")
  const leaf = (text: string, description: string) => withServerOptions(group.command(text).description(description))

  leaf('list', 'newest first')
    .option('--user <id>', 'only of this user')
    .option('--toolkit <slug>', 'only of this toolkit')
    .option('--auth-config <id>', 'only of this auth config')
    .addOption(new Option('--status <status>', 'only these').choices(Object.values(ConnectionStatuses)))
    .option('--limit <n>', 'how many', wholeNumber)
    .option('--cursor <cursor>', 'where the page before ended')
    .action(listConnections)

  leaf('get <id>', 'one of them, its secrets masked').action(async (id: string, flags: ServerOptions) =>
    printFields(await (await connect(flags)).connectedAccounts.get(id), flags.json),
  )

  leaf('import [credential]', 'import one credential: JSON or the bare key in a file, - for stdin, or asked for')
    .requiredOption('--user <id>', "the app's id for its user")
    .requiredOption('--auth-config <id>', 'which toolkit, and how it is authenticated')
    .addOption(schemeOption())
    .option('--alias <name>', 'a readable name, unique per user and toolkit')
    .option('--verify', 'ask the provider first; what it refuses is not stored')
    .option('--allow-multiple', 'though this user has a connection for this auth config')
    .option(...ENV)
    .action(importConnection)

  leaf('rotate <id> [credential]', 'replace the credential in place; fields that are left out are kept')
    .option(...ENV)
    .action(rotateConnection)

  leaf('update <id>', 'rename it')
    .requiredOption('--alias <name>', 'a readable name, unique per user and toolkit')
    .action(async (id: string, { alias, ...flags }: ServerOptions & { alias: string }) => {
      await (await connect(flags)).connectedAccounts.update(id, { alias })
      printDone(id, 'updated', flags.json)
    })

  for (const name of ['enable', 'disable'] as const)
    leaf(`${name} <id>`, `${name} it without touching its credential`).action(async (id: string, flags: ServerOptions) => {
      await (await connect(flags)).connectedAccounts[name](id)
      printDone(id, `${name}d`, flags.json)
    })

  leaf('delete <id>', 'remove it; its secret is destroyed at once')
    .option('--yes', 'do not ask')
    .action(async (id: string, { yes, ...flags }: ServerOptions & { yes?: true }) => {
      const holdfast = await connect(flags)
      await confirm(`Delete connection ${id}?`, yes)
      await holdfast.connectedAccounts.delete(id)
      printDone(id, 'deleted', flags.json)
    })
}

const printDone = (id: string, done: string, json: true | undefined) =>
  json ? printJson({ id, [done]: true }) : print(`${id}: ${done}`)

async function listConnections({ user, toolkit, authConfig, status, limit, cursor, ...flags }: ListFlags): Promise<void> {
  const page = await (await connect(flags)).connectedAccounts.list({
    userIds: user === undefined ? undefined : [user],
    toolkitSlugs: toolkit === undefined ? undefined : [toolkit],
    authConfigIds: authConfig === undefined ? undefined : [authConfig],
    statuses: status === undefined ? undefined : [status],
    limit,
    cursor,
  })
  printList(page, flags.json, {
    ID: ({ id }) => id,
    USER: ({ userId }) => userId,
    TOOLKIT: ({ toolkit }) => toolkit.slug,
    SCHEME: ({ state, authConfig }) => state?.authScheme ?? authConfig.authScheme,
    STATUS: ({ status, isDisabled }) => (isDisabled ? `${status} (disabled)` : status),
    ALIAS: ({ alias }) => alias,
  })
}

async function importConnection(file: string | undefined, flags: ImportFlags): Promise<void> {
  const holdfast = await connect(flags)
  const authConfig = await holdfast.authConfigs.get(flags.authConfig)
  const authScheme = flags.scheme ?? authConfig.authScheme
  if (authScheme === undefined) throw new UsageError('This auth config names no scheme: give --scheme.')
  const val = await readCredential(holdfast, { ...flags, file }, { toolkit: authConfig.toolkit.slug, scheme: authScheme })
  const { id, status, redirectUrl } = await holdfast.connectedAccounts.initiate(flags.user, flags.authConfig, {
    config: { authScheme, val: { status: 'ACTIVE', ...val } },
    alias: flags.alias,
    validateCredentials: flags.verify,
    allowMultiple: flags.allowMultiple,
  })
  if (flags.json) printJson({ id, status, redirectUrl })
  else print(`${id}: ${status}`)
}

async function rotateConnection(
  id: string,
  file: string | undefined,
  flags: ServerOptions & { env?: Record<string, string> },
): Promise<void> {
  const holdfast = await connect(flags)
  const { state, authConfig, toolkit } = await holdfast.connectedAccounts.get(id)
  const authScheme = state?.authScheme ?? authConfig.authScheme
  if (authScheme === undefined) throw new UsageError(`${id} has no credential yet that could be rotated.`)
  const val = await readCredential(holdfast, { ...flags, file }, { toolkit: toolkit.slug, scheme: authScheme })
  await holdfast.connectedAccounts.update(id, { connection: { state: { authScheme, val } } })
  printDone(id, 'rotated', flags.json)
}
