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
