import { type FieldError, HoldfastError } from '../../errors.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { API_KEY_SUBSTITUTES } from '../toolkits/default-auth.ts'
import type { FieldDescriptor } from '../toolkits/definition.ts'
import { hasValue, normaliseFields } from '../toolkits/fields.ts'
import type { CredentialValues } from './credential.ts'
import { textsIn } from './secret-scrubber.ts'

/** Where the values of a connection stand in a request, for the paths in refusals. */
const VALUES_PATH = 'connection.state.val'

/** Far more than a key file or a handful of tokens; opened ones are kept in memory. */
const MAX_BYTES = 256 * 1024

/** Written by us, not handed over: it is no part of a credential. */
const NOT_CREDENTIAL = ['status']

const fieldsOf = (auth: ResolvedAuth): readonly FieldDescriptor[] => [...auth.connection_fields, ...auth.credential_fields]

/**
 * What an import brought, under the names that this toolkit knows, checked.
 * @throws HoldfastError `missing_credential_field` with one entry for each field that is missing or malformed
 */
export function acceptValues(auth: ResolvedAuth, given: CredentialValues): CredentialValues {
  assertNotMasked(auth, given, VALUES_PATH)
  return checkValues(auth, given)
}

/**
 * A part of a credential, checked as far as it goes: what is not there yet, the user will give.
 * @throws HoldfastError `invalid_request` with one entry for each field that is malformed
 */
export function acceptSomeValues(auth: ResolvedAuth, given: CredentialValues, path: string): CredentialValues {
  assertNotMasked(auth, given, path)
  const mentioned = fieldsOf(auth).filter(({ name, aliases = [] }) => [name, ...aliases].some((one) => Object.hasOwn(given, one)))
  const optional = mentioned.map(({ default: _preset, ...field }) => ({ ...field, required: false }))
  const { values, errors } = normaliseFields(optional, withoutStatus(given))
  if (errors.length > 0) throw malformed(errors, path)
  if (Buffer.byteLength(JSON.stringify(values)) > MAX_BYTES) throw tooLarge(path)
  return values
}

const malformed = (errors: readonly FieldError[], path: string) =>
  new HoldfastError('invalid_request', `${errors.map((error) => `${path}.${error.path} ${error.message}`).join('; ')}.`, {
    fields: errors.map((error) => ({ path: `${path}.${error.path}`, message: error.message })),
  })

const tooLarge = (path: string) =>
  new HoldfastError('invalid_request', `A credential may have ${MAX_BYTES} bytes in all.`, {
    fields: [{ path, message: `must not have more than ${MAX_BYTES} bytes` }],
  })

function checkValues(auth: ResolvedAuth, given: CredentialValues): CredentialValues {
  const { values, errors } = normaliseFields(fieldsOf(auth), withoutStatus(given))
  if (errors.length > 0)
    throw new HoldfastError(
      'missing_credential_field',
      `The credential is not complete: ${errors.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
      {
        fix: `${auth.scheme} takes ${describe(auth)}.`,
        fields: errors.map(({ path, message }) => ({ path: `${VALUES_PATH}.${path}`, message })),
      },
    )
  if (Buffer.byteLength(JSON.stringify(values)) > MAX_BYTES) throw tooLarge(VALUES_PATH)
  return values
}

/** Fields left out stay, null removes. */
export function mergeValues(before: CredentialValues, patch: CredentialValues = {}): CredentialValues {
  return Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null && value !== undefined))
}

/**
 * Fields left out stay, null removes. A field patched by another of its names is that field: `generic_api_key` replaces an
 * `api_key`, where keeping both would leave the old secret in use.
 */
export function mergePatch(auth: ResolvedAuth, before: CredentialValues, patch: CredentialValues): CredentialValues {
  assertNotMasked(auth, patch, VALUES_PATH)
  const named = Object.entries(withoutStatus(patch)).map(([name, value]) => [canonicalName(auth, name), value] as const)
  const given = Object.fromEntries(named)
  const kinds = kindsOfKey(auth)
  const replaced = kinds.some((name) => hasValue(given[name])) ? kinds : []
  const kept = Object.entries(before).filter(([name]) => !replaced.includes(name))
  return checkValues(auth, mergeValues(Object.fromEntries(kept), given))
}

/** An API key may come as the key itself, as a bearer token or as ready-made basic credentials: one secret, of which only one is sent. */
const kindsOfKey = ({ key_field: key, credential_fields: fields }: ResolvedAuth): readonly string[] =>
  key === undefined ? [] : [key, ...fields.filter((field) => API_KEY_SUBSTITUTES.includes(field)).map(({ name }) => name)]

function canonicalName(auth: ResolvedAuth, name: string): string {
  const fields = fieldsOf(auth)
  return (fields.find((field) => field.name === name) ?? fields.find((field) => field.aliases?.includes(name)))?.name ?? name
}

/** Unknown fields are kept and masked: who knows what they hold. Only what a toolkit declares as not secret is shown. */
const PUBLIC_VALUES = new Set([
  'token_type',
  'scope',
  'scopes',
  'expires_in',
  'expires_at',
  'username',
  'client_id',
  'application_id',
  'installation_id',
])
const SECRET_NAME = /token|secret|password|passwd|key|credential|encoded|assertion|signature|session/i

function secretNames(auth: ResolvedAuth | undefined): (name: string) => boolean {
  const declared = new Map(auth ? fieldsOf(auth).map((field) => [field.name, field.secret === true]) : [])
  return (name) => declared.get(name) ?? (!PUBLIC_VALUES.has(name) && (SECRET_NAME.test(name) || !declared.has(name)))
}

export function maskValues(auth: ResolvedAuth | undefined, values: CredentialValues): CredentialValues {
  const isSecret = secretNames(auth)
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isSecret(name) ? mask(value) : value]))
}

/** The first four characters, as the wire has it, and none of a secret so short that four would give it away. */
export function mask(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 8 ? `${value.slice(0, 4)}${CUT}` : CUT
  if (typeof value === 'number') return CUT
  if (Array.isArray(value)) return value.map(mask)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mask(inner)]))
  return value
}

const CUT = '...'
const isMasked = (text: string): boolean => text.endsWith(CUT) && (text.length === CUT.length || text.length === CUT.length + 4)

/**
 * A client that reads a connection, changes a field and sends all of it back must not replace each secret by what was shown of it.
 * @throws HoldfastError `invalid_request` naming the fields under `path`
 */
export function assertNotMasked(auth: ResolvedAuth | undefined, given: CredentialValues, path: string): void {
  const isSecret = secretNames(auth)
  const masked = Object.keys(given).filter((name) => isSecret(name) && textsIn(given[name]).some(isMasked))
  const [first] = masked
  if (first === undefined) return
  throw new HoldfastError('invalid_request', `${path}.${first} holds a secret as it is shown, cut short, and not the secret.`, {
    fix: 'Leave the field out to keep what is stored, or send the whole secret.',
    fields: masked.map((name) => ({ path: `${path}.${name}`, message: 'is a masked value' })),
  })
}

const withoutStatus = (values: CredentialValues): CredentialValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !NOT_CREDENTIAL.includes(name)))

const describe = (auth: ResolvedAuth): string =>
  fieldsOf(auth)
    .filter((field) => !field.hidden)
    .map((field) => (field.required ? field.name : `${field.name} (optional)`))
    .join(', ') || 'no fields'

/** The secret values: what a text must not hold that is shown or stored. */
export function secretsOf(auth: ResolvedAuth, values: CredentialValues): string[] {
  const masked = maskValues(auth, values)
  return Object.entries(values).flatMap(([name, value]) => (masked[name] === value ? [] : textsIn(value)))
}
