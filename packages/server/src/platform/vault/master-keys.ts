import { createHash, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HoldfastError } from '../../errors.ts'
import type { SealingKey } from './envelope.ts'

/** Where the keys that wrap data keys come from. The first one wraps; all of them unwrap. */
export interface MasterKeys {
  read(): readonly SealingKey[]
  /** Puts a new key in front and keeps the others. Only where Holdfast holds the keys itself; else undefined. */
  readonly prepend?: () => SealingKey
  /** Forgets all keys but the first. */
  readonly dropOld?: () => void
}

/** Keys that the operator gives: `HOLDFAST_MASTER_KEY`, and while rotating `HOLDFAST_MASTER_KEY_PREVIOUS`. */
export const givenMasterKeys = (keys: readonly Buffer[]): MasterKeys => {
  const read = keys.map(toMasterKey)
  return { read: () => read }
}

/** Keys that Holdfast makes: `master-key` in the data directory, one base64 line each, readable by its owner only. */
export function storedMasterKeys(dataDir: string): MasterKeys {
  const file = join(dataDir, 'master-key')
  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const write = (keys: readonly string[]) => {
    const next = `${file}.next`
    writeFileSync(next, `${keys.join('\n')}\n`, { mode: 0o600, flush: true })
    renameSync(next, file)
  }
  const newLine = () => randomBytes(32).toString('base64')
  return {
    read() {
      if (!existsSync(file)) {
        mkdirSync(dataDir, { recursive: true, mode: 0o700 })
        write([newLine()])
      }
      return lines().map((line) => {
        const key = Buffer.from(line, 'base64')
        if (key.length !== 32) throw invalidFile(file)
        return toMasterKey(key)
      })
    },
    prepend() {
      const line = newLine()
      write([line, ...lines()])
      return toMasterKey(Buffer.from(line, 'base64'))
    },
    dropOld: () => write(lines().slice(0, 1)),
  }
}

/** The id is derived from the key one way, so it may stand in the database and in messages. */
function toMasterKey(key: Buffer): SealingKey {
  const fingerprint = hkdfSync('sha256', key, '', 'holdfast master key id', 32)
  return { id: createHash('sha256').update(Buffer.from(fingerprint)).digest('hex').slice(0, 16), key: createSecretKey(key) }
}

const invalidFile = (file: string) =>
  new HoldfastError('invalid_configuration', `${file} does not hold master keys (32 bytes in base64, one a line).`, {
    fix: 'Restore the file from a backup: without the key that it held, the stored credentials cannot be opened.',
  })
