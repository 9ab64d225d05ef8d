import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { UsageError } from './api-key.ts'

/** A file, or stdin for `-`. */
export async function readInput(file: string, { apiKeyFile }: { readonly apiKeyFile?: string } = {}): Promise<string> {
  if (file === '-') {
    if (apiKeyFile === '-') throw new UsageError('stdin cannot be both the API key and the input: put one into a file.')
    return text(process.stdin)
  }
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
}

/** What is wrong is not quoted: it may hold a secret. */
export function parseObject(source: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    throw new UsageError(`${what} is not JSON.`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new UsageError(`${what} must be a JSON object.`)
}

/** For options that are given once for each pair: `--map a=b --map c=d`. */
export function collectPair(pair: string, pairs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = pair.indexOf('=')
  if (at < 1 || at === pair.length - 1) throw new InvalidArgumentError('Give name=value.')
  return { ...pairs, [pair.slice(0, at)]: pair.slice(at + 1) }
}

export const collect = (value: string, values: readonly string[] = []): string[] => [...values, value]

export const splitList = (value: string): string[] => value.split(',').map((one) => one.trim())

export function wholeNumber(value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number above 0.')
  return number
}
