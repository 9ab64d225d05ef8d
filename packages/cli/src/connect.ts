import { Holdfast } from '@holdfast/sdk'
import type { Command } from 'commander'
import { readApiKey, UsageError } from './api-key.ts'
import { readSettings } from './settings.ts'

export interface ServerOptions {
  readonly baseUrl?: string
  readonly apiKeyFile?: string
  readonly json?: true
}

/** A server that restarts, and a line that is gone for a moment, end no command. */
const MAX_RETRIES = 6

export const withServerOptions = (command: Command): Command =>
  command
    .option('--base-url <url>', 'where the server is (default: HOLDFAST_BASE_URL, else as logged in, else http://localhost:9900)')
    .option(
      '--api-key-file <path>',
      'read the API key from this file, or from stdin if it is - (default: HOLDFAST_API_KEY, else as logged in)',
    )
    .option('--json', 'print JSON')

export interface Access {
  readonly baseURL: string | undefined
  readonly apiKey: string | undefined
}

/** The stored key is for the stored server: any other address never gets it. */
export async function findAccess({ baseUrl, apiKeyFile }: ServerOptions): Promise<Access> {
  const { env, stdin } = process
  const given = await readApiKey({ file: apiKeyFile, env, stdin })
  const address = baseUrl ?? (env['HOLDFAST_BASE_URL'] || undefined)
  if (given !== undefined && address !== undefined) return { baseURL: address, apiKey: given }
  const stored = readSettings(env)
  const isStored = stored !== undefined && (address === undefined || addressOf(address) === stored.baseUrl)
  return { baseURL: address ?? stored?.baseUrl, apiKey: given ?? (isStored ? stored.apiKey : undefined) }
}

/** As the SDK writes an address, so that two spellings of one are equal. */
export const addressOf = (baseURL: string | undefined): string => new Holdfast({ apiKey: 'none', baseURL }).baseURL

export async function connect(options: ServerOptions): Promise<Holdfast> {
  const { baseURL, apiKey } = await findAccess(options)
  if (apiKey === undefined)
    throw new UsageError('No API key: run `holdfast login`, set HOLDFAST_API_KEY, or give --api-key-file.')
  return new Holdfast({ apiKey, baseURL, maxRetries: MAX_RETRIES })
}
