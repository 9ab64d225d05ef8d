import { Argument, type Command } from 'commander'
import { completionFor, SHELLS, type Shell } from '../completions.ts'
import { print } from '../print.ts'

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => print(completionFor(shell, program)))
}
