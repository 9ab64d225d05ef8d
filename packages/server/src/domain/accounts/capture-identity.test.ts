import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { CLIENT, setUpGrants } from '../../../testing/grants.ts'
import { requireAuthConfig } from '../auth-configs/auth-configs.service.ts'
import { refreshAccount } from './account-refresh.ts'
import { deleteAccount, patchAccount } from './accounts.service.ts'
import { captureIdentity } from './capture-identity.ts'
import { importAccount } from './import-account.ts'
import type { NewAccount } from './new-account.ts'

const VERIFICATION = { path: '/me', identity: { id: 'id', email: 'mail', name: 'login' } }
const KIM = { id: 7, mail: 'kim@example.com', login: 'kim' }
const SHOWN = { id: '7', email: 'kim@example.com', name: 'kim', scopes: ['read', 'write'], source: 'provider' }
const GRANT = { access_token: 'access-1', scope: 'read write' }
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

for (const database of testDatabases()) {
  const setUp = async (t: Parameters<typeof setUpGrants>[0], verification: object | undefined = VERIFICATION, oauth2 = {}) => {
    const grants = await setUpGrants(t, database, oauth2, CLIENT, {
      ...(verification && { verification: verification as never }),
    })
    const { deps, projectId, authConfigId, world } = grants
    world.me = KIM
    const config = await requireAuthConfig(deps, projectId, authConfigId)
    const take = (val: object = GRANT, more: Partial<NewAccount> = {}) =>
      importAccount(deps, projectId, { authConfigId, userId: 'u', credential: { val: { ...val } }, ...more }, config)
    const identityOf = async (id: string) => (await grants.statusOf(id)).identity
    return { ...grants, take, identityOf }
  }

  test(`the check of a credential also says whose it is, and which connections are the same (${database.name})`, async (t) => {
    const { take, identityOf, world, deps, projectId } = await setUp(t)
    const first = await take(GRANT, { validate: true })
    assert.deepEqual([await identityOf(first.account.id), first.duplicateOf], [SHOWN, []])
    const second = await take(GRANT, { validate: true, credential: { val: { access_token: 'access-2' } } })
    assert.deepEqual(second.duplicateOf, [first.account.id])
    const unasked = await take()
    assert.deepEqual([await identityOf(unasked.account.id), unasked.duplicateOf], [null, []])
    const ofAnother = await take(GRANT, { validate: true, userId: 'v' })
    assert.deepEqual(ofAnother.duplicateOf, [])
    world.me = { ...KIM, id: 8 }
    assert.deepEqual((await take(GRANT, { validate: true })).duplicateOf, [])
    world.me = KIM
    await deleteAccount(deps, projectId, first.account.id)
    const [row] = await deps.db.selectFrom('connected_account').selectAll().where('id', '=', first.account.id).execute()
    assert.deepEqual([row?.identity, row?.identity_id], [null, null], 'a deleted connection forgets whose it was')
    assert.deepEqual((await take(GRANT, { validate: true })).duplicateOf, [second.account.id])
  })

  test(`a refresh that asks the provider learns it too, and so does whoever has connected (${database.name})`, async (t) => {
    const { take, identityOf, deps, projectId, statusOf, world } = await setUp(t)
    const { account } = await take()
    await refreshAccount(deps, projectId, account.id)
    assert.deepEqual(await identityOf(account.id), SHOWN)
    assert.equal((await statusOf(account.id)).updatedAt, account.updatedAt)

    const other = (await take()).account
    assert.deepEqual(await captureIdentity(deps, projectId, other.id), { identity: SHOWN, duplicateOf: [account.id] })
    world.good = 'none'
    assert.deepEqual(await captureIdentity(deps, projectId, other.id), { identity: null, duplicateOf: [] })
    assert.deepEqual(await identityOf(other.id), SHOWN, 'what was known is kept')
    await patchAccount(deps, projectId, other.id, { alias: 'kim' })
    assert.deepEqual(await identityOf(other.id), SHOWN)
  })

  test(`without an identity in the verification call, userinfo says it, and an ID token its claims (${database.name})`, async (t) => {
    const userinfo_url = 'https://userinfo.example.com/me'
    const { take, deps, projectId, identityOf, world } = await setUp(t, { path: '/me' }, { userinfo_url })
    world.me = { sub: 'subject', email: 'a@b.c' }
    const asked: string[] = []
    const send: typeof deps.outbound.send = async (request) => {
      if (request.url.hostname !== 'userinfo.example.com') return deps.outbound.send(request)
      assert.ok(request.mayReceiveCredentials?.(request.url), 'the toolkit itself names the host')
      asked.push(String(request.headers?.['authorization']))
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(world.me)), url: userinfo_url }
    }
    const { account } = await take({ ...GRANT, id_token: jwt({ sub: 'claimed', aud: CLIENT.client_id }) })
    assert.deepEqual([(await identityOf(account.id))?.id, (await identityOf(account.id))?.source], ['claimed', 'id_token'])
    const found = await captureIdentity({ ...deps, outbound: { ...deps.outbound, send } }, projectId, account.id)
    assert.deepEqual([found.identity?.id, found.identity?.source, asked], ['subject', 'provider', ['Bearer access-1']])
    const silent: typeof deps.outbound.send = async (request) => {
      if (request.url.hostname !== 'userinfo.example.com') return deps.outbound.send(request)
      return { status: 500, headers: {}, body: Buffer.from('{"sub":"wrong"}'), url: userinfo_url }
    }
    const claimed = await captureIdentity({ ...deps, outbound: { ...deps.outbound, send: silent } }, projectId, account.id)
    assert.equal(claimed.identity?.id, 'claimed')
  })
}
