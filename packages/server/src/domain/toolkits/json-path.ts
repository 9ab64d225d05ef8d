/** The value at a dotted path (`data.items.0.id`), own properties only; undefined when the way there is not. */
export function readPath(value: unknown, path: string): unknown {
  let here = value
  for (const step of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<string, unknown>)[step]
  }
  return here
}

type Container = Record<string, unknown> | unknown[]

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null
const isPlain = (value: unknown): value is Record<string, unknown> => isContainer(value) && !Array.isArray(value)
const put = (target: Container, step: string, value: unknown): void => {
  // Defined, not assigned: a step named __proto__ becomes a property like any other.
  Object.defineProperty(target, step, { value, writable: true, enumerable: true, configurable: true })
}

/** Objects meet, everything else is replaced by the later value. */
function merged(before: unknown, value: unknown): unknown {
  if (!isPlain(before) || !isPlain(value)) return value
  const result = { ...before }
  for (const [key, inner] of Object.entries(value))
    put(result, key, merged(Object.hasOwn(before, key) ? before[key] : undefined, inner))
  return result
}

/** Puts a value at a dotted path, making what is missing on the way: a list where the next step is a number. Objects are merged. */
export function writePath(target: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.')
  let here: Container = target
  for (const [index, step] of steps.entries()) {
    const current: unknown = Object.hasOwn(here, step) ? (here as Record<string, unknown>)[step] : undefined
    if (index === steps.length - 1) {
      put(here, step, merged(current, value))
      return
    }
    const next: Container = isContainer(current) ? current : /^\d+$/.test(steps[index + 1] ?? '') ? [] : {}
    put(here, step, next)
    here = next
  }
}
