import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

/** The command was called in a way that cannot work; `message` says what to do. Exit code 2. */
export class UsageError extends Error {}

export interface KeySource {
  /** A path, or `-` for stdin. */
  readonly file?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array | string>
}

/** Never from an argument: those are seen by every user of the machine and stay in the shell's history. */
export async function readApiKey({ file, env, stdin }: KeySource): Promise<string | undefined> {
  if (file === undefined) return env['HOLDFAST_API_KEY']?.trim() || undefined
  const key = (file === '-' ? await text(stdin) : readKeyFile(file)).trim()
  if (key === '') throw new UsageError(`${file === '-' ? 'stdin' : file} is empty: it should hold an API key.`)
  return key
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`)
  }
}
