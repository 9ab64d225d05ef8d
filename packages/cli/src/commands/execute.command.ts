import type { Command } from 'commander'
import { UsageError } from '../api-key.ts'
import { connect, type ServerOptions, withServerOptions } from '../connect.ts'
import { FAILED } from '../exit-codes.ts'
import { parseObject, readInput } from '../input.ts'
import { clean, printJson } from '../print.ts'

interface ExecuteFlags extends ServerOptions {
  readonly user?: string
  readonly connection?: string
}

export function executeCommand(program: Command): void {
  const command = program
    .command('execute')
    .description("run a tool with a user's connection; prints its data, or with --json the whole answer")
    .argument('<tool>', 'its slug')
    .argument('[arguments]', 'a JSON object, @file, or - for stdin')
    .option('--user <id>', 'whose connection')
    .option('--connection <id>', 'or exactly this one')
    .action(execute)
  withServerOptions(command)
}

async function execute(tool: string, given: string | undefined, { user, connection, ...flags }: ExecuteFlags): Promise<void> {
  if (user === undefined && connection === undefined) throw new UsageError('Give --user or --connection.')
  const holdfast = await connect(flags)
  const parameters = given === undefined ? {} : parseObject(await readArguments(given, flags), 'The arguments')
  const result = await holdfast.tools.execute(tool, { userId: user, connectedAccountId: connection, arguments: parameters })
  printJson(flags.json ? result : result.data)
  if (result.successful) return
  process.exitCode = FAILED
  console.error(`holdfast: ${tool} failed: ${clean(result.error)}`)
}

const readArguments = async (given: string, flags: ServerOptions) => {
  if (given === '-') return readInput('-', flags)
  return given.startsWith('@') ? readInput(given.slice(1), flags) : given
}
