import { type Command, Option } from 'commander'
import { UsageError } from '../api-key.ts'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { splitList } from '../input.ts'
import { type McpClient, SNIPPETS } from '../mcp-snippets.ts'
import { print, printJson } from '../print.ts'

interface ConfigFlags extends ServerOptions {
  readonly user?: string
  readonly session?: string
  readonly toolkits?: readonly string[]
  readonly client?: McpClient
  readonly name: string
  readonly showKey?: true
}

export function mcpCommand(program: Command): void {
  const group = program.command('mcp').description('tools for MCP clients')
  const command = group
    .command('config')
    .description("make a session for a user, and print what goes into an MCP client's settings")
    .option('--user <id>', 'whose connections its tools use')
    .option('--session <id>', 'a session that is there, instead of a new one')
    .option('--toolkits <slugs>', 'only these, separated by commas', splitList)
    .addOption(new Option('--client <client>', 'default: all of them').choices(Object.keys(SNIPPETS)))
    .option('--name <name>', 'what the client calls it', 'holdfast')
    .option('--show-key', 'write the API key itself, not where to get it')
    .action(printConfig)
  withServerOptions(command)
}

async function printConfig({ user, session: id, toolkits, client, name, showKey, ...flags }: ConfigFlags): Promise<void> {
  if ((user === undefined) === (id === undefined)) throw new UsageError('Give either --user or --session.')
  const holdfast = await connect(flags)
  const session =
    id === undefined ? await holdfast.create(user ?? '', toolkits ? { toolkits: [...toolkits] } : {}) : await holdfast.use(id)
  const apiKey = showKey ? (session.mcp.headers['x-api-key'] ?? null) : null
  const address = { name, url: session.mcp.url, apiKey }
  const clients = client ? [client] : (Object.keys(SNIPPETS) as McpClient[])
  const snippets = clients.map((one) => ({ client: one, ...SNIPPETS[one](address) }))
  if (flags.json) printJson({ url: session.mcp.url, snippets })
  // One alone is only the snippet, so that it can be sent into a file.
  else if (client) print(snippets[0]?.text ?? '')
  else print(snippets.map((one) => `# ${one.client}: ${one.where}\n${one.text}`).join('\n\n'))
}
