import { readFileSync } from 'node:fs'
import { Holdfast, HoldfastValidationError } from '@holdfast/sdk'
import { Command, InvalidArgumentError } from 'commander'
import { readApiKey, UsageError } from './api-key.ts'
import { diagnose } from './doctor.ts'
import { exitCodeOf, toJson, toText } from './report.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const WRONG_USE = 2

interface DoctorOptions {
  readonly baseUrl?: string
  readonly apiKeyFile?: string
  readonly timeout: number
  readonly json?: true
}

async function doctor({ baseUrl, apiKeyFile, timeout, json }: DoctorOptions): Promise<void> {
  const apiKey = await readApiKey({ file: apiKeyFile, env: process.env, stdin: process.stdin })
  // The client insists on a key; without one, only the routes that need none are asked.
  const holdfast = new Holdfast({ apiKey: apiKey ?? 'none', baseURL: baseUrl })
  const diagnosis = await diagnose({ holdfast, hasKey: apiKey !== undefined, timeoutMs: timeout * 1000 })
  process.stdout.write(json ? toJson(diagnosis) : toText(diagnosis))
  process.exitCode = exitCodeOf(diagnosis)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 600)) throw new InvalidArgumentError('Give seconds, above 0 and up to 600.')
  return value
}

/** Commander repeats what it did not understand, and that may be a key that somebody passed as an argument. */
const withoutKeys = (text: string) => text.replace(/hf_[\w-]+/g, 'hf_[not shown]')

const program = new Command('holdfast')
  .description('The command-line client of a Holdfast server.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(withoutKeys(text)) })
program
  .command('doctor')
  .description('check that a server can be reached, is ready, and accepts your API key; say what to do where not')
  .option('--base-url <url>', 'where the server is (default: HOLDFAST_BASE_URL, else http://localhost:9900)')
  .option('--api-key-file <path>', 'read the API key from this file, or from stdin if it is - (default: HOLDFAST_API_KEY)')
  .option('--timeout <seconds>', 'longest wait for one answer', seconds, 10)
  .option('--json', 'print one JSON object')
  .addHelpText(
    'after',
    '\nExit code: 0 all is well; 1 something is wrong with the server or the key; 2 wrong use; 3 no Holdfast server answers there.',
  )
  .action(doctor)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = explain(error)
}

function explain(error: unknown): number {
  if (error instanceof UsageError || error instanceof HoldfastValidationError) {
    console.error(`holdfast: ${withoutKeys(error.message)}`)
    return WRONG_USE
  }
  const { code, exitCode } = error as { code?: unknown; exitCode?: unknown }
  // Commander has said already what is wrong, or printed what was asked for.
  if (typeof code === 'string' && code.startsWith('commander.')) return exitCode === 0 ? 0 : WRONG_USE
  throw error
}
