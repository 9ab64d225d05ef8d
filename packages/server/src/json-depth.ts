/** Whether anything in a parsed JSON lies deeper than so many levels. Readers and writers of JSON call themselves for each one. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const inner of Array.isArray(value) ? value : Object.values(value)) if (isDeeperThan(inner, levels - 1)) return true
  return false
}
