import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpConnecting } from '../../../testing/connecting.ts'
import { testDatabases } from '../../../testing/databases.ts'
import { PUBLIC_URL } from '../../../testing/test-deps.ts'
import { deleteAccount, patchAccount } from '../accounts/accounts.service.ts'
import { patchProjectConfig } from '../projects/projects.service.ts'
import { createLink, createReconnectLink } from './create-link.ts'
import { openLink } from './open-link.ts'
import { expireIfOverdue, expireOverdueLinks } from './overdue-links.ts'
import { submitCredential } from './submit-credential.ts'

const [sqlite] = testDatabases()
assert.ok(sqlite)
const MINUTE = 60_000

for (const database of testDatabases()) {
  test(`a link shows what its page needs, counts ten minutes, and ends the connection when nobody came (${database.name})`, async (t) => {
    const { world, deps, link, account, events } = await setUpConnecting(t, database, {
      oauth2: { default_scopes: ['read'] },
      more: { logo: 'https://example.com/logo.svg', app_url: 'https://example.com', auth_guide_url: 'https://example.com/guide' },
    })
    const { linkId, url, expiresAt, account: made } = await link()
    assert.match(linkId, /^lk_[\w-]{32}$/)
    assert.deepEqual([url, expiresAt], [`${PUBLIC_URL}/link/${linkId}`, world.now + 10 * MINUTE])
    assert.deepEqual(await openLink(deps, linkId), {
      linkId,
      toolkit: {
        slug: 'example',
        name: 'Example',
        description: 'A provider that only the tests know.',
        logo: 'https://example.com/logo.svg',
        appUrl: 'https://example.com',
      },
      authGuideUrl: 'https://example.com/guide',
      scheme: 'OAUTH2',
      continuesAtProvider: true,
      reconnects: false,
      scopes: ['read'],
      fields: [],
      projectName: 'test',
      state: 'open',
      expiresAt,
    })
    world.now += 10 * MINUTE - 1
    assert.equal(await expireOverdueLinks(deps), 0)
    assert.equal((await openLink(deps, linkId)).state, 'open')
    world.now += 1
    assert.equal((await openLink(deps, linkId)).state, 'expired')
    assert.deepEqual(await Promise.all([expireOverdueLinks(deps), expireOverdueLinks(deps)]).then((all) => all.length), 2)
    const { status, statusReason } = await account(made.id)
    assert.deepEqual([status, statusReason], ['EXPIRED', 'Its user did not connect it before the link expired.'])
    assert.equal((await events(made.id)).length, 2, 'two servers at once tell it once')
    world.now += 25 * 60 * MINUTE
    await expireOverdueLinks(deps)
    await assert.rejects(openLink(deps, linkId), { code: 'link_not_found' })
  })

  test(`whoever looks at an account after its time sees it EXPIRED, and an account in use costs nothing (${database.name})`, async (t) => {
    const { world, deps, link, connect, account, start } = await setUpConnecting(t, database)
    const { linkId, account: made } = await link()
    world.now += 9 * MINUTE
    await start(linkId)
    world.now += 9 * MINUTE
    assert.equal((await expireIfOverdue(deps, made)).status, 'INITIATED', 'a user on the way has as long again')
    world.now += MINUTE
    assert.equal((await expireIfOverdue(deps, made)).status, 'EXPIRED')
    assert.equal((await account(made.id)).status, 'EXPIRED')
    const { id } = await connect()
    const active = await account(id)
    assert.equal(await expireIfOverdue(deps, active), active)
  })

  test(`a typed key is asked of the provider before it counts; what is refused leaves the link open (${database.name})`, async (t) => {
    const { deps, projectId, keyConfig, world, account, stored } = await setUpConnecting(t, database)
    const { linkId, account: made } = await createLink(deps, projectId, {
      authConfigId: keyConfig,
      userId: 'ada',
      values: { team: 'blue' },
      callbackUrl: 'http://app.example/',
    })
    const { fields, continuesAtProvider } = await openLink(deps, linkId)
    assert.deepEqual([fields.map(({ name }) => name), continuesAtProvider], [['region', 'api_key'], false])
    const submit = (values: Record<string, unknown>) => submitCredential(deps, linkId, values)
    await assert.rejects(submit({ region: 'mars' }), {
      code: 'missing_credential_field',
      fields: [
        { path: 'region', message: 'must be one of eu, us' },
        { path: 'api_key', message: 'is required' },
      ],
    })
    await assert.rejects(submit({ region: 'eu', api_key: 'bad-key' }), { code: 'credential_rejected' })
    world.me = { status: 503, body: {} }
    await assert.rejects(submit({ region: 'eu', api_key: 'good-key' }), { code: 'credential_unverifiable' })
    world.me = { body: {} }
    assert.deepEqual([(await openLink(deps, linkId)).state, await stored(made.id)], ['open', { team: 'blue' }])

    const outcome = await submit({ region: ' eu ', api_key: 'good-key', team: 'red', base_url: 'https://evil.example' })
    assert.deepEqual(
      [outcome.status, outcome.returnTo],
      ['success', `http://app.example/?status=success&connected_account_id=${made.id}`],
    )
    assert.deepEqual(await stored(made.id), { region: 'eu', api_key: 'good-key', team: 'blue' })
    assert.equal((await account(made.id)).status, 'ACTIVE')
    await assert.rejects(submit({ region: 'eu', api_key: 'good-key' }), { code: 'link_closed' })
  })

  test(`a link to connect again asks for the credential anew, keeps the rest, and ends the links before it (${database.name})`, async (t) => {
    const { deps, projectId, keyConfig, link, connect, account, stored, world } = await setUpConnecting(t, database)
    const first = await createLink(deps, projectId, { authConfigId: keyConfig, userId: 'ada' })
    await submitCredential(deps, first.linkId, { region: 'us', api_key: 'good-key' })
    await assert.rejects(createReconnectLink(deps, projectId, 'ca_unknown', undefined), { code: 'account_not_found' })
    await expireByHand(deps, first.account.id)
    const second = await createReconnectLink(deps, projectId, first.account.id, undefined)
    const third = await createReconnectLink(deps, projectId, first.account.id, 'https://app.example/again')
    assert.equal((await openLink(deps, second.linkId)).state, 'used')
    const view = await openLink(deps, third.linkId)
    assert.deepEqual([view.reconnects, view.fields.map(({ name }) => name)], [true, ['team', 'api_key']])
    await assert.rejects(submitCredential(deps, third.linkId, {}), { fields: [{ path: 'api_key', message: 'is required' }] })
    await submitCredential(deps, third.linkId, { api_key: 'good-key', team: 'red' })
    assert.deepEqual(await stored(first.account.id), { region: 'us', team: 'red', api_key: 'good-key' })

    const granted = await connect()
    await expireByHand(deps, granted.id)
    const again = await createReconnectLink(deps, projectId, granted.id, undefined)
    assert.equal((await account(granted.id)).status, 'INITIATED')
    assert.equal((await stored(granted.id))['access_token'], 'access-1', 'until its user is back, nothing is lost')
    assert.equal((await openLink(deps, again.linkId)).reconnects, true)
    world.now += 10 * MINUTE
    await expireOverdueLinks(deps)
    assert.equal((await account(granted.id)).status, 'EXPIRED')
    await assert.rejects(createReconnectLink(deps, projectId, (await connect()).id, undefined), { code: 'account_not_active' })
    assert.equal((await openLink(deps, (await link()).linkId)).reconnects, false)
  })
}

async function expireByHand({ db }: Awaited<ReturnType<typeof setUpConnecting>>['deps'], id: string): Promise<void> {
  await db.updateTable('connected_account').set({ status: 'EXPIRED' }).where('id', '=', id).execute()
}

test('a connection that gets its credential from the app, or is deleted, needs its link no longer', async (t) => {
  const { deps, projectId, link, account, start } = await setUpConnecting(t, sqlite)
  const patched = await link()
  const credential = { scheme: 'OAUTH2' as const, val: { access_token: 'from-the-app' } }
  assert.equal((await patchAccount(deps, projectId, patched.account.id, { credential })).status, 'ACTIVE')
  assert.equal((await account(patched.account.id)).status, 'ACTIVE')
  await assert.rejects(start(patched.linkId), { code: 'link_closed' })
  const deleted = await link()
  await deleteAccount(deps, projectId, deleted.account.id)
  await assert.rejects(openLink(deps, deleted.linkId), { code: 'link_not_found' })
  for (const wrong of ['', 'lk_', `${deleted.linkId}x`, deleted.account.id, '../etc'])
    await assert.rejects(openLink(deps, wrong), { code: 'link_not_found' })
})

test('browsers end at addresses of the app alone', async (t) => {
  const { deps, projectId, link } = await setUpConnecting(t, sqlite)
  const refused = { code: 'invalid_request', fields: [{ path: 'callback_url' }] }
  const wrong = [
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp://done',
    '//evil.example',
    '/done',
    'https://user:pass@app.example/',
    'https://app.example/ x',
    'https:\\\\evil.example',
    'https://app.example/\nx',
    `https://app.example/${'x'.repeat(2_100)}`,
  ]
  for (const callbackUrl of wrong)
    await assert.rejects(link({ callbackUrl }), (error: typeof refused) => {
      assert.deepEqual([error.code, error.fields[0]?.path], ['invalid_request', 'callback_url'], callbackUrl)
      return true
    })
  const rules = ['https://app.example/done', 'http://localhost:3000']
  await patchProjectConfig(deps, projectId, { allowedCallbackUrls: rules })
  for (const callbackUrl of ['https://app.example/done', 'https://app.example/done/x?y=1', 'http://localhost:3000/any'])
    await link({ callbackUrl })
  for (const callbackUrl of [
    'https://app.example/done-not',
    'https://app.example/',
    'https://app.example.evil.example/done',
    'https://evil.example/done',
    'http://app.example/done',
    'https://app.example:444/done',
    'https://app.example/done/../other',
    'http://localhost:3001/',
  ])
    await assert.rejects(link({ callbackUrl }), /callback_url leads to .* which the project does not allow/, callbackUrl)
  await link({})
})

test('the app is told what it set wrong, by name', async (t) => {
  const { link, deps, projectId, keyConfig } = await setUpConnecting(t, sqlite)
  const bad = { authConfigId: keyConfig, userId: 'ada', values: { region: 'mars' } }
  await assert.rejects(createLink(deps, projectId, bad), {
    fields: [{ path: 'connection_data.region', message: 'must be one of eu, us' }],
  })
  await assert.rejects(link({ values: { access_token: 'abcd...' } }), {
    fields: [{ path: 'connection_data.access_token', message: 'is a masked value' }],
  })
  await assert.rejects(link({ acl: { allowAllUsers: true } }), { code: 'invalid_request' })
  await link({ alias: 'work' })
  await assert.rejects(link({ alias: 'work' }), { code: 'alias_taken' })
  await assert.rejects(link({ authConfigId: 'ac_unknown' }), { code: 'auth_config_not_found' })
})

test('what the auth config shares is not asked for, and not copied', async (t) => {
  const { deps, projectId, keyConfig, stored } = await setUpConnecting(t, sqlite, {
    shared: { region: 'eu', api_key: 'good-key' },
  })
  const { linkId, account } = await createLink(deps, projectId, { authConfigId: keyConfig, userId: 'ada' })
  assert.deepEqual(
    (await openLink(deps, linkId)).fields.map(({ name }) => name),
    ['team'],
  )
  assert.equal((await submitCredential(deps, linkId, {})).status, 'success')
  assert.deepEqual(await stored(account.id), {})
})
