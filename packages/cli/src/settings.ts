import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from './api-key.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** What `holdfast login` leaves for the commands after it. */
export interface Settings {
  readonly baseUrl: string
  readonly apiKey: string
}

export const settingsPath = (env: Env): string =>
  join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'holdfast', 'config.json')

export function readSettings(env: Env): Settings | undefined {
  const path = settingsPath(env)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UsageError(`${path} cannot be read (${code ?? 'unknown reason'}).`)
  }
  const { base_url: baseUrl, api_key: apiKey } = parse(text)
  if (typeof baseUrl === 'string' && typeof apiKey === 'string') return { baseUrl, apiKey }
  throw new UsageError(`${path} is not what \`holdfast login\` writes: log in again, or remove it.`)
}

function parse(text: string): { base_url?: unknown; api_key?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {}
  } catch {
    return {}
  }
}

/** Never there half written, and never readable by anyone else. */
export function writeSettings(env: Env, { baseUrl, apiKey }: Settings): string {
  const path = settingsPath(env)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const next = `${path}.${process.pid}`
  writeFileSync(next, `${JSON.stringify({ base_url: baseUrl, api_key: apiKey }, null, 2)}\n`, { mode: 0o600 })
  chmodSync(next, 0o600)
  renameSync(next, path)
  return path
}
