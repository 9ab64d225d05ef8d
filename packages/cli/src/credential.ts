import type { AuthField, AuthSchemeType, Holdfast } from '@holdfast/sdk'
import { UsageError } from './api-key.ts'
import type { ServerOptions } from './connect.ts'
import { parseObject, readInput } from './input.ts'
import { ask, askHidden, isTerminal } from './prompt.ts'

export interface CredentialSource extends ServerOptions {
  /** A path, or `-` for stdin: a JSON object of fields, or the bare secret where the scheme asks for one field. */
  readonly file: string | undefined
  /** Field of the credential to the name of an environment variable. */
  readonly env?: Readonly<Record<string, string>>
}

export interface CredentialShape {
  readonly toolkit: string
  readonly scheme: AuthSchemeType
}

/** A credential from anywhere but an argument, which every user of the machine could read. */
export async function readCredential(
  holdfast: Holdfast,
  source: CredentialSource,
  { toolkit, scheme }: CredentialShape,
): Promise<Record<string, unknown>> {
  const fromEnv = Object.fromEntries(Object.entries(source.env ?? {}).map(([field, name]) => [field, readVariable(name)]))
  if (source.file !== undefined) {
    const text = (await readInput(source.file, source)).trim()
    return { ...(await parseCredential(text, () => fieldsOf(holdfast, toolkit, scheme))), ...fromEnv }
  }
  if (source.env !== undefined) return fromEnv
  if (!isTerminal()) throw new UsageError('Give the credential: a file, - for stdin, or --env field=VARIABLE.')
  return askFor(await fieldsOf(holdfast, toolkit, scheme))
}

const fieldsOf = (holdfast: Holdfast, toolkit: string, scheme: AuthSchemeType) =>
  holdfast.toolkits.getConnectedAccountInitiationFields(toolkit, scheme, { requiredOnly: true })

async function parseCredential(text: string, fields: () => Promise<AuthField[]>): Promise<Record<string, unknown>> {
  if (text === '') throw new UsageError('The credential is empty.')
  if (text.startsWith('{')) return parseObject(text, 'The credential')
  const [only, ...more] = await fields()
  if (only && more.length === 0) return { [only.name]: text }
  throw new UsageError('The credential must be a JSON object: this scheme has not exactly one field.')
}

function readVariable(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new UsageError(`The environment variable ${name} is not set.`)
}

async function askFor(fields: readonly AuthField[]): Promise<Record<string, unknown>> {
  const credential: Record<string, unknown> = {}
  for (const { name, displayName, isSecret } of fields) {
    const question = `${displayName || name}: `
    const value = isSecret === false ? await ask(question) : await askHidden(question)
    if (value !== '') credential[name] = value
  }
  return credential
}
