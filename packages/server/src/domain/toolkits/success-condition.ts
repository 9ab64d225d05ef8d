import type { SuccessCondition } from './definition.ts'
import { readPath } from './json-path.ts'

/** Null counts as nothing there. */
export function conditionHolds(condition: SuccessCondition, answer: unknown): boolean {
  const found = readPath(answer, condition.path)
  if (condition.equals !== undefined) return found === condition.equals
  return (found !== undefined && found !== null) === (condition.exists ?? true)
}
