import { HoldfastError } from '../../errors.ts'
import { momentAt, type OAuth1Signer, oauth1Header } from '../../platform/oauth/oauth1.ts'
import type { ResolvedAuth } from '../toolkits/auth-definitions.ts'
import { FORM_TYPE } from '../toolkits/request-body.ts'
import type { TemplateVars } from '../toolkits/template.ts'
import type { CredentialValues } from './credential.ts'
import { renderOne, textOf } from './token-client.ts'

/** Apps keep an OAuth 1 consumer under either pair of names. */
const NAMES = [
  ['consumer_key', 'consumer_secret'],
  ['client_id', 'client_secret'],
] as const

export interface Consumer {
  readonly key: string
  readonly secret: string
}

function consumerIn(values: CredentialValues): Consumer | undefined {
  for (const [keyName, secretName] of NAMES) {
    const key = textOf(values, keyName)
    if (key !== undefined) return { key, secret: textOf(values, secretName) ?? '' }
  }
  return undefined
}

/** The connection's own consumer where it brought one whole, else the auth config's: a token belongs to one of them. */
export function consumerOf(val: CredentialValues, authConfig: CredentialValues): Consumer | undefined {
  const own = consumerIn(val)
  const shared = consumerIn(authConfig)
  return own !== undefined && own.secret === '' && own.key === shared?.key ? shared : (own ?? shared)
}

/** The consumer under the names that signing reads. */
export const consumerValues = (consumer: Consumer | undefined): CredentialValues =>
  consumer === undefined ? {} : { consumer_key: consumer.key, consumer_secret: consumer.secret }

/** @throws HoldfastError `missing_credential_field` */
export function signerOf({ oauth1 }: ResolvedAuth, values: CredentialValues, vars: TemplateVars = values): OAuth1Signer {
  const consumer = consumerIn(values)
  if (consumer === undefined) throw lacksConsumer()
  return {
    consumerKey: consumer.key,
    consumerSecret: consumer.secret,
    token: textOf(values, 'oauth_token'),
    tokenSecret: textOf(values, 'oauth_token_secret'),
    method: oauth1?.signature_method ?? 'HMAC-SHA1',
    realm: renderOne(oauth1?.realm, vars),
  }
}

export interface SignableRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}

/** The request's `Authorization` header. It is for the request as it stands: whatever is changed after it is not signed. */
export function signatureHeader(
  auth: ResolvedAuth,
  vars: TemplateVars,
  { method, url, headers, body }: SignableRequest,
  now: number,
): string {
  const isForm = headers['content-type']?.split(';')[0]?.trim().toLowerCase() === FORM_TYPE
  const form = isForm && body !== null ? (typeof body === 'string' ? body : Buffer.from(body).toString()) : undefined
  return oauth1Header({ method, url, form }, signerOf(auth, vars), momentAt(now), { oauth_version: '1.0' })
}

export const lacksConsumer = () =>
  new HoldfastError('missing_credential_field', 'The consumer that this OAuth 1 grant was issued to is not known.', {
    fix: 'Add consumer_key and consumer_secret to the auth config, or to the connection when its grant was issued to another consumer.',
    fields: [{ path: 'connection.state.val.consumer_key', message: 'is required, here or in the auth config' }],
  })
