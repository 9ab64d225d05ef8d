import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'

export const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'HS256'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

export interface SigningKey {
  readonly key: KeyObject
  readonly alg: SigningAlgorithm
  readonly kid?: string
}

export interface SigningKeyOptions {
  /** Left out: the one that the key names, else the usual one of its kind. */
  readonly alg?: SigningAlgorithm | undefined
  readonly kid?: string | undefined
  /** How the secret of HS256 is written. */
  readonly encoding?: 'utf8' | 'hex' | 'base64' | undefined
  /** The field to name when it is no key. */
  readonly field: string
}

/**
 * A private key as PEM (PKCS #8, PKCS #1 or SEC 1) or JWK, or the secret of HS256.
 * @throws HoldfastError `invalid_request` naming the field, and quoting nothing of it
 */
export function readSigningKey(text: string, options: SigningKeyOptions): SigningKey {
  if (options.alg === 'HS256') return { key: readSecret(text, options), alg: 'HS256', ...kidOf(options.kid) }
  const jwk = parseJwk(text)
  const key = toKeyObject(text, jwk, options.field)
  const usual = usualAlgorithm(key)
  const alg = options.alg ?? SIGNING_ALGORITHMS.find((one) => one === jwk?.['alg']) ?? usual
  if (usual === undefined || alg === undefined || alg.startsWith('ES') !== usual.startsWith('ES'))
    throw notAKey(options.field, `is a key that cannot sign with ${alg ?? 'any algorithm of ours'}`)
  return { key, alg, ...kidOf(options.kid ?? textOf(jwk?.['kid'])) }
}

const kidOf = (kid: string | undefined) => (kid === undefined || kid === '' ? {} : { kid })
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function readSecret(text: string, { encoding = 'utf8', field }: SigningKeyOptions): KeyObject {
  const bytes = Buffer.from(text, encoding)
  if (bytes.length < 16) throw notAKey(field, `is no secret of at least 16 bytes${encoding === 'utf8' ? '' : `, as ${encoding}`}`)
  return createSecretKey(bytes)
}

function parseJwk(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function toKeyObject(text: string, jwk: Record<string, unknown> | undefined, field: string): KeyObject {
  try {
    // Keys that travelled through an environment variable have their line ends written out.
    return jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPrivateKey(text.replaceAll('\\n', '\n'))
  } catch {
    throw notAKey(field, 'is no private key: PEM or JWK, without a passphrase')
  }
}

function usualAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | undefined {
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) < 2048 ? undefined : 'RS256'
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined
}

const notAKey = (field: string, why: string) =>
  new HoldfastError('invalid_request', `${field} ${why}.`, {
    fix: 'Give the whole key as the provider issued it: RSA with 2048 bits or more, or EC P-256.',
    fields: [{ path: field, message: why }],
  })
