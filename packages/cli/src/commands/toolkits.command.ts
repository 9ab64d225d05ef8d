import type { Command } from 'commander'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { wholeNumber } from '../input.ts'
import { clean, print, printJson, printList } from '../print.ts'

interface ToolkitFlags extends ServerOptions {
  readonly search?: string
  readonly limit?: number
  readonly cursor?: string
}

export function toolkitsCommand(program: Command): void {
  const command = program
    .command('toolkits')
    .description('the services that can be connected; with a slug, what that one asks for')
    .argument('[slug]')
    .option('--search <words>', 'only those whose name has these')
    .option('--limit <n>', 'how many', wholeNumber)
    .option('--cursor <cursor>', 'where the page before ended')
    .action(async (slug: string | undefined, flags: ToolkitFlags) =>
      slug === undefined ? listToolkits(flags) : showToolkit(slug, flags),
    )
  withServerOptions(command)
}

async function listToolkits({ search, limit, cursor, ...flags }: ToolkitFlags): Promise<void> {
  const page = await (await connect(flags)).toolkits.list({ search, limit, cursor })
  printList(page, flags.json, {
    SLUG: ({ slug }) => slug,
    NAME: ({ name }) => name,
    SCHEMES: ({ authSchemes }) => authSchemes?.join(' '),
    TOOLS: ({ meta }) => meta.toolsCount,
  })
}

async function showToolkit(slug: string, flags: ToolkitFlags): Promise<void> {
  const toolkit = await (await connect(flags)).toolkits.get(slug)
  if (flags.json) {
    printJson(toolkit)
    return
  }
  print(`${clean(toolkit.name)} (${clean(toolkit.slug)})`)
  for (const { mode, fields } of toolkit.authConfigDetails ?? []) {
    print(`  ${mode}`)
    const { required, optional } = fields.connectedAccountInitiation
    for (const { name, description } of required) print(`    ${clean(name)}: ${clean(description)}`)
    for (const { name, description } of optional) print(`    ${clean(name)} (optional): ${clean(description)}`)
  }
}
