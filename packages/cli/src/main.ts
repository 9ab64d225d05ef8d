import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { authConfigsCommand } from './commands/auth-configs.command.ts'
import { completionCommand } from './commands/completion.command.ts'
import { connectionsCommand } from './commands/connections.command.ts'
import { doctorCommand } from './commands/doctor.command.ts'
import { executeCommand } from './commands/execute.command.ts'
import { importCommand } from './commands/import.command.ts'
import { importsCommand } from './commands/imports.command.ts'
import { loginCommand } from './commands/login.command.ts'
import { mcpCommand } from './commands/mcp.command.ts'
import { proxyCommand } from './commands/proxy.command.ts'
import { toolkitsCommand } from './commands/toolkits.command.ts'
import { explain, withoutKeys } from './explain.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const COMMANDS = [
  loginCommand,
  doctorCommand,
  toolkitsCommand,
  authConfigsCommand,
  connectionsCommand,
  importCommand,
  importsCommand,
  executeCommand,
  proxyCommand,
  mcpCommand,
  completionCommand,
]

const program = new Command('holdfast')
  .description('The command-line client of a Holdfast server.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(withoutKeys(text)) })
  .addHelpText(
    'after',
    '\nExit codes: 0 all is well; 1 it failed; 2 wrong use; 3 some rows failed (import), no server there (doctor); 130 Ctrl-C.\n' +
      'Secrets are never arguments: they come from a file, stdin, the environment or a prompt.',
  )

for (const add of COMMANDS) add(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(error)
}
