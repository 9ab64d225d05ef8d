import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** To be raised when a file is read in another way than before. */
const FORMAT = 1

/**
 * What toolkit files hold, by the hash of their text, and what was found to have the right shape: reading YAML and compiling
 * schemas is most of a start. Nothing in it can be out of date, so it may be lost, copied or written by several servers.
 */
export interface ParsedFiles {
  readonly parse: (file: string, text: string) => YamlFile
  /** The faults that `check` finds; it is not asked about a value in which it found none before. */
  readonly checkOnce: <Fault>(kind: string, value: unknown, check: () => readonly Fault[]) => readonly Fault[]
  /** Keeps what was used since it was opened, if that is not what the file holds already. */
  readonly save: () => void
}

interface Stored {
  readonly format: string
  readonly values: Readonly<Record<string, unknown>>
  readonly good: readonly string[]
}

const hashOf = (...parts: readonly string[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('base64url')
}

/** `rules` are what values are checked by: with others, nothing is known to be good. */
export function openParsedFiles(path: string, rules: string): ParsedFiles {
  const format = hashOf(String(FORMAT), rules)
  const stored = read(path, format)
  const storedGood = new Set(stored.good)
  const values: Record<string, unknown> = {}
  const good = new Set<string>()
  let changed = false

  const parse = (file: string, text: string): YamlFile => {
    const hash = hashOf(text)
    if (Object.hasOwn(stored.values, hash)) {
      const value = stored.values[hash]
      values[hash] = value
      return { value, problems: [], locate: (at) => parseYamlFile(file, text).locate(at) }
    }
    const yaml = parseYamlFile(file, text)
    if (yaml.problems.length === 0 && isJson(yaml.value)) {
      values[hash] = yaml.value
      changed = true
    }
    return yaml
  }

  return {
    parse,
    checkOnce: (kind, value, check) => {
      const hash = hashOf(kind, JSON.stringify(value) ?? '')
      const isKnown = storedGood.has(hash)
      const faults = isKnown ? [] : check()
      if (faults.length === 0) good.add(hash)
      changed ||= !isKnown
      return faults
    },
    save: () => {
      const isSame = Object.keys(values).length === Object.keys(stored.values).length && good.size === storedGood.size
      if (changed || !isSame) write(path, { format, values, good: [...good] })
    },
  }
}

/** YAML knows infinities and others that would come back as something else. */
const isJson = (value: unknown): boolean => {
  const text = JSON.stringify(value)
  return text !== undefined && isDeepStrictEqual(JSON.parse(text), value)
}

function read(path: string, format: string): Stored {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Partial<Stored>
    if (stored.format === format && stored.values && Array.isArray(stored.good))
      return { format, values: stored.values, good: stored.good }
  } catch {
    // Not there yet, or half a file of somebody else: all is read again.
  }
  return { format, values: {}, good: [] }
}

/** In one step, so that nobody reads half of it. A place that cannot be written to only makes the next start slower. */
function write(path: string, stored: Stored): void {
  const folder = dirname(path)
  try {
    if (!existsSync(dirname(dirname(folder)))) return
    mkdirSync(folder, { recursive: true })
    const draft = join(folder, `.toolkits-${process.pid}-${Date.now()}`)
    writeFileSync(draft, JSON.stringify(stored))
    renameSync(draft, path)
  } catch {
    // See above.
  }
}
