import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ConnectOutcome, LinkView } from '../../domain/connecting/connect-link.ts'
import { HoldfastError } from '../../errors.ts'
import { createLogger } from '../http/logger.ts'
import { buildHttpServer } from '../http/server.ts'
import { type ConnectPagesDeps, registerConnectPages, sendOutcome } from './connect-pages.routes.ts'

const VIEW: LinkView = {
  linkId: 'lk_open',
  toolkit: { slug: 'acme', name: 'Acme', description: '' },
  scheme: 'API_KEY',
  continuesAtProvider: false,
  reconnects: false,
  scopes: [],
  fields: [
    { name: 'host', title: 'Host', required: true },
    { name: 'api_key', title: 'API key', required: true, secret: true },
    { name: 'plan', enum: ['free', 'team'], default: 'free' },
    { name: 'team', visible_when: { field: 'plan', in: ['team'] } },
  ],
  projectName: 'Desk',
  state: 'open',
  expiresAt: 0,
}
const LINKS: Readonly<Record<string, LinkView>> = {
  lk_open: VIEW,
  lk_other: { ...VIEW, linkId: 'lk_other' },
  lk_grant: { ...VIEW, linkId: 'lk_grant', scheme: 'OAUTH2', continuesAtProvider: true, fields: [] },
  lk_used: { ...VIEW, linkId: 'lk_used', state: 'used' },
  lk_expired: { ...VIEW, linkId: 'lk_expired', state: 'expired' },
}
const CONNECTED: ConnectOutcome = { status: 'success', accountId: 'ca_1', toolkitName: 'Acme' }

/** The pages on a domain that answers as it is told: what is proven here is what reaches it, and what becomes of its answers. */
function open(t: TestContext, overrides: Partial<ConnectPagesDeps> = {}, publicUrl = 'http://connect.test') {
  const calls: unknown[][] = []
  const logged: string[] = []
  const http = buildHttpServer({ logger: createLogger({ level: 'info', destination: { write: (line) => logged.push(line) } }) })
  registerConnectPages(http, {
    now: () => 0,
    publicUrl: () => publicUrl,
    async openLink(linkId) {
      const view = LINKS[linkId]
      if (!view) throw new HoldfastError('link_not_found', 'There is no such link.')
      return view
    },
    async startAuthorization(linkId, { fields, browserToken }) {
      calls.push(['start', linkId, { ...fields }, browserToken])
      return { redirectUrl: 'https://provider.example/authorize?state=s&scope=a+b' }
    },
    async submitCredential(linkId, values) {
      calls.push(['submit', linkId, { ...values }])
      return CONNECTED
    },
    ...overrides,
  })
  t.after(() => http.close())

  const get = (id: string, headers: Record<string, string> = {}) => http.inject({ url: `/link/${id}`, headers })
  const visit = async (id: string) => {
    const page = await get(id)
    const [cookie = ''] = String(page.headers['set-cookie']).split(';')
    return { cookie, token: /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? '' }
  }
  const post = (id: string, form: Record<string, string>, headers: Record<string, string>) =>
    http.inject({
      method: 'POST',
      url: `/link/${id}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    })
  const send = async (id: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const { cookie, token } = await visit(id)
    return post(id, { form_token: token, ...form }, { cookie, ...headers })
  }
  return { http, calls, logged, get, visit, post, send }
}

test('a form that the page sent in the same browser reaches the domain, with what was typed and nothing else', async (t) => {
  const { send, calls } = open(t)
  const headers = { 'sec-fetch-site': 'same-origin', origin: 'null' }
  const page = await send(
    'lk_open',
    { 'field.host': 'h', 'field.api_key': 'k', 'field.plan': 'free', 'field.team': 'hidden', 'field.more': 'm', host: 'x' },
    headers,
  )
  assert.equal(page.statusCode, 200)
  assert.match(page.body, /Acme is connected/)
  assert.deepEqual(calls, [['submit', 'lk_open', { host: 'h', api_key: 'k', plan: 'free' }]])
})

test('a form that another site sent, or made up, does nothing', async (t) => {
  const { visit, post, calls } = open(t)
  const { cookie, token } = await visit('lk_open')
  const other = await visit('lk_open')
  const foreignLink = await visit('lk_other')
  const form = { 'field.host': 'h', 'field.api_key': 'k', form_token: token }
  const forgeries: [string, Record<string, string>, Record<string, string>][] = [
    ['without a cookie', form, {}],
    ['with the cookie of another browser', form, { cookie: other.cookie }],
    ['without a token', { ...form, form_token: '' }, { cookie }],
    ['with the token of another browser', { ...form, form_token: other.token }, { cookie }],
    ['with the token of another link', { ...form, form_token: foreignLink.token }, { cookie: foreignLink.cookie }],
    ['from another site', form, { cookie, 'sec-fetch-site': 'cross-site' }],
    ['from another host of the same site', form, { cookie, 'sec-fetch-site': 'same-site' }],
    ['from no page at all', form, { cookie, 'sec-fetch-site': 'none' }],
    ['with the origin of another site', form, { cookie, origin: 'https://evil.example' }],
    ['with two cookies of the name', form, { cookie: `${cookie}; ${other.cookie}` }],
  ]
  for (const [what, sent, headers] of forgeries) {
    const page = await post('lk_open', sent, headers)
    assert.equal(page.statusCode, 403, what)
    assert.match(page.body, /Nothing was stored; please try again/, what)
    assert.doesNotMatch(page.body, /value="h"/, what)
  }
  assert.deepEqual(calls, [])
  assert.equal((await post('lk_open', form, { cookie, origin: 'http://connect.test' })).statusCode, 200)
})

test('on to the provider goes a page, not a redirect: browsers hold those to form-action', async (t) => {
  const { send, calls } = open(t)
  const page = await send('lk_grant', {})
  assert.equal(page.statusCode, 200)
  assert.equal(page.headers.location, undefined)
  assert.match(
    page.body,
    /<meta http-equiv="refresh" content="0;url=https:\/\/provider\.example\/authorize\?state=s&amp;scope=a\+b">/,
  )
  assert.match(
    page.body,
    /<a class="button" href="https:\/\/provider\.example\/authorize\?state=s&amp;scope=a\+b" rel="noreferrer">/,
  )
  assert.match(JSON.stringify(calls), /^\[\["start","lk_grant",\{\},"[\w-]{43}"\]\]$/)
})

test('with an address to go back to, the browser goes there', async (t) => {
  const returnTo = 'https://app.example/done?status=success&connected_account_id=ca_1'
  const { send, http } = open(t, { submitCredential: async () => ({ ...CONNECTED, returnTo }) })
  http.get('/callback', async (_request, reply) => sendOutcome(reply, { ...CONNECTED, returnTo }, 'http://connect.test'))
  const page = await send('lk_open', {})
  assert.match(page.body, /content="0;url=https:\/\/app\.example\/done\?status=success&amp;connected_account_id=ca_1"/)
  const redirect = await http.inject('/callback')
  assert.deepEqual(
    [redirect.statusCode, redirect.headers.location, redirect.headers['referrer-policy'], redirect.headers['cache-control']],
    [303, returnTo, 'no-referrer', 'no-store'],
  )
})

test('a link that never was, and one whose time is over, cannot be told apart', async (t) => {
  const { get, post } = open(t)
  const headersOf = ({ headers }: Awaited<ReturnType<typeof get>>) => ({ ...headers, 'x-request-id': '', date: '' })
  for (const ask of [get, (id: string) => post(id, {}, {})]) {
    const [expired, unknown] = [await ask('lk_expired'), await ask('lk_never')]
    assert.equal(expired.statusCode, 404)
    assert.equal(expired.body, unknown.body)
    assert.deepEqual(headersOf(expired), headersOf(unknown))
    assert.match(expired.body, /This link does not work any more/)
  }
})

test('a used link says so, shows no form, and takes none', async (t) => {
  const { get, post, calls } = open(t)
  for (const page of [await get('lk_used'), await post('lk_used', { 'field.api_key': 'k' }, {})]) {
    assert.equal(page.statusCode, 400)
    assert.match(page.body, /This link has been used/)
    assert.doesNotMatch(page.body, /<form/)
  }
  assert.deepEqual(calls, [])
})

test('every answer is closed to frames, caches, referrers, scripts and other servers', async (t) => {
  const { get, send, http } = open(t)
  const pages = [
    await get('lk_open'),
    await get('lk_used'),
    await get('lk_never'),
    await send('lk_open', {}),
    await send('lk_grant', {}),
    await http.inject({ method: 'POST', url: '/link/lk_open', headers: { 'content-type': 'text/plain' }, payload: 'x' }),
  ]
  for (const { headers, body } of pages) {
    const policy = String(headers['content-security-policy'])
    assert.match(
      policy,
      /^default-src 'none'; style-src( 'sha256-[\w+/=]+')+; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    assert.equal([...body.matchAll(/<style>/g)].length, [...policy.matchAll(/'sha256-/g)].length)
    assert.deepEqual(
      ['referrer-policy', 'cache-control', 'x-content-type-options', 'x-frame-options', 'cross-origin-opener-policy'].map(
        (name) => headers[name],
      ),
      ['no-referrer', 'no-store', 'nosniff', 'DENY', 'same-origin'],
    )
    assert.match(String(headers['content-type']), /^text\/html; charset=utf-8$/)
    assert.equal(headers['strict-transport-security'], undefined)
  }
})

test('over https the cookie is bound to this host and to https, and browsers are told to stay on https', async (t) => {
  const { get } = open(t, {}, 'https://connect.test')
  const { headers } = await get('lk_open')
  assert.match(String(headers['set-cookie']), /^__Host-holdfast-connect=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  assert.equal(headers['strict-transport-security'], 'max-age=31536000')
})

test('what the domain refuses is shown in place, with its status, and the secret is not sent back', async (t) => {
  const refusals: [HoldfastError, number, RegExp][] = [
    [
      new HoldfastError('missing_credential_field', 'host is required', { fields: [{ path: 'host', message: 'is required' }] }),
      400,
      /id="field-0-error">Enter the host\.</,
    ],
    [
      new HoldfastError('credential_rejected', 'Acme refused the credential with status 401.'),
      400,
      /id="field-1-error">Acme did not accept this\./,
    ],
    [new HoldfastError('credential_unverifiable', 'status 500'), 400, /<p>Acme could not say whether this is right/],
    [new HoldfastError('upstream_timeout', 'late'), 504, /<p>Acme did not answer/],
    [
      new HoldfastError('destination_not_allowed', 'no', { fields: [{ path: 'host', message: 'is not one of its hosts' }] }),
      403,
      /id="field-0-error">Host is not one of its hosts\.</,
    ],
    [new HoldfastError('destination_blocked', 'private address 10.0.0.1'), 403, /<p>This address is not one that can be/],
  ]
  for (const [error, status, text] of refusals) {
    const { send } = open(t, { submitCredential: () => Promise.reject(error) })
    const page = await send('lk_open', { 'field.host': 'my-host', 'field.api_key': 'sk_SECRET' })
    assert.equal(page.statusCode, status, error.code)
    assert.match(page.body, text)
    assert.match(page.body, /<title>Error: /)
    assert.match(page.body, /value="my-host"/)
    assert.doesNotMatch(page.body, /sk_SECRET|10\.0\.0\.1/)
  }
})

test('a failure of the server is a page with a reference, its cause is in the log, the secret in neither', async (t) => {
  const { send, logged } = open(t, { submitCredential: () => Promise.reject(new Error('the disk is full')) })
  const page = await send('lk_open', { 'field.api_key': 'sk_SECRET' })
  assert.equal(page.statusCode, 500)
  assert.match(page.body, new RegExp(`reference: ${page.headers['x-request-id']}`))
  assert.doesNotMatch(page.body, /disk/)
  assert.match(logged.join(''), /the disk is full/)
  assert.doesNotMatch(logged.join('') + page.body, /sk_SECRET|lk_open/)
})

test('keys cannot be tried out without end, and others are not held up', async (t) => {
  const rejected = new HoldfastError('credential_rejected', 'no')
  let tries = 0
  const { visit, post } = open(t, {
    submitCredential: () => {
      tries++
      return Promise.reject(rejected)
    },
  })
  const { cookie, token } = await visit('lk_open')
  const statuses: number[] = []
  for (let i = 0; i < 22; i++) statuses.push((await post('lk_open', { form_token: token }, { cookie })).statusCode)
  assert.deepEqual([statuses.indexOf(429), tries], [20, 20])
  const page = await post('lk_open', { form_token: token }, { cookie })
  assert.equal(page.headers['retry-after'], '600')
  assert.match(page.body, /Wait 10 minutes/)
  const other = await visit('lk_other')
  assert.equal((await post('lk_other', { form_token: other.token }, { cookie: other.cookie })).statusCode, 400)
})

test('what is too large, or no form, is refused with a page', async (t) => {
  const { post, visit, http, calls } = open(t)
  const { cookie, token } = await visit('lk_open')
  const large = await post('lk_open', { form_token: token, 'field.api_key': 'k'.repeat(300_000) }, { cookie })
  assert.deepEqual([large.statusCode, /<h1>That was too much/.test(large.body)], [413, true])
  for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/plain']) {
    const url = '/link/lk_open'
    const page = await http.inject({ method: 'POST', url, headers: { 'content-type': type, cookie }, payload: '{}' })
    assert.deepEqual([page.statusCode, /<h1>This cannot be read/.test(page.body)], [415, true], type)
  }
  assert.equal((await http.inject({ method: 'POST', url: '/link/lk_open', headers: { cookie } })).statusCode, 403)
  assert.deepEqual(calls, [])
})

test('looking at a link does nothing: previews of messengers and mail scanners open it first', async (t) => {
  const { http, get, calls } = open(t)
  await get('lk_grant')
  await http.inject({ method: 'HEAD', url: '/link/lk_grant' })
  assert.deepEqual(calls, [])
})
