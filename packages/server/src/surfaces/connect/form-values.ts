import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import { isFieldShown } from '../../domain/toolkits/field-visibility.ts'

/** What was typed, by the name of the field. */
export type FormValues = Readonly<Record<string, string>>

/** Kept apart from the form's own inputs, whatever a toolkit calls its fields. */
const PREFIX = 'field.'
export const inputNameOf = ({ name }: FieldDescriptor): string => `${PREFIX}${name}`

export const drawnFields = (fields: readonly FieldDescriptor[]): FieldDescriptor[] => fields.filter(({ hidden }) => !hidden)

/** As typed; browsers send line breaks as CR LF. Nothing but the fields of the form counts. */
export function readFormValues(fields: readonly FieldDescriptor[], form: URLSearchParams): FormValues {
  const values: Record<string, string> = Object.create(null)
  for (const field of drawnFields(fields)) {
    const sent = form.get(inputNameOf(field))
    if (sent !== null) values[field.name] = field.multiline ? sent.replaceAll('\r\n', '\n') : sent
  }
  return values
}

/** Without what stands in fields that another field's value has hidden: the person does not see it, so it is not meant. */
export function givenValues(fields: readonly FieldDescriptor[], values: FormValues): FormValues {
  const given: Record<string, string> = {}
  for (const field of fields) {
    const value = values[field.name]
    const isAsked = !conditionOf(field, fields) || isFieldShown(field, (name) => values[name])
    if (value !== undefined && value !== '' && isAsked) given[field.name] = value
  }
  return given
}

/** The field of the same form that decides whether this one is asked for. If there is none, the app has decided already. */
export const conditionOf = ({ visible_when: condition }: FieldDescriptor, fields: readonly FieldDescriptor[]) =>
  condition && drawnFields(fields).find(({ name }) => name === condition.field)
