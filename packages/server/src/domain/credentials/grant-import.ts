import { type FieldError, HoldfastError } from '../../errors.ts'
import { readLifetime, readMoment } from '../../platform/oauth/expiry.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { readPath } from '../toolkits/json-path.ts'
import type { CredentialValues } from './credential.ts'

type AnswerShape = NonNullable<NonNullable<ResolvedAuth['oauth2']>['response']>

/** Where libraries keep the moment at which an access token dies. */
const EXPIRY_NAMES = ['expires_at', 'expiry_date', 'expiry']
const LIFTED = ['access_token', 'refresh_token', 'expires_in', 'expires_at', 'scope'] as const

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/**
 * A grant as apps have it, under the standard names: the provider's whole token answer with its tokens nested (`authed_user`), or
 * what an OAuth library made of it. Anything else stays as it came.
 * @throws HoldfastError `invalid_request` for an expiry or a scope that cannot be read
 */
export function readImportedGrant(auth: ResolvedAuth, given: CredentialValues): CredentialValues {
  const shape = auth.oauth2?.response ?? {}
  const values = inSeconds(shape, renameExpiry(liftNested(shape, given)))
  const faults = [
    ...refuse(values, 'expires_at', 'must be a moment: seconds or milliseconds since 1970, or an ISO date', readMoment),
    ...refuse(values, 'expires_in', 'must be a number of seconds', (value) => readLifetime(value, 0)),
    ...refuse(values, 'scope', 'must be a text or a list of texts', (value) => (isScope(value) ? 1 : undefined)),
  ]
  if (faults.length > 0)
    throw new HoldfastError('invalid_request', 'The grant has a field that cannot be read.', {
      fix: 'Send it as the provider gave it, or leave it out.',
      fields: faults,
    })
  return values
}

const isScope = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))

const refuse = (
  values: CredentialValues,
  name: string,
  message: string,
  read: (value: unknown) => number | undefined,
): FieldError[] =>
  isGiven(values[name]) && read(values[name]) === undefined ? [{ path: `connection.state.val.${name}`, message }] : []

/** A lifetime comes as the provider's answers have it; from here on it is in seconds. */
function inSeconds({ expires_unit: unit }: AnswerShape, values: CredentialValues): CredentialValues {
  const end = unit === 'milliseconds' ? readLifetime(values['expires_in'], 0, unit) : undefined
  return end === undefined ? values : { ...values, expires_in: Math.round(end / 1000) }
}

function renameExpiry(values: CredentialValues): CredentialValues {
  const name = EXPIRY_NAMES.find((candidate) => isGiven(values[candidate]))
  if (name === undefined || name === 'expires_at') return values
  const { [name]: moment, ...others } = values
  return { ...others, expires_at: moment }
}

/**
 * A token that the toolkit expects in a nested place counts before the one at the top, which then is another's (Slack's bot), and
 * so do not the refresh token, expiry and scope at the top. What was lifted is not kept twice: the copy would outlive a rotation.
 */
function liftNested(shape: AnswerShape, given: CredentialValues): CredentialValues {
  const pathOf = (name: (typeof LIFTED)[number]): string | undefined => (shape[name]?.includes('.') ? shape[name] : undefined)
  const tokenPath = pathOf('access_token')
  const isNested = tokenPath !== undefined && isGiven(readPath(given, tokenPath))
  const captured = Object.entries(shape.capture ?? {}).flatMap(([name, path]) => {
    const value = readPath(given, path)
    return isGiven(value) && typeof value !== 'object' && !Object.hasOwn(given, name) ? [[name, value] as const] : []
  })
  let values: CredentialValues = { ...given, ...Object.fromEntries(captured) }
  if (!isNested) return values
  for (const name of LIFTED) {
    const path = pathOf(name)
    if (path === undefined) continue
    const { [name]: _ofAnother, ...others } = values
    const value = readPath(given, path)
    values = withoutPath(isGiven(value) ? { ...others, [name]: value } : others, path.split('.'))
  }
  return values
}

function withoutPath(values: CredentialValues, [step, ...rest]: readonly string[]): CredentialValues {
  if (step === undefined || !Object.hasOwn(values, step)) return values
  const { [step]: inner, ...others } = values
  if (rest.length === 0) return others
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return values
  const left = withoutPath(inner as CredentialValues, rest)
  return Object.keys(left).length === 0 ? others : { ...others, [step]: left }
}
