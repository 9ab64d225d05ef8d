import type { AuthScheme } from '../../domain/auth-schemes.ts'
import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { isFieldShown } from '../../domain/toolkits/field-visibility.ts'

/** What was typed, by the name of the field. */
export type FormValues = Readonly<Record<string, string>>

/** Kept apart from the form's own inputs, whatever a toolkit calls its fields. */
const PREFIX = 'field.'
export const inputNameOf = ({ name }: FieldDescriptor): string => `${PREFIX}${name}`

/** A password may begin or end with a space. Around anything else that people paste, spaces come from the copying. */
const PASSWORD_SCHEMES: readonly AuthScheme[] = ['BASIC', 'BASIC_WITH_JWT']

export const drawnFields = (fields: readonly FieldDescriptor[]): FieldDescriptor[] => fields.filter(({ hidden }) => !hidden)

/** The fields of the form, and nothing else that was sent; browsers send line breaks as CR LF. */
export function readFormValues(fields: readonly FieldDescriptor[], scheme: AuthScheme, form: URLSearchParams): FormValues {
  const values: Record<string, string> = Object.create(null)
  for (const field of drawnFields(fields)) {
    const sent = form.get(inputNameOf(field))
    if (sent === null) continue
    const text = field.multiline ? sent.replaceAll('\r\n', '\n') : sent
    values[field.name] = field.secret && PASSWORD_SCHEMES.includes(scheme) ? text : text.trim()
  }
  return values
}

/** Without what stands in fields that another field's value has hidden: the person does not see it, so it is not meant. */
export function givenValues(fields: readonly FieldDescriptor[], values: FormValues): FormValues {
  const given: Record<string, string> = {}
  for (const field of fields) {
    const value = values[field.name]
    if (value !== undefined && value !== '' && isFieldShown(field, (name) => values[name])) given[field.name] = value
  }
  return given
}
