import type { FieldDescriptor } from './definition.ts'

/**
 * Whether a field matters, given what the others have: one that is not shown is not asked for, so it cannot be missing.
 * `valueNamed` answers with the value of the named field, its default included.
 */
export function isFieldShown({ visible_when: condition }: FieldDescriptor, valueNamed: (name: string) => unknown): boolean {
  if (!condition) return true
  const value = valueNamed(condition.field)
  return value !== undefined && value !== null && condition.in.includes(String(value))
}

/**
 * Which of these fields still have to be asked for, once others have their values: a condition on a value that is `known`
 * holds for good or not at all. Conditions among the fields themselves stay.
 */
export function settleConditions(
  fields: readonly FieldDescriptor[],
  known: Readonly<Record<string, unknown>>,
): FieldDescriptor[] {
  return fields.flatMap((field) => {
    const { visible_when: condition, ...unconditional } = field
    if (!condition || fields.some(({ name }) => name === condition.field)) return [field]
    return isFieldShown(field, (name) => known[name]) ? [unconditional] : []
  })
}
