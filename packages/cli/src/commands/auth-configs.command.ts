import type { AuthSchemeType } from '@holdfast/sdk'
import type { Command } from 'commander'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { parseObject, readInput, wholeNumber } from '../input.ts'
import { print, printFields, printJson, printList } from '../print.ts'
import { confirm } from '../prompt.ts'
import { schemeOption } from '../scheme-option.ts'

interface ListFlags extends ServerOptions {
  readonly toolkit?: string
  readonly search?: string
  readonly limit?: number
  readonly cursor?: string
}

interface CreateFlags extends ServerOptions {
  readonly scheme: AuthSchemeType
  readonly name?: string
}

export function authConfigsCommand(program: Command): void {
  const group = program.command('auth-configs').description("how each toolkit's users authenticate")
  const leaf = (text: string, description: string) => withServerOptions(group.command(text).description(description))

  leaf('list', 'newest first')
    .option('--toolkit <slug>', 'only of this toolkit')
    .option('--search <words>', 'only those whose name has these')
    .option('--limit <n>', 'how many', wholeNumber)
    .option('--cursor <cursor>', 'where the page before ended')
    .action(async ({ toolkit, search, limit, cursor, ...flags }: ListFlags) => {
      const page = await (await connect(flags)).authConfigs.list({ toolkit, search, limit, cursor })
      printList(page, flags.json, {
        ID: ({ id }) => id,
        TOOLKIT: ({ toolkit }) => toolkit.slug,
        SCHEME: ({ authScheme }) => authScheme,
        STATUS: ({ status }) => status,
        CONNECTIONS: ({ noOfConnections }) => noOfConnections,
        NAME: ({ name }) => name,
      })
    })

  leaf('create <toolkit> [credentials]', "make one; the client's credentials are JSON in a file, or - for stdin")
    .addOption(schemeOption().makeOptionMandatory())
    .option('--name <name>')
    .action(async (toolkit: string, file: string | undefined, { scheme, name, ...flags }: CreateFlags) => {
      const credentials = file === undefined ? undefined : parseObject(await readInput(file, flags), 'The credentials')
      const params = { type: 'use_custom_auth', authScheme: scheme, name, credentials } as const
      const created = await (await connect(flags)).authConfigs.create(toolkit, params)
      if (flags.json) printJson(created)
      else print(created.id)
    })

  leaf('get <id>', 'one of them, its secrets masked').action(async (id: string, flags: ServerOptions) =>
    printFields(await (await connect(flags)).authConfigs.get(id), flags.json),
  )

  leaf('delete <id>', 'remove it; its connections stay listed, and cannot be used')
    .option('--yes', 'do not ask')
    .action(async (id: string, { yes, ...flags }: ServerOptions & { yes?: true }) => {
      const holdfast = await connect(flags)
      await confirm(`Delete auth config ${id}? Its connections can no longer be used.`, yes)
      await holdfast.authConfigs.delete(id)
      if (flags.json) printJson({ id, deleted: true })
      else print(`Deleted ${id}.`)
    })
}
