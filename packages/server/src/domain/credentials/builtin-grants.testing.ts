import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTokenAnswer } from '../../platform/oauth/token-answer.ts'
import type { TokenRequest } from '../../platform/oauth/token-request.ts'
import { loadCatalogue, requireAuth } from '../toolkits/catalogue.ts'
import { normaliseFields } from '../toolkits/fields.ts'
import { BUILTIN_TOOLKITS } from '../toolkits/toolkit-files.ts'
import { authorizationUrl, codeExchange } from './grant-authorization.ts'
import { planRefresh } from './grant-refresh-request.ts'
import { withTokens } from './grant-times.ts'
import { usableCredential } from './usable-credential.ts'

export interface Grant {
  /** Settings of the auth config beside the client. */
  readonly settings?: Readonly<Record<string, string>>
  /** Typed by the user before setting out. */
  readonly fields?: Readonly<Record<string, string>>
  /** Of the authorization request, beside client, redirect URI, state and response type. */
  readonly asks: Readonly<Record<string, string>>
  readonly page: string
  readonly exchange: Partial<Asked>
  /** Of the exchange, beside the standard parameters. */
  readonly params?: Readonly<Record<string, string>>
  /** What differs when the grant is refreshed; null where grants neither expire nor can be refreshed. */
  readonly refresh?: Partial<Asked> | null
  /** As the provider documents it. */
  readonly answer: Readonly<Record<string, unknown>>
  readonly stored: Readonly<Record<string, unknown>>
  readonly base: string
}
interface Asked {
  readonly url: string
  readonly clientAuth: TokenRequest['clientAuth']
  readonly body: TokenRequest['body']
  readonly headers: Readonly<Record<string, string>>
}

export const PKCE = { code_challenge: 'challenge', code_challenge_method: 'S256' }

const catalogue = loadCatalogue([BUILTIN_TOOLKITS])
const redirectUri = 'https://holdfast.example/callback'
const operatorAllows = () => false

/** What of a token request depends on the provider. The client and its way to prove itself are tested in platform/oauth. */
const asked = ({ url, clientAuth, body, headers = {} }: TokenRequest) => ({ url: url.href, clientAuth, body, headers })
const USUAL = { clientAuth: 'client_secret_post', body: 'form', headers: {} } as const

export function testGrant(name: string, grant: Grant): void {
  const [slug = ''] = name.split(' ')
  test(`${name}: users are sent out, the code and the refresh token are spent, and the answer is read as the provider has it`, () => {
    const toolkit = catalogue.requireToolkit(slug)
    const auth = requireAuth(toolkit, 'OAUTH2')
    const client = { client_id: 'id', client_secret: 'secret', ...grant.settings }
    const parties = { toolkit, auth, client, redirectUri, operatorAllows, values: grant.fields ?? {} }

    const page = authorizationUrl(parties, { state: 's', ...(auth.oauth2?.pkce !== false && { challenge: 'challenge' }) })
    assert.equal(`${page.origin}${page.pathname}`, grant.page)
    const standard = { response_type: 'code', client_id: 'id', redirect_uri: redirectUri, state: 's' }
    assert.deepEqual(Object.fromEntries(page.searchParams), { ...standard, ...grant.asks })

    const exchange = codeExchange(parties, { code: 'c', verifier: 'v' })
    assert.deepEqual(asked(exchange), { ...USUAL, ...grant.exchange })
    assert.deepEqual(exchange.params, {
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: redirectUri,
      code_verifier: 'v',
      ...grant.params,
    })

    const reply = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(grant.answer)),
    }
    const outcome = readTokenAnswer(reply, exchange.answer ?? {}, 0)
    assert.equal(outcome.kind, 'granted')
    if (outcome.kind !== 'granted') return
    const stored = withTokens(grant.fields ?? {}, outcome.tokens, 0)
    for (const [name, value] of Object.entries({ access_token: 'a', ...grant.stored })) assert.equal(stored[name], value, name)

    assert.deepEqual(normaliseFields([...auth.connection_fields, ...auth.credential_fields], stored).errors, [])
    assert.equal(usableCredential(toolkit, auth, stored, operatorAllows).baseUrl().href, grant.base)

    const plan = planRefresh({ toolkit, auth, val: stored, shared: {}, authConfig: client, operatorAllows })
    if (grant.refresh === null) {
      assert.equal(plan.kind, 'impossible')
      return
    }
    assert.equal(plan.kind, 'ready')
    if (plan.kind !== 'ready' || plan.ask.kind !== 'grant') return
    const { request } = plan.ask
    assert.deepEqual(asked(request), { ...USUAL, ...grant.exchange, ...grant.refresh })
    assert.deepEqual(request.params, { grant_type: 'refresh_token', refresh_token: 'r' })
    assert.ok(request.mayReceiveCredentials?.(request.url))
    // Without a new refresh token in the answer, the old one goes on.
    const again = readTokenAnswer(
      { ...reply, body: Buffer.from('{"access_token":"b","expires_in":60}') },
      request.answer ?? {},
      0,
    )
    assert.ok(again.kind === 'granted')
    assert.deepEqual(
      [withTokens(stored, again.tokens, 0)['refresh_token'], withTokens(stored, again.tokens, 0)['access_token']],
      ['r', 'b'],
    )
  })
}
