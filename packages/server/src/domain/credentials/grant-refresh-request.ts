import type { TokenRequest } from '../../platform/oauth/token-request.ts'
import { type ResolvedAuth, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { Template } from '../toolkits/definition.ts'
import type { OperatorAllows } from '../toolkits/hosts.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { compileTemplate, type TemplateVars } from '../toolkits/template.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import type { CredentialValues } from './credential.ts'
import { grantClientOf } from './grant-client.ts'

export type RefreshPlan =
  | { readonly kind: 'ready'; readonly request: TokenRequest; readonly refreshToken: string }
  /** Why this grant cannot be refreshed, and what would change that. */
  | { readonly kind: 'impossible'; readonly why: string; readonly fix: string }

export const textOf = (values: CredentialValues, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * The request that refreshes a grant.
 * @throws HoldfastError `invalid_request` when a field that the URL needs is missing or malformed
 */
export function planRefresh(
  toolkit: Toolkit,
  auth: ResolvedAuth,
  values: CredentialValues,
  authConfig: CredentialValues,
  operatorAllows: OperatorAllows,
): RefreshPlan {
  const { oauth2 } = auth
  const refreshToken = textOf(values, 'refresh_token')
  if (refreshToken === undefined)
    return impossible('it has no refresh token', 'Update the connection with a new access_token, or better a refresh_token.')
  const client = grantClientOf(values, authConfig)
  if (client === undefined)
    return impossible(
      'the OAuth client that it was issued to is not known',
      'Add client_id and client_secret to the auth config, or to the connection when its grant was issued to another client.',
    )
  if (!oauth2) return impossible(`${toolkit.name} names no token endpoint`, 'Update the connection with a new access_token.')
  if (oauth2.client_auth === 'private_key_jwt')
    return impossible(
      `${toolkit.name} wants its clients to sign, which is not available yet`,
      'Update the connection with a new access_token.',
    )

  const { client_id: _id, client_secret: _secret, ...shared } = authConfig
  const vars = {
    ...templateVarsOf(auth, { ...shared, ...values }),
    client_id: client.id,
    client_secret: client.secret,
    refresh_token: refreshToken,
  }
  const template = oauth2.refresh_url ?? oauth2.token_url
  return {
    kind: 'ready',
    refreshToken,
    request: {
      url: renderUrl(compileTemplate(template), vars),
      client,
      clientAuth: oauth2.client_auth ?? 'client_secret_post',
      body: oauth2.body ?? 'form',
      params: { grant_type: 'refresh_token', refresh_token: refreshToken, ...renderAll(oauth2.refresh_params, vars) },
      headers: renderAll(oauth2.token_headers, vars),
      ...(oauth2.rename && { rename: oauth2.rename }),
      ...(oauth2.response && { answer: oauth2.response }),
      mayReceiveCredentials: (url) => mayReceiveGrant(toolkit, template, vars, url, operatorAllows),
    },
  }
}

const impossible = (why: string, fix: string): RefreshPlan => ({ kind: 'impossible', why, fix })

/** A template without a value is left out. */
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
