import { Holdfast, HoldfastAuthenticationError } from '@holdfast/sdk'
import type { Command } from 'commander'
import { readApiKey, UsageError } from '../api-key.ts'
import { addressOf, type ServerOptions, withServerOptions } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { askHidden, isTerminal } from '../prompt.ts'
import { writeSettings } from '../settings.ts'

export function loginCommand(program: Command): void {
  const command = program
    .command('login')
    .description(
      'keep address and API key for the commands after it; the key is asked for, or comes from stdin or the environment',
    )
    .action(login)
  withServerOptions(command)
}

async function login({ baseUrl, apiKeyFile, json }: ServerOptions): Promise<void> {
  const { env } = process
  const address = addressOf(baseUrl ?? (env['HOLDFAST_BASE_URL'] || undefined))
  const apiKey = await findKey(apiKeyFile, address)
  if (!apiKey) throw new UsageError('No API key was given.')
  try {
    await new Holdfast({ apiKey, baseURL: address }).toolkits.list({ limit: 1 })
  } catch (error) {
    if (!(error instanceof HoldfastAuthenticationError)) throw error
    throw new UsageError(`${address} refuses this key; nothing was stored.`)
  }
  const path = writeSettings(env, { baseUrl: address, apiKey })
  if (json) printJson({ baseUrl: address, path })
  else print(`Logged in to ${address}. The key is in ${path}, which only you can read.`)
}

async function findKey(file: string | undefined, address: string): Promise<string | undefined> {
  const { env, stdin } = process
  const given = await readApiKey({ file, env, stdin })
  if (given !== undefined) return given
  return isTerminal() ? askHidden(`API key for ${address}: `) : readApiKey({ file: '-', env, stdin })
}
