import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { type MintUpstream, startMintUpstream } from '../../../testing/mint-upstream.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import type { NewAuthConfig } from '../auth-configs/auth-configs.service.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import { createOpenedCache, readCredential } from '../credentials/credentials.service.ts'
import { executeTool } from '../execution/execute-tool.ts'
import { createCatalogue } from '../toolkits/catalogue.ts'
import type { AuthDefinition } from '../toolkits/definition.ts'
import { exampleTool, exampleToolkit } from '../toolkits/fixture.testing.ts'
import { refreshAccount } from './account-refresh.ts'
import { createAccount, patchAccount, requireAccount } from './accounts.service.ts'
import { startRefreshSchedule } from './refresh-schedule.ts'
import { createRefreshState } from './refresh-state.ts'

const MINUTE = 60_000

interface Scheme {
  readonly auth: (upstream: MintUpstream) => AuthDefinition
  readonly good: (upstream: MintUpstream) => CredentialValues
  readonly bad: (upstream: MintUpstream) => CredentialValues
  readonly who: string
}

/** One for each way in which a token is made of what is stored. */
const SCHEMES: Partial<Record<AuthScheme, Scheme>> = {
  GOOGLE_SERVICE_ACCOUNT: {
    auth: () => ({ scheme: 'GOOGLE_SERVICE_ACCOUNT' }),
    good: ({ keyFile }) => ({ credentials_json: keyFile() }),
    bad: ({ keyFile, strangersKey }) => ({ credentials_json: keyFile({ private_key: strangersKey }) }),
    who: 'robot:mail.read mail.send',
  },
  SERVICE_ACCOUNT: {
    auth: ({ origin }) => ({
      scheme: 'SERVICE_ACCOUNT',
      assertion: { key: '{{ private_key }}', alg: 'RS256', issuer: '{{ application_id }}', lifetime_seconds: 540 },
      exchange: {
        url: `${origin}/app/installations/{{ installation_id }}/access_tokens`,
        headers: { Authorization: 'Bearer {{ assertion }}' },
        response: { access_token: 'token' },
      },
    }),
    good: ({ privateKey }) => ({ application_id: 'app-1', installation_id: '77', private_key: privateKey }),
    bad: ({ strangersKey }) => ({ application_id: 'app-1', installation_id: '77', private_key: strangersKey }),
    who: 'installation 77',
  },
  BASIC_WITH_JWT: {
    auth: ({ origin }) => ({
      scheme: 'BASIC_WITH_JWT',
      exchange: {
        url: `${origin}/login`,
        body: { username: '{{ username }}', password: '{{ password }}', otp: '{{ jwt }}' },
        response: { access_token: 'data.jwt', expires_in_jwt: true },
      },
    }),
    good: () => ({ username: 'ann', password: 'open sesame' }),
    bad: () => ({ username: 'ann', password: 'wrong password' }),
    who: 'ann',
  },
  API_KEY: {
    auth: ({ origin }) => ({
      scheme: 'API_KEY',
      placements: [{ in: 'header', name: 'x-session', template: '{{ access_token }}' }],
      exchange: {
        url: `${origin}/trade`,
        body_format: 'form',
        body: { api_key: '{{ api_key }}' },
        response: { access_token: 'session.id', expires_in: 'session.ttl', expires_unit: 'milliseconds' },
      },
    }),
    good: () => ({ generic_api_key: 'key-0001-of-ann' }),
    bad: () => ({ api_key: 'key-0002-of-ann' }),
    who: 'key',
  },
}

async function setUp(t: TestContext, database: TestDatabase, scheme: AuthScheme, config: Partial<NewAuthConfig> = {}) {
  const upstream = await startMintUpstream(t)
  const { world, host, origin } = upstream
  const found = SCHEMES[scheme]
  assert.ok(found)
  const toolkit = exampleToolkit(
    {
      base_url: origin,
      hosts: [host],
      auth: [
        found.auth(upstream),
        { scheme: 'OAUTH2', oauth2: { token_url: `${origin}/unused`, default_scopes: ['mail.read', 'mail.send'] } },
      ],
    },
    [exampleTool({ method: 'GET', path: '/me' })],
  )
  const statements: string[] = []
  const real = await testDeps(t, database, {
    catalogue: createCatalogue([toolkit]),
    allowHosts: [host],
    onStatement: (sql) => statements.push(sql),
  })
  const deps = { ...real, now: () => world.now }
  const projectId = await testProject(deps)
  const authConfigId = await testAuthConfig(deps, projectId, 'example', scheme, config)
  const give = async (val: CredentialValues, validate = false) =>
    (await createAccount(deps, projectId, { authConfigId, userId: 'user_1', credential: { scheme, val }, validate })).account.id
  const call = (accountId: string, over = deps) =>
    executeTool(over, projectId, { toolSlug: 'EXAMPLE_CALL', arguments: {}, accountId })
  const stored = async (id: Awaited<ReturnType<typeof give>>) =>
    (await readCredential(deps.credentials, { projectId, ownerId: id }))?.credential.val ?? {}
  const statusOf = async (id: string) => (await requireAccount(deps, projectId, id)).account
  return { upstream, world, deps, projectId, give, call, stored, statusOf, statements, ...found }
}

for (const database of testDatabases())
  for (const scheme of Object.keys(SCHEMES) as AuthScheme[])
    test(`${scheme}: a token is made at the first call, kept, and made anew when it nears its end (${database.name})`, async (t) => {
      const { upstream, world, deps, projectId, give, call, stored, statusOf, statements, good, bad, who } = await setUp(
        t,
        database,
        scheme,
      )
      const id = await give(good(upstream))
      assert.deepEqual(
        [(await statusOf(id)).status, world.minted, upstream.seen.length],
        ['ACTIVE', 0, 0],
        'an import asks nobody',
      )

      assert.deepEqual((await call(id)).data, { who })
      statements.length = 0
      await call(id)
      assert.deepEqual([world.minted, statements.filter((sql) => !sql.startsWith('select'))], [1, []])
      assert.ok(statements.length <= 1)
      assert.equal('refresh_token' in (await stored(id)), false)

      const restarted = {
        ...deps,
        refreshes: createRefreshState(),
        credentials: { ...deps.credentials, opened: createOpenedCache() },
      }
      await call(id, restarted)
      assert.equal(world.minted, 1, 'another server, or this one started again, uses the same token')

      world.now += 56 * MINUTE
      world.down = true
      assert.deepEqual((await call(id)).data, { who }, 'a provider that stumbles does not matter while the token lives')
      world.down = false
      world.now += 2 * MINUTE
      await call(id)
      assert.equal(world.minted, 2)

      upstream.revokeAll()
      assert.deepEqual((await call(id)).data, { who }, 'a 401 makes a new one, and the call again')
      assert.equal(world.minted, 3)

      world.now += 2 * 60 * MINUTE
      let waiting = 0
      world.beforeAnswer = async () => void waiting++
      const together = await Promise.all(Array.from({ length: 20 }, (_, n) => call(id, n % 2 ? deps : restarted)))
      assert.ok(together.every(({ successful }) => successful))
      assert.deepEqual([world.minted, waiting], [4, 1], 'twenty calls over two servers make one token')

      await patchAccount(deps, projectId, id, { credential: { scheme, val: bad(upstream) } })
      assert.equal('access_token' in (await stored(id)), false, 'the token of the old key went with it')
      await assert.rejects(call(id), { code: 'account_not_active', message: /EXPIRED: .* gives no token for this credential/ })
      assert.equal((await statusOf(id)).status, 'EXPIRED')
      await assert.rejects(call(id), { code: 'account_not_active' })

      await patchAccount(deps, projectId, id, { credential: { scheme, val: good(upstream) } })
      assert.deepEqual((await call(id)).data, { who })
      assert.equal((await refreshAccount(deps, projectId, id)).status, 'ACTIVE')
      assert.equal(world.minted, 6)
    })

const [sqlite] = testDatabases()
assert.ok(sqlite)

for (const scheme of Object.keys(SCHEMES) as AuthScheme[])
  test(`${scheme}: validate_credentials makes the token and keeps it; what the provider refuses is not stored`, async (t) => {
    const { upstream, world, deps, give, call, good, bad, who } = await setUp(t, sqlite, scheme)
    const id = await give(good(upstream), true)
    assert.equal(world.minted, 1)
    assert.deepEqual([(await call(id)).data, world.minted], [{ who }, 1])
    await assert.rejects(give(bad(upstream), true), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'credential_rejected')
      assert.doesNotMatch(error.message, /PRIVATE|key-0002|wrong password/)
      return true
    })
    world.down = true
    await assert.rejects(give(good(upstream), true), { code: 'credential_unverifiable' })
    assert.equal((await deps.db.selectFrom('connected_account').selectAll().execute()).length, 1)
  })

test('a service account acts for a user, and asks for the scopes of the connection, the auth config, or the toolkit', async (t) => {
  const { upstream, give, call } = await setUp(t, sqlite, 'GOOGLE_SERVICE_ACCOUNT', { credentials: { scopes: 'calendar, docs' } })
  const credentials_json = upstream.keyFile()
  assert.deepEqual((await call(await give({ credentials_json, subject: 'ann@corp.example' }))).data, {
    who: 'ann@corp.example:calendar docs',
  })
  const own = await give({ credentials_json: JSON.parse(credentials_json), delegated_user: 'bo@corp.example', scopes: 'one' })
  assert.deepEqual((await call(own)).data, { who: 'bo@corp.example:one' })
  const [first] = upstream.assertions()
  assert.deepEqual([first?.iss, first?.sub, first?.['scope']], ['robot@project.example', 'ann@corp.example', 'calendar docs'])
})

test('a key file cannot lead the signature to a host of its own choice', async (t) => {
  const { upstream, give, deps } = await setUp(t, sqlite, 'GOOGLE_SERVICE_ACCOUNT')
  const evil = await startMintUpstream(t)
  for (const token_uri of [
    'https://evil.example/token',
    `${evil.origin}/token`,
    `http://oauth2.googleapis.com/token`,
    'https://oauth2.googleapis.com.evil.example/token',
    'https://oauth2.googleapis.com@evil.example/token',
    'https://169.254.169.254/token',
    'file:///etc/passwd',
  ])
    await assert.rejects(
      give({ credentials_json: upstream.keyFile({ token_uri }) }),
      (error: Error & { code?: string; fields?: { path: string }[] }) => {
        assert.match(error.code ?? '', /^(destination_not_allowed|invalid_request)$/, token_uri)
        assert.match(error.fields?.[0]?.path ?? '', /^connection\.state\.val/)
        return true
      },
    )
  assert.deepEqual([upstream.seen, evil.seen, await deps.db.selectFrom('connected_account').selectAll().execute()], [[], [], []])
  const { token_uri: _own, ...rest } = JSON.parse(upstream.keyFile()) as Record<string, unknown>
  await give({ credentials_json: JSON.stringify(rest) })
})

test('an import of which no token could be made is refused by what it lacks', async (t) => {
  const account = await setUp(t, sqlite, 'SERVICE_ACCOUNT')
  for (const [change, field] of [
    [{ private_key: 'not a key' }, 'connection.state.val.private_key'],
    [{ private_key: null }, 'connection.state.val.private_key'],
    [{ installation_id: '..' }, 'connection.state.val.installation_id'],
  ] as const)
    await assert.rejects(
      account.give({ ...account.good(account.upstream), ...change }),
      (error: Error & { fields?: { path: string }[] }) => {
        assert.equal(error.fields?.[0]?.path, field)
        return true
      },
    )
  const id = await account.give(account.good(account.upstream))
  await assert.rejects(
    patchAccount(account.deps, account.projectId, id, {
      credential: { scheme: 'SERVICE_ACCOUNT', val: { private_key: 'torn' } },
    }),
    { code: 'invalid_request' },
  )
  assert.equal((await account.call(id)).successful, true, 'a patch that is refused changes nothing')
})

test('while no token can be had the connection stays ACTIVE; a custom connection makes one for its call alone', async (t) => {
  const { upstream, world, deps, projectId, give, call, statusOf, good, bad, who } = await setUp(t, sqlite, 'BASIC_WITH_JWT')
  const id = await give(good(upstream))
  world.down = true
  await assert.rejects(call(id), { code: 'refresh_unavailable' })
  assert.equal((await statusOf(id)).status, 'ACTIVE')
  world.down = false
  world.now += 2 * MINUTE
  assert.deepEqual((await call(id)).data, { who })

  const custom = (val: CredentialValues) =>
    executeTool(deps, projectId, {
      toolSlug: 'EXAMPLE_CALL',
      arguments: {},
      customConnection: { scheme: 'BASIC_WITH_JWT', val },
    })
  assert.deepEqual((await custom(good(upstream))).data, { who })
  await assert.rejects(custom(bad(upstream)), { code: 'credential_rejected' })
})

test('a token that nobody uses is not made anew in the background', async (t) => {
  const { upstream, world, deps, give, call, good } = await setUp(t, sqlite, 'API_KEY')
  const id = await give(good(upstream))
  await call(id)
  const schedule = startRefreshSchedule(deps, { everyMs: 3_600_000 })
  t.after(() => schedule.close())
  world.now += 57 * MINUTE
  assert.deepEqual([await schedule.runOnce(), await schedule.runOnce(), world.minted], [1, 0, 1])
  assert.equal((await call(id)).successful, true)
  assert.equal(world.minted, 1, 'it still lives')
  world.now += 4 * MINUTE
  assert.equal((await call(id)).successful, true)
  assert.equal(world.minted, 2)
})

test('a key that is replaced while its token is made does not get the token of the old one', async (t) => {
  const { upstream, world, deps, projectId, give, call, stored } = await setUp(t, sqlite, 'GOOGLE_SERVICE_ACCOUNT')
  const credentials_json = upstream.keyFile()
  const id = await give({ credentials_json, subject: 'ann@corp.example' })
  world.beforeAnswer = async () => {
    world.beforeAnswer = async () => {}
    await patchAccount(deps, projectId, id, { credential: { scheme: 'GOOGLE_SERVICE_ACCOUNT', val: { subject: null } } })
  }
  assert.deepEqual((await call(id)).data, { who: 'robot:mail.read mail.send' })
  assert.equal(world.minted, 2)
  assert.equal((await stored(id))['subject'], undefined)
})

test('a token that is refused though it is fresh is not made again and again', async (t) => {
  const { upstream, world, give, call, good } = await setUp(t, sqlite, 'API_KEY')
  const id = await give(good(upstream))
  world.ttlSeconds = 0
  for (let n = 0; n < 4; n++) assert.equal((await call(id)).successful, false)
  assert.equal(world.minted, 2)
})
