import { type FieldError, HoldfastError } from '../../errors.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import type { FieldDescriptor } from '../toolkits/definition.ts'
import { hasValue, normaliseFields } from '../toolkits/fields.ts'
import type { Connecting } from './connecting.ts'
import { fieldsToAsk } from './open-link.ts'

const MAX_BYTES = 256 * 1024

/**
 * What a person typed, checked. Only what was asked for counts: a page cannot change what the app has set.
 * @throws HoldfastError `missing_credential_field` whose `fields` name each input at fault by its field
 */
export function acceptTyped(connecting: Connecting, given: Readonly<Record<string, unknown>>): CredentialValues {
  const asked = fieldsToAsk(connecting)
  const known = { ...connecting.shared, ...connecting.stored }
  const typed = Object.fromEntries(
    asked.flatMap(({ name }) => (Object.hasOwn(given, name) && hasValue(given[name]) ? [[name, trimmed(given[name])]] : [])),
  )
  const { values, errors } = normaliseFields(
    asked.map((field) => ({ ...field, required: isNeeded(field, known) })),
    typed,
  )
  if (errors.length > 0) throw refusal(errors)
  if (Buffer.byteLength(JSON.stringify(values)) > MAX_BYTES)
    throw refusal([{ path: asked[0]?.name ?? '', message: `must not have more than ${MAX_BYTES} bytes in all` }])
  return values
}

const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value)

const isNeeded = ({ required = false, required_unless: unless = [] }: FieldDescriptor, known: CredentialValues): boolean =>
  required && !unless.some((name) => hasValue(known[name]))

const refusal = (fields: readonly FieldError[]) =>
  new HoldfastError('missing_credential_field', `${fields.map(({ path, message }) => `${path} ${message}`).join('; ')}.`, {
    fix: 'Correct these fields and try again.',
    fields,
  })
