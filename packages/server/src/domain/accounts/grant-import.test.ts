import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { CLIENT, rotating, setUpGrants } from '../../../testing/grants.ts'
import { patchAccount } from './accounts.service.ts'

const GRANT = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 3600 }
const OWN = { client_id: 'client-2', client_secret: 'client-secret-2' }
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

for (const database of testDatabases()) {
  test(`a grant of another client is refused before anything is stored, and taken with that client (${database.name})`, async (t) => {
    const { world, give, importGrant, call, asked, deps, upstream } = await setUpGrants(t, database)
    world.token = rotating({ value: 1 })
    const theirs = { ...GRANT, id_token: jwt({ aud: OWN.client_id, sub: 'u' }) }
    await assert.rejects(importGrant(theirs), { code: 'grant_client_mismatch' })
    assert.deepEqual([await deps.db.selectFrom('connected_account').select('id').execute(), upstream.seen.length], [[], 0])
    const id = await give({ ...theirs, ...OWN })
    world.now += 3_600_000
    await call(id)
    assert.equal(asked(), 1)
    const sent = new URLSearchParams(upstream.seen[0]?.body)
    assert.deepEqual([sent.get('client_id'), sent.get('client_secret')], [OWN.client_id, OWN.client_secret])
  })

  test(`a patch that brings a grant of another client changes nothing (${database.name})`, async (t) => {
    const { give, stored, deps, projectId } = await setUpGrants(t, database)
    const id = await give({ ...GRANT, id_token: jwt({ aud: CLIENT.client_id }) })
    const before = await stored(id)
    const patch = (val: object) => patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val: { ...val } } })
    await assert.rejects(patch({ refresh_token: 'r', id_token: jwt({ aud: 'another' }) }), { code: 'grant_client_mismatch' })
    await assert.rejects(patch({ client_id: 'another' }), { code: 'grant_client_mismatch' })
    assert.deepEqual(await stored(id), before)
    await patch({ ...GRANT, access_token: 'access-2', ...OWN })
    assert.equal((await stored(id))['client_id'], OWN.client_id)
  })

  test(`the whole token answer of a provider that nests its tokens is a grant (${database.name})`, async (t) => {
    const response = { access_token: 'authed_user.access_token', refresh_token: 'authed_user.refresh_token' }
    const { give, stored, call, sent, deps, projectId } = await setUpGrants(t, database, { response })
    const id = await give({ ok: true, access_token: 'of-the-bot', authed_user: { access_token: 'of-the-user', scope: 's' } })
    await call(id)
    assert.deepEqual(
      [sent(), await stored(id)],
      [['Bearer of-the-user'], { ok: true, access_token: 'of-the-user', authed_user: { scope: 's' } }],
    )
    const val = { authed_user: { access_token: 'next-of-the-user' } }
    await patchAccount(deps, projectId, id, { credential: { scheme: 'OAUTH2', val } })
    await call(id)
    assert.equal(sent().at(-1), 'Bearer next-of-the-user')
  })
}
