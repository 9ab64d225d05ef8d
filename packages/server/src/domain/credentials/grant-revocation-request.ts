import type { RevocationRequest } from '../../platform/oauth/revocation-request.ts'
import { templateVarsOf } from '../toolkits/auth-definitions.ts'
import { readPath } from '../toolkits/json-path.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import type { RevocationDefinition } from '../toolkits/revocation-definition.ts'
import { conditionHolds } from '../toolkits/success-condition.ts'
import { compileTemplate } from '../toolkits/template.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import type { RenewalSource } from './renewal-plan.ts'
import { chooseClient, renderAll, textOf, withoutClient } from './token-client.ts'

export type RevocationPlan =
  | {
      readonly kind: 'ready'
      readonly requests: readonly RevocationRequest[]
      /** The grant goes with its access token, so that one which has expired says nothing of the grant. */
      readonly leavesRefreshToken: boolean
    }
  /** Why the provider cannot be asked, as the rest of a sentence. */
  | { readonly kind: 'impossible'; readonly why: string }

const TOKENS = ['refresh_token', 'access_token'] as const

/**
 * The requests that give a grant back, one for each token, to be made in this order.
 * @throws HoldfastError `invalid_request` when a field that the URL needs is missing or malformed
 */
export function planRevocation(source: RenewalSource): RevocationPlan {
  const { toolkit, auth, val, shared, authConfig, operatorAllows } = source
  const { oauth2 } = auth
  const values = { ...shared, ...val }
  if (auth.renewal === 'mint')
    return { kind: 'impossible', why: `its tokens are made of a key, which is taken back where it was made, at ${toolkit.name}` }
  const options: RevocationDefinition = oauth2?.revocation ?? {}
  const template = options.url ?? oauth2?.revocation_url
  if (!oauth2 || template === undefined)
    return { kind: 'impossible', why: `${toolkit.name} offers no way to revoke it from here; its user can, at ${toolkit.name}` }
  const present = (options.tokens ?? TOKENS).flatMap((hint) => {
    const token = textOf(values, hint)
    return token === undefined ? [] : [{ hint, token }]
  })
  if (present.length === 0) return { kind: 'impossible', why: 'it holds no token that could be revoked' }
  const choice = chooseClient(oauth2, source)
  const tokenAuth = choice?.clientAuth ?? oauth2.client_auth ?? 'client_secret_post'
  if (options.auth === undefined && tokenAuth === 'private_key_jwt')
    return { kind: 'impossible', why: `${toolkit.name} wants its clients to sign, which revocations cannot do yet` }
  const method = options.auth ?? (tokenAuth === 'client_secret_basic' ? 'client_secret_basic' : 'client_secret_post')
  const asksAsClient = method !== 'bearer' && method !== 'none'
  if (asksAsClient && choice === undefined)
    return { kind: 'impossible', why: 'the OAuth client that it was issued to is not known' }

  const inherited = templateVarsOf(auth, { ...withoutClient(authConfig), ...values })
  const vars = { ...inherited, client_id: choice?.id, client_secret: choice?.secret }
  const url = renderUrl(compileTemplate(template), vars)
  const requests = present.map(
    ({ hint, token }): RevocationRequest => ({
      url,
      method: options.method ?? 'POST',
      client: asksAsClient && choice ? { id: choice.id, secret: choice.secret } : undefined,
      auth: method,
      body: options.body ?? 'form',
      token,
      params: {
        ...(method !== 'bearer' && { [options.token_param ?? 'token']: token }),
        ...(method !== 'bearer' && (options.token_type_hint ?? true) && { token_type_hint: hint }),
        ...renderAll(options.params, vars),
      },
      headers: renderAll(options.headers, vars),
      gone: { statuses: options.gone_status ?? [], errors: options.gone_errors ?? [] },
      succeeded: (answer) => !options.success_when || conditionHolds(options.success_when, answer),
      errorOf: (answer) => readPath(answer, options.error_path ?? 'error'),
      mayReceiveCredentials: (to) => mayReceiveGrant(toolkit, template, vars, to, operatorAllows),
    }),
  )
  const leavesRefreshToken =
    textOf(values, 'refresh_token') !== undefined && !present.some(({ hint }) => hint === 'refresh_token')
  return { kind: 'ready', requests, leavesRefreshToken }
}
