import type { HoldfastError } from '../../errors.ts'
import { AUTH_SCHEMES, type AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues, RefreshOwner } from '../credentials/credential.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { hasValue } from '../toolkits/fields.ts'
import type { ImportOptions } from './import-job.ts'
import type { RawRecord, RowProblem } from './records.ts'

/** A record by its meaning; nothing of it is checked against a toolkit yet. */
export interface ImportRow {
  readonly row: number
  readonly userId: string
  readonly authConfigId?: string
  readonly toolkit?: string
  readonly scheme?: AuthScheme
  readonly alias?: string
  readonly externalId?: string
  /** Of the connection that a rotation is for. */
  readonly accountId?: string
  /** Who refreshes the grant from now on. */
  readonly refreshOwner?: RefreshOwner
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Fields that came as the credential, whole: they are kept as an import of one connection keeps them. */
  readonly credential: CredentialValues
  /** Everything else: which of it belongs to the credential, the scheme says. */
  readonly others: Readonly<Record<string, unknown>>
}

/** Ours, and the names under which the same thing often comes. */
const NAMES: Readonly<Record<string, string>> = {
  user_id: 'user_id',
  auth_config_id: 'auth_config_id',
  toolkit: 'toolkit',
  toolkit_slug: 'toolkit',
  scheme: 'scheme',
  auth_scheme: 'scheme',
  alias: 'alias',
  external_id: 'external_id',
  connected_account_id: 'connected_account_id',
  refresh_owner: 'refresh_owner',
  metadata: 'metadata',
  credentials: 'credentials',
  val: 'credentials',
}
const PREFIXES = [
  ['credentials.', 'credential'],
  ['val.', 'credential'],
  ['metadata.', 'metadata'],
] as const

/** The wire bounds them alike. */
const MAX_ID_CHARACTERS = 512
const MAX_METADATA_BYTES = 16 * 1024

class Unacceptable extends Error {
  readonly problem: RowProblem
  constructor(problem: RowProblem) {
    super(problem.message)
    this.problem = problem
  }
}

/** @returns the row, or what is wrong with it; no message repeats a value. */
export function readRow({ row, values = {} }: RawRecord, options: Pick<ImportOptions, 'map'>): ImportRow | RowProblem {
  try {
    return toRow(row, options.map ? renamed(values, options.map) : values)
  } catch (error) {
    if (error instanceof Unacceptable) return error.problem
    throw error
  }
}

export const isProblem = (row: ImportRow | RowProblem): row is RowProblem => 'code' in row

const renamed = (values: Readonly<Record<string, unknown>>, map: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(map).flatMap(([ours, theirs]) => (Object.hasOwn(values, theirs) ? [[ours, values[theirs]]] : [])),
  )

function toRow(row: number, values: Readonly<Record<string, unknown>>): ImportRow {
  const named: Record<string, unknown> = {}
  const parts: Record<'credential' | 'metadata', Record<string, unknown>> = { credential: {}, metadata: {} }
  const others: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (!hasValue(value)) continue
    const own = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
    const prefix = PREFIXES.find(([start]) => name.startsWith(start))
    if (own) named[own] = value
    else if (prefix) parts[prefix[1]][name.slice(prefix[0].length)] = value
    else others[name] = value
  }
  const userId = text(named, 'user_id')
  if (userId === undefined)
    throw new Unacceptable({
      code: 'missing_field',
      message: 'user_id is missing.',
      fix: 'Give each row the id that the app has for its user.',
      field: 'user_id',
    })
  const authConfigId = idOf(named, 'auth_config_id', 'ac_')
  const toolkit = text(named, 'toolkit')?.toLowerCase()
  const scheme = schemeOf(text(named, 'scheme'))
  const alias = text(named, 'alias')
  const externalId = text(named, 'external_id')
  const accountId = idOf(named, 'connected_account_id', 'ca_')
  const refreshOwner = refreshOwnerOf(text(named, 'refresh_owner'))
  const metadata = { ...object(named, 'metadata'), ...parts.metadata }
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    throw new Unacceptable({
      code: 'invalid_field',
      message: `metadata is larger than ${MAX_METADATA_BYTES} bytes.`,
      field: 'metadata',
    })
  return {
    row,
    userId,
    ...(authConfigId !== undefined && { authConfigId }),
    ...(toolkit !== undefined && { toolkit }),
    ...(scheme !== undefined && { scheme }),
    ...(alias !== undefined && { alias }),
    ...(externalId !== undefined && { externalId }),
    ...(accountId !== undefined && { accountId }),
    ...(refreshOwner !== undefined && { refreshOwner }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    credential: { ...object(named, 'credentials'), ...parts.credential },
    others,
  }
}

function text(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = values[name]
  if (value === undefined) return undefined
  const asText = typeof value === 'number' ? String(value) : value
  if (typeof asText !== 'string') throw new Unacceptable({ code: 'invalid_field', message: `${name} is not text.`, field: name })
  if (asText.length > MAX_ID_CHARACTERS || asText.includes('\0') || !asText.isWellFormed())
    throw new Unacceptable({
      code: 'invalid_field',
      message: `${name} is longer than ${MAX_ID_CHARACTERS} characters or holds broken ones.`,
      field: name,
    })
  return asText
}

/** Where the columns have slipped, what stands here may be a secret: only what has the form of an id is looked for, and named. */
function idOf(values: Readonly<Record<string, unknown>>, name: string, prefix: string): string | undefined {
  const id = text(values, name)
  if (id === undefined || (id.startsWith(prefix) && /^[\w-]{1,64}$/.test(id))) return id
  throw new Unacceptable({ code: 'invalid_field', message: `${name} is not an id: those begin with ${prefix}.`, field: name })
}

/** In a CSV file an object stands as JSON text. */
function object(values: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = typeof values[name] === 'string' ? parseJson(values[name]) : values[name]
  if (value === undefined && values[name] === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unacceptable({ code: 'invalid_field', message: `${name} is not a JSON object.`, field: name })
  return value as Readonly<Record<string, unknown>>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function schemeOf(name: string | undefined): AuthScheme | undefined {
  if (name === undefined) return undefined
  const scheme = AUTH_SCHEMES.find((known) => known === name.toUpperCase())
  if (!scheme)
    throw new Unacceptable({
      code: 'invalid_field',
      message: 'scheme is not one that there is.',
      fix: `Use one of ${AUTH_SCHEMES.join(', ')}.`,
      field: 'scheme',
    })
  return scheme
}

function refreshOwnerOf(name: string | undefined): RefreshOwner | undefined {
  if (name === undefined || name === 'app' || name === 'holdfast') return name
  throw new Unacceptable({ code: 'invalid_field', message: 'refresh_owner is neither app nor holdfast.', field: 'refresh_owner' })
}

/** Of a grant, whatever else its toolkit declares (RFC 6749 §5.1, and what apps store beside it). */
const GRANT_FIELDS = new Set([
  'access_token',
  'refresh_token',
  'expires_in',
  'expires_at',
  'scope',
  'token_type',
  'id_token',
  'client_id',
  'client_secret',
  'oauth_token',
  'oauth_token_secret',
  'authed_user',
])

/** The credential of a row under this scheme, and the names that are none of it. */
export function credentialOf(
  auth: ResolvedAuth,
  { credential, others }: ImportRow,
): { values: CredentialValues; ignored: string[] } {
  const known = new Set(
    [...auth.connection_fields, ...auth.credential_fields].flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  )
  const taken: Record<string, unknown> = {}
  const ignored: string[] = []
  for (const [name, value] of Object.entries(others))
    if (known.has(name) || GRANT_FIELDS.has(name)) taken[name] = value
    else ignored.push(name)
  return { values: { ...taken, ...credential }, ignored }
}

/** Where the fields of an import of one connection stand; a row has them at its top. */
const VALUES_PATH = /^connection\.state\.val\./

export function problemOf(error: HoldfastError): RowProblem {
  const [field] = error.fields
  return {
    code: error.code,
    message: error.message.replaceAll('connection.state.val.', ''),
    ...(error.fix !== undefined && { fix: error.fix }),
    ...(field && { field: field.path.replace(VALUES_PATH, '') }),
  }
}
