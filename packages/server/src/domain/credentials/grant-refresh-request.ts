import { templateVarsOf } from '../toolkits/auth-definitions.ts'
import { mayReceiveGrant } from '../toolkits/oauth-hosts.ts'
import { compileTemplate } from '../toolkits/template.ts'
import { renderUrl } from '../toolkits/url-template.ts'
import type { RenewalPlan, RenewalSource } from './renewal-plan.ts'
import { chooseClient, impossible, lacksKey, renderAll, renderOne, textOf, withoutClient } from './token-client.ts'

/** What RFC 6749 §5.2 and providers' own words say of a grant that is gone, and not of the client or the request. */
export const GRANT_IS_GONE: ReadonlySet<string> = new Set([
  'invalid_grant',
  'bad_refresh_token',
  'invalid_refresh_token',
  'expired_refresh_token',
  'refresh_token_expired',
  'invalid_token',
  'expired_token',
  'token_expired',
  'token_revoked',
  'invalid_code',
  'consent_required',
  'interaction_required',
])

/** The request that refreshes a grant. */
export function planRefresh(source: RenewalSource): RenewalPlan {
  const { toolkit, auth, val, shared, authConfig, operatorAllows } = source
  const { oauth2 } = auth
  const values = { ...shared, ...val }
  const refreshToken = textOf(values, 'refresh_token')
  if (refreshToken === undefined)
    return impossible('it has no refresh token', 'Update the connection with a new access_token, or better a refresh_token.')
  if (!oauth2) return impossible(`${toolkit.name} names no token endpoint`, 'Update the connection with a new access_token.')
  const choice = chooseClient(oauth2, source)
  if (choice === undefined)
    return impossible(
      'the OAuth client that it was issued to is not known',
      'Add client_id and client_secret to the auth config, or to the connection when its grant was issued to another client.',
    )
  const unsigned = lacksKey(choice)
  if (unsigned) return unsigned

  const { id, secret, client, clientAuth } = choice
  const vars = {
    ...templateVarsOf(auth, { ...withoutClient(authConfig), ...values }),
    client_id: id,
    client_secret: secret,
    refresh_token: refreshToken,
  }
  const template = oauth2.refresh_url ?? oauth2.token_url
  const answer = oauth2.response_on_refresh ?? oauth2.response
  return {
    kind: 'ready',
    mints: false,
    isStill: (stored) => stored['refresh_token'] === refreshToken,
    isFinal: (code) => GRANT_IS_GONE.has(code),
    check: 'check client_id and client_secret of the auth config',
    ask: {
      kind: 'grant',
      request: {
        url: renderUrl(compileTemplate(template), vars),
        client,
        clientAuth,
        assertionAudience: renderOne(oauth2.client_assertion_audience, vars),
        ...(oauth2.token_method && { method: oauth2.token_method }),
        body: oauth2.body ?? 'form',
        params: { grant_type: 'refresh_token', refresh_token: refreshToken, ...renderAll(oauth2.refresh_params, vars) },
        headers: renderAll(oauth2.refresh_headers ?? oauth2.token_headers, vars),
        ...(oauth2.rename && { rename: oauth2.rename }),
        ...(answer && { answer }),
        mayReceiveCredentials: (url) => mayReceiveGrant(toolkit, template, vars, url, operatorAllows, oauth2.token_hosts),
      },
    },
  }
}
