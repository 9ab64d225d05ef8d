import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'

/**
 * Sealed bytes: format (1) · key id (8) · nonce (12) · ciphertext · tag (16). AES-256-GCM; the header and the caller's context
 * are authenticated with it, so a row copied onto another account, another project or another version does not open.
 */
const FORMAT = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + KEY_ID_BYTES
const OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES

export interface SealingKey {
  /** 16 hex characters. */
  readonly id: string
  readonly key: KeyObject
}

export const newSealingKey = (): SealingKey => ({
  id: randomBytes(KEY_ID_BYTES).toString('hex'),
  key: createSecretKey(randomBytes(32)),
})

export function seal(sealingKey: SealingKey, plaintext: Uint8Array, context: string): Buffer {
  const header = Buffer.concat([Buffer.of(FORMAT), Buffer.from(sealingKey.id, 'hex')])
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', sealingKey.key, nonce)
  cipher.setAAD(Buffer.concat([header, Buffer.from(context)]))
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** @throws HoldfastError `credential_unreadable` when a bit, the key or the context is not the one it was sealed with. */
export function open(sealingKey: SealingKey, sealed: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length < OVERHEAD_BYTES || bytes[0] !== FORMAT || keyIdOf(bytes) !== sealingKey.id) throw unreadable()
  const header = bytes.subarray(0, HEADER_BYTES)
  const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', sealingKey.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.concat([header, Buffer.from(context)]))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** The id of the key that sealed these bytes. */
export const keyIdOf = (sealed: Uint8Array): string =>
  Buffer.from(sealed.buffer, sealed.byteOffset + 1, Math.min(KEY_ID_BYTES, Math.max(0, sealed.byteLength - 1))).toString('hex')

const unreadable = (cause?: unknown) =>
  new HoldfastError('credential_unreadable', 'The stored credential cannot be opened: its row was altered or moved.', {
    cause,
    fix: 'Restore the row from a backup, or update the connection with its credential.',
  })
