import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { CLIENT, type ConnectingOptions, setUpConnecting } from '../../../testing/connecting.ts'
import { testDatabases } from '../../../testing/databases.ts'
import { PUBLIC_URL } from '../../../testing/test-deps.ts'
import { setAccountEnabled } from '../accounts/accounts.service.ts'
import { patchAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { openLink } from './open-link.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)
const CALLBACK = `${PUBLIC_URL}/api/v3/toolkits/auth/callback`
const query = (url: URL) => Object.fromEntries(url.searchParams)
const stateOf = (url: URL) => url.searchParams.get('state') ?? ''

for (const database of testDatabases()) {
  test(`a grant lands in one transaction, as an import of it would: account, secret, end of the link, events (${database.name})`, async (t) => {
    const { world, deps, connect, account, stored, tokenRequests, events } = await setUpConnecting(t, database)
    const { id, outcome } = await connect({ code: 'code-1' }, { callbackUrl: 'https://app.example/done?a=1' })
    assert.deepEqual(outcome, {
      status: 'success',
      accountId: id,
      toolkitName: 'Example',
      returnTo: `https://app.example/done?a=1&status=success&connected_account_id=${id}`,
    })
    assert.deepEqual([(await account(id)).status, (await account(id)).statusReason], ['ACTIVE', null])
    assert.deepEqual(await stored(id), {
      access_token: 'access-1',
      refresh_token: 'refresh-1',
      scope: 'read',
      expires_in: 3600,
      expires_at: new Date(world.now + 3_600_000).toISOString(),
    })
    const row = await deps.db.selectFrom('credential').selectAll().where('owner_id', '=', id).executeTakeFirstOrThrow()
    assert.equal(row.expires_at, world.now + 3_600_000)
    assert.ok(row.refresh_at !== null && row.refresh_at < row.expires_at && row.version === 2)
    assert.deepEqual(
      (await events(id)).map(([type, { status, from, to }]) => [type, status ?? `${from}→${to}`]),
      [
        ['connected_account.created', 'INITIATED'],
        ['connected_account.status_changed', 'INITIATED→ACTIVE'],
      ],
    )
    assert.equal(tokenRequests().length, 1)
    const left = await deps.db.selectFrom('connect_authorization').selectAll().execute()
    assert.deepEqual(left, [])
  })

  test(`of many who bring one answer at once, one connects (${database.name})`, async (t) => {
    const { link, start, finish, account, tokenRequests } = await setUpConnecting(t, database)
    const { linkId, account: made } = await link()
    const state = stateOf(await start(linkId))
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => finish({ state, code: 'code-1' })))
    const refusals = results.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))
    assert.deepEqual([refusals.length, new Set(refusals)], [7, new Set(['authorization_not_found'])])
    assert.deepEqual([(await account(made.id)).status, tokenRequests().length], ['ACTIVE', 1])
  })

  test(`a state is bound to its browser and dies with time; nothing that opens it stands in the database (${database.name})`, async (t) => {
    const { world, deps, link, start, finish, account } = await setUpConnecting(t, database)
    const { linkId, account: made } = await link()
    const url = await start(linkId)
    const state = stateOf(url)
    for (const browser of ['browser-2', '', undefined])
      await assert.rejects(finish({ state, code: 'code-1' }, browser ?? 'x'), { code: 'browser_mismatch' })
    for (const params of [
      { code: 'c' },
      { state: '', code: 'c' },
      { state: `${state}x` },
      { state: [state, state] },
      { state: linkId },
    ])
      await assert.rejects(finish(params), { code: 'authorization_not_found' })
    assert.equal((await account(made.id)).status, 'INITIATED')
    const rows = JSON.stringify(
      await Promise.all([
        deps.db.selectFrom('connect_link').selectAll().execute(),
        deps.db.selectFrom('connect_authorization').selectAll().execute(),
      ]),
    )
    for (const secret of [state, linkId, 'browser-1']) assert.ok(!rows.includes(secret))
    world.now += 10 * 60_000
    await assert.rejects(finish({ state, code: 'code-1' }), { code: 'authorization_not_found' })
  })

  test(`several tabs may set out; the first to come back connects, and the rest come too late (${database.name})`, async (t) => {
    const { link, start, finish, account } = await setUpConnecting(t, database)
    const { linkId, account: made } = await link()
    const [first, second] = [stateOf(await start(linkId)), stateOf(await start(linkId))]
    assert.equal((await finish({ state: second, code: 'code-1' })).status, 'success')
    await assert.rejects(finish({ state: first, code: 'code-2' }), { code: 'link_closed' })
    await assert.rejects(start(linkId), { code: 'link_closed' })
    assert.equal((await account(made.id)).status, 'ACTIVE')
  })
}

test('the way to the provider carries the standard parameters, and no secret', async (t) => {
  const { link, start } = await setUpConnecting(t, sqlite, {
    oauth2: { default_scopes: ['a', 'b c'], authorization_params: { access_type: 'offline', absent: '{{ nothing }}' } },
    auth: { connection_fields: [{ name: 'nothing' }] },
  })
  const url = await start((await link()).linkId)
  const { state, code_challenge: challenge, ...others } = query(url)
  assert.deepEqual(others, {
    fixed: '1',
    response_type: 'code',
    client_id: 'client-1',
    redirect_uri: CALLBACK,
    scope: 'a b c',
    code_challenge_method: 'S256',
    access_type: 'offline',
  })
  assert.match(state ?? '', /^[\w-]{43}$/)
  assert.match(challenge ?? '', /^[\w-]{43}$/)
  assert.ok(!url.href.includes('secret'))
})

test('the code is exchanged with the verifier of its challenge, the same redirect URI and the client of its auth config', async (t) => {
  const { connect, tokenRequests } = await setUpConnecting(t, sqlite, {
    credentials: { ...CLIENT, oauth_redirect_uri: 'https://app.example/cb' },
  })
  const { url } = await connect()
  const [request] = tokenRequests()
  const sent = new URLSearchParams(request?.body)
  const { code_verifier: verifier = '', ...others } = Object.fromEntries(sent)
  assert.deepEqual(others, {
    grant_type: 'authorization_code',
    code: 'code-1',
    redirect_uri: 'https://app.example/cb',
    client_id: 'client-1',
    client_secret: 'client-secret-1',
  })
  assert.equal(url.searchParams.get('redirect_uri'), 'https://app.example/cb')
  assert.equal(createHash('sha256').update(verifier).digest('base64url'), url.searchParams.get('code_challenge'))
})

test('quirks of providers are options: other names, no PKCE, basic authentication, extra parameters, scopes of the auth config', async (t) => {
  const { connect, tokenRequests } = await setUpConnecting(t, sqlite, {
    oauth2: {
      pkce: false,
      client_auth: 'client_secret_basic',
      scope_separator: ',',
      rename: { client_id: 'client_key', scope: 'user_scope', code: 'auth_code' },
      token_params: { audience: 'api' },
      token_headers: { 'x-version': '2' },
    },
    auth: { auth_config_fields: [{ name: 'scopes', aliases: ['user_scopes'] }] },
    credentials: { ...CLIENT, user_scopes: ['one', 'two three'] },
  })
  const { url, outcome } = await connect({ auth_code: 'code-7' })
  assert.equal(outcome.status, 'success')
  const { state: _state, ...asked } = query(url)
  assert.deepEqual(asked, {
    fixed: '1',
    response_type: 'code',
    client_key: 'client-1',
    redirect_uri: CALLBACK,
    user_scope: 'one,two,three',
  })
  const [request] = tokenRequests()
  assert.deepEqual(Object.fromEntries(new URLSearchParams(request?.body)), {
    grant_type: 'authorization_code',
    auth_code: 'code-7',
    redirect_uri: CALLBACK,
    audience: 'api',
  })
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from('client-1:client-secret-1').toString('base64')}`)
  assert.equal(request?.headers['x-version'], '2')
})

test('what the person typed, the callback says and the token answer holds becomes the connection, and feeds its URLs', async (t) => {
  const { link, start, finish, stored, world, upstream } = await setUpConnecting(t, sqlite, {
    oauth2: {
      authorization_url: '{{ base }}/{{ tenant }}/authorize',
      response: { access_token: 'authed_user.access_token', capture: { team_id: 'team.id' } },
      callback_capture: { realm: 'realmId' },
    },
    auth: {
      connection_fields: [
        { name: 'base', hidden: true },
        { name: 'tenant', required: true, pattern: '[a-z]+', prefix: 't-' },
        { name: 'realm' },
        { name: 'team_id', required: true },
      ],
    },
  })
  world.token = () => ({ body: { authed_user: { access_token: 'nested' }, team: { id: 'T1' } } })
  const { linkId, account, values } = await link({ values: { base: upstream.origin } })
  assert.deepEqual(values, { base: upstream.origin })
  await assert.rejects(start(linkId, { tenant: 'NO' }), {
    code: 'missing_credential_field',
    fields: [{ path: 'tenant', message: 'must match [a-z]+' }],
  })
  await assert.rejects(start(linkId, {}), { fields: [{ path: 'tenant', message: 'is required' }] })
  const url = await start(linkId, { tenant: 'acme', base: 'https://evil.example', access_token: 'planted' })
  assert.equal(url.origin + url.pathname, `${upstream.origin}/t-acme/authorize`)
  await finish({ state: stateOf(url), code: 'c', realmId: '42' })
  assert.deepEqual(await stored(account.id), {
    base: upstream.origin,
    tenant: 't-acme',
    realm: '42',
    team_id: 'T1',
    access_token: 'nested',
  })
})

test('a field that the auth config has set is asked of nobody', async (t) => {
  const { deps, link, start, connect, stored } = await setUpConnecting(t, sqlite, {
    oauth2: { authorization_params: { tenant: '{{ tenant }}' } },
    auth: { connection_fields: [{ name: 'tenant', required: true }] },
    credentials: { ...CLIENT, tenant: 'acme' },
  })
  const { linkId } = await link()
  assert.deepEqual((await openLink(deps, linkId)).fields, [])
  assert.equal((await start(linkId)).searchParams.get('tenant'), 'acme')
  const { id, outcome } = await connect()
  assert.deepEqual([outcome.status, Object.hasOwn(await stored(id), 'tenant')], ['success', false])
})

const failures: [string, ConnectingOptions, Record<string, unknown>, Record<string, string | string[]>, string][] = [
  ['a denial', {}, {}, { error: 'access_denied' }, 'The access was not allowed at Example (access_denied).'],
  ['an error code', {}, {}, { error: 'invalid_scope', error_description: 'secret words' }, 'Example refused (invalid_scope).'],
  ['markup for a code', {}, {}, { error: '<b>no</b>' }, 'Example refused.'],
  ['an error beside a code', {}, {}, { error: 'server_error', code: 'c' }, 'Example refused (server_error).'],
  ['neither code nor error', {}, {}, {}, 'Example sent no code.'],
  ['two codes', {}, {}, { code: ['a', 'b'] }, 'Example sent no code.'],
  [
    'another issuer',
    {},
    {},
    { code: 'c', iss: 'https://evil.example' },
    'The answer did not come from Example. Nothing was connected.',
  ],
  [
    'two issuers',
    {},
    {},
    { code: 'c', iss: ['https://a.example', 'https://b.example'] },
    'The answer did not come from Example. Nothing was connected.',
  ],
  [
    'an issuer that is not the declared one',
    { oauth2: { issuer: 'https://issuer.example' } },
    {},
    { code: 'c', iss: 'https://issuer.example/other' },
    'The answer did not come from Example. Nothing was connected.',
  ],
  [
    'a refused code',
    {},
    { status: 400, body: { error: 'invalid_grant' } },
    { code: 'c' },
    'Example did not hand out a token (invalid_grant).',
  ],
  [
    'a refused client',
    {},
    { status: 401, body: { error: 'invalid_client' } },
    { code: 'c' },
    "Example refused the app's own OAuth client (invalid_client): its client id, secret or redirect URI is wrong.",
  ],
  [
    'an answer that fails',
    {},
    { status: 502, body: '<html>' },
    { code: 'c' },
    'Example could not be asked for a token: it answered 502.',
  ],
  [
    'HTML',
    {},
    { body: '<html>token</html>' },
    { code: 'c' },
    'Example could not be asked for a token: it answered 200 with something that is no token answer.',
  ],
  [
    'no field that the token answer should hold',
    { oauth2: { response: { capture: { site: 'site' } } }, auth: { connection_fields: [{ name: 'site', required: true }] } },
    {},
    { code: 'c' },
    'Example granted access, but site is required.',
  ],
  [
    'an address that its tokens may not go to',
    {
      oauth2: { response: { capture: { site: 'site' } } },
      auth: { connection_fields: [{ name: 'site', required: true }] },
      more: { base_url: '{{ site }}', hosts: ['api.example.com'] },
    },
    { body: { access_token: 'a', site: 'https://evil.example' } },
    { code: 'c' },
    'Credentials of example may not go to https://evil.example.',
  ],
]

for (const [what, options, answer, params, reason] of failures)
  test(`${what} ends the connection with a reason of our own`, async (t) => {
    const { world, connect, account, events, tokenRequests } = await setUpConnecting(t, sqlite, options)
    if ('body' in answer) world.token = () => answer as { body: unknown }
    const { id, outcome } = await connect(params, { callbackUrl: 'https://app.example/' })
    assert.deepEqual([outcome.status, outcome.reason], ['failed', reason])
    assert.equal(outcome.returnTo, `https://app.example/?status=failed&connected_account_id=${id}`)
    const { status, statusReason } = await account(id)
    assert.deepEqual([status, statusReason], ['FAILED', reason])
    assert.deepEqual((await events(id)).at(-1), ['connected_account.status_changed', { from: 'INITIATED', to: 'FAILED', reason }])
    if (params['iss'] || params['error'] || !params['code']) assert.equal(tokenRequests().length, 0, 'its code is not spent')
  })

test('an answer that names its issuer rightly connects', async (t) => {
  const { connect, upstream } = await setUpConnecting(t, sqlite)
  assert.equal((await connect({ code: 'c', iss: `${upstream.origin}/tenant` })).outcome.status, 'success')
  const declared = await setUpConnecting(t, sqlite, { oauth2: { issuer: 'https://issuer.example' } })
  assert.equal((await declared.connect({ code: 'c', iss: 'https://issuer.example' })).outcome.status, 'success')
})

test('users are sent to no host that the toolkit does not vouch for, whatever they type', async (t) => {
  const { link, start } = await setUpConnecting(t, sqlite, {
    oauth2: { authorization_url: '{{ base }}/authorize' },
    auth: { connection_fields: [{ name: 'base', required: true }] },
  })
  const { linkId } = await link()
  await assert.rejects(start(linkId, { base: 'https://evil.example' }), { code: 'destination_not_allowed' })
  await assert.rejects(start(linkId, { base: 'javascript:alert(1)' }), { code: 'invalid_request' })
})

test('an app that disables the connection while its user is at the provider is not overruled', async (t) => {
  const { deps, projectId, link, start, finish, account, stored } = await setUpConnecting(t, sqlite)
  const { linkId, account: made } = await link()
  const state = stateOf(await start(linkId))
  await setAccountEnabled(deps, projectId, made.id, false)
  await assert.rejects(finish({ state, code: 'c' }), { code: 'link_closed' })
  assert.deepEqual([(await account(made.id)).status, await stored(made.id)], ['INACTIVE', {}])
})

test('what happens while the token is on its way wins: the app that disables, or the tab that was faster', async (t) => {
  const { world, deps, projectId, link, start, finish, account, stored } = await setUpConnecting(t, sqlite)
  const answer = world.token
  const first = await link()
  const state = stateOf(await start(first.linkId))
  world.token = async (params) => {
    await setAccountEnabled(deps, projectId, first.account.id, false)
    return answer(params)
  }
  const outcome = await finish({ state, code: 'c' })
  assert.deepEqual([outcome.status, outcome.reason], ['failed', 'The app ended this connection meanwhile.'])
  assert.deepEqual([(await account(first.account.id)).status, await stored(first.account.id)], ['INACTIVE', {}])

  const second = await link()
  const [slow, fast] = [stateOf(await start(second.linkId)), stateOf(await start(second.linkId))]
  world.token = async (params) => {
    world.token = answer
    await finish({ state: fast, code: 'fast' })
    return { body: { access_token: `late-${params.get('code')}` } }
  }
  await assert.rejects(finish({ state: slow, code: 'slow' }), { code: 'link_closed' })
  assert.deepEqual(
    [(await account(second.account.id)).status, (await stored(second.account.id))['access_token']],
    ['ACTIVE', 'access-1'],
  )
})

test('an auth config without a client, and a provider without a page, make no links', async (t) => {
  for (const [options, why] of [
    [{ credentials: {} }, /no client_id/],
    [{ credentials: { client_id: 'x' } }, /no client_secret/],
    [{ oauth2: { grant: 'client_credentials' } }, /no page/],
    [{ oauth2: { client_auth: 'private_key_jwt' } }, /no private_key/],
  ] as [ConnectingOptions, RegExp][]) {
    const { link } = await setUpConnecting(t, sqlite, options)
    await assert.rejects(
      link(),
      (error: { code: string; message: string }) => error.code === 'not_connectable' && why.test(error.message),
    )
  }
  const { link, connect } = await setUpConnecting(t, sqlite, {
    oauth2: { client_auth: 'none' },
    credentials: { client_id: 'public' },
  })
  await link()
  assert.equal((await connect()).outcome.status, 'success')
})

test('a client that signs proves itself so when it trades the code', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const { connect, tokenRequests, upstream } = await setUpConnecting(t, sqlite, {
    oauth2: { client_auth: 'private_key_jwt' },
    credentials: { client_id: 'signer', client_secret: 'not-for-travel', private_key },
  })
  const { outcome, url } = await connect()
  assert.equal(outcome.status, 'success')
  assert.doesNotMatch(url.href, /PRIVATE|not-for-travel/)
  const params = new URLSearchParams(tokenRequests()[0]?.body)
  const options = { audience: `${upstream.origin}/token`, issuer: 'signer', subject: 'signer' }
  await jwtVerify(params.get('client_assertion') ?? '', publicKey, options)
  assert.deepEqual([params.get('client_secret'), params.get('client_id')], [null, 'signer'])
})

test('a client that the auth config lost meanwhile stops the trip, and a new one is used from the next call on', async (t) => {
  const { deps, projectId, oauthConfig, link, start, finish, tokenRequests } = await setUpConnecting(t, sqlite)
  const { linkId } = await link()
  const state = stateOf(await start(linkId))
  await patchAuthConfig(deps, projectId, oauthConfig, { credentials: { client_secret: 'client-secret-2' } })
  assert.equal((await finish({ state, code: 'c' })).status, 'success')
  assert.equal(new URLSearchParams(tokenRequests()[0]?.body).get('client_secret'), 'client-secret-2')
  const { linkId: second } = await link()
  await patchAuthConfig(deps, projectId, oauthConfig, { enabled: false })
  await assert.rejects(start(second), { code: 'auth_config_disabled' })
  await assert.rejects(openLink(deps, second), { code: 'auth_config_disabled' })
})
