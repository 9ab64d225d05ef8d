import { readSigningKey } from '../../platform/oauth/signing-key.ts'
import type { TokenRequest } from '../../platform/oauth/token-request.ts'
import type { OAuth2Definition, Template } from '../toolkits/definition.ts'
import { compileTemplate, type TemplateVars } from '../toolkits/template.ts'
import type { CredentialValues } from './credential.ts'
import { clientHolder } from './grant-client.ts'

/** Why a token cannot be had, and what would change that. */
export interface Impossible {
  readonly kind: 'impossible'
  readonly why: string
  readonly fix: string
}

export const impossible = (why: string, fix: string): Impossible => ({ kind: 'impossible', why, fix })

export const textOf = (values: CredentialValues, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What names and proves a client: never part of what its connections or its templates inherit. */
const CLIENT_FIELDS = ['client_id', 'client_secret', 'private_key', 'private_key_id']

export interface ClientChoice {
  readonly id: string
  readonly secret: string | undefined
  readonly client: NonNullable<TokenRequest['client']>
  readonly clientAuth: TokenRequest['clientAuth']
  /** The connection brought it. */
  readonly isOwn: boolean
}

/**
 * The connection's own client where it brought one, whole: the secret of one client never goes along with the id of another.
 * @throws HoldfastError `invalid_request` when its key is none
 */
export function chooseClient(
  oauth2: OAuth2Definition,
  {
    val,
    shared,
    authConfig,
  }: { readonly val: CredentialValues; readonly shared: CredentialValues; readonly authConfig: CredentialValues },
): ClientChoice | undefined {
  const holder = clientHolder(textOf(val, 'client_id') === undefined ? shared : val, authConfig)
  const id = textOf(holder, 'client_id')
  if (id === undefined) return undefined
  const secret = textOf(holder, 'client_secret')
  const keyText = textOf(holder, 'private_key')
  const clientAuth = oauth2.client_auth ?? 'client_secret_post'
  const key =
    clientAuth === 'private_key_jwt' && keyText !== undefined
      ? readSigningKey(keyText, { kid: textOf(holder, 'private_key_id'), field: 'private_key' })
      : undefined
  return { id, secret, isOwn: holder === val, clientAuth, client: { id, secret, key } }
}

export const withoutClient = (values: CredentialValues): CredentialValues =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !CLIENT_FIELDS.includes(name)))

export const lacksKey = ({ clientAuth, client }: ClientChoice): Impossible | undefined =>
  clientAuth === 'private_key_jwt' && !client.key
    ? impossible(
        'its OAuth client signs with a private key, which is not known',
        'Add private_key (PEM or JWK) beside client_id.',
      )
    : undefined

export const renderAll = (
  templates: Readonly<Record<string, Template>> | undefined,
  vars: TemplateVars,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(templates ?? {}).flatMap(([name, template]) => {
      const value = compileTemplate(template).render(vars)
      return value === undefined ? [] : [[name, value]]
    }),
  )

export const renderOne = (template: Template | undefined, vars: TemplateVars): string | undefined =>
  template === undefined ? undefined : compileTemplate(template).render(vars)
