/** Whether anything in a parsed JSON lies deeper than so many levels. Readers and writers of JSON call themselves for each one. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  return isBranch(value) && reachesDeeperThan(value, levels)
}

type Branch = readonly unknown[] | Readonly<Record<string, unknown>>

const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null

/** Leaves are most of a JSON: they cost no call, and the branches no list of their values. */
function reachesDeeperThan(branch: Branch, levels: number): boolean {
  if (levels === 0) return true
  if (Array.isArray(branch)) {
    for (const inner of branch as readonly unknown[]) if (isBranch(inner) && reachesDeeperThan(inner, levels - 1)) return true
    return false
  }
  const fields = branch as Readonly<Record<string, unknown>>
  for (const name in fields) {
    const inner = fields[name]
    if (isBranch(inner) && reachesDeeperThan(inner, levels - 1)) return true
  }
  return false
}
