import { Holdfast } from '@holdfast/sdk'
import { type Command, InvalidArgumentError } from 'commander'
import { findAccess, type ServerOptions, withServerOptions } from '../connect.ts'
import { diagnose } from '../doctor.ts'
import { exitCodeOf, toJson, toText } from '../report.ts'

export function doctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('check that a server can be reached, is ready, and accepts your API key; say what to do where not')
    .option('--timeout <seconds>', 'longest wait for one answer', seconds, 10)
    .addHelpText(
      'after',
      '\nExit code: 0 all is well; 1 something is wrong with the server or the key; 2 wrong use; 3 no Holdfast server answers there.',
    )
    .action(doctor)
  withServerOptions(command)
}

async function doctor({ timeout, json, ...options }: ServerOptions & { timeout: number }): Promise<void> {
  const { apiKey, baseURL } = await findAccess(options)
  // The client insists on a key; without one, only the routes that need none are asked.
  const holdfast = new Holdfast({ apiKey: apiKey ?? 'none', baseURL })
  const diagnosis = await diagnose({ holdfast, hasKey: apiKey !== undefined, timeoutMs: timeout * 1000 })
  process.stdout.write(json ? toJson(diagnosis) : toText(diagnosis))
  process.exitCode = exitCodeOf(diagnosis)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 600)) throw new InvalidArgumentError('Give seconds, above 0 and up to 600.')
  return value
}
