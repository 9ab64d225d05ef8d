import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Static } from 'typebox'
import { testDatabases } from '../../../testing/databases.ts'
import { openRouteApp, refusalOf } from '../../../testing/route-app.ts'
import type { ConnectedAccountPage, WireConnectedAccount } from './connected-accounts.schema.ts'
import type { CohortHandoverReply, HandoverReply } from './handover.schema.ts'

const CLIENT = { credentials: { client_id: 'client', client_secret: 'client-secret' } }
const GRANT = { access_token: 'an-access-token', refresh_token: 'a-refresh-token', expires_in: 3600 }

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`who refreshes a grant is said at the import, shown, and changed by a handover (${name})`, async (t) => {
    const { call, authConfig, connect } = await openRouteApp(t, testDatabase)
    const gmail = await authConfig('gmail', 'OAUTH2', CLIENT)
    const ofTheApp = await connect(gmail, GRANT, { refresh_owner: 'app' })
    const ours = await connect(gmail, { access_token: 'an-access-token' })
    const key = await connect(await authConfig('sendgrid', 'API_KEY'), { api_key: 'an-api-key' })
    const ownerOf = async (id: string) =>
      (await call<Static<typeof WireConnectedAccount>>('GET', `/connected_accounts/${id}`)).body.refresh_owner
    assert.deepEqual([await ownerOf(ofTheApp), await ownerOf(ours), await ownerOf(key)], ['app', 'holdfast', null])
    const list = await call<Static<typeof ConnectedAccountPage>>('GET', '/connected_accounts?order_direction=asc')
    assert.deepEqual(
      list.body.items.map(({ refresh_owner: owner }) => owner),
      ['app', 'holdfast', null],
    )

    const hand = (id: string, to: string) =>
      call<Static<typeof HandoverReply>>('POST', `/connected_accounts/${id}/handover`, { to })
    assert.deepEqual((await hand(ofTheApp, 'holdfast')).body, {
      id: ofTheApp,
      refresh_owner: 'holdfast',
      changed: true,
      can_refresh: true,
      obstacle: null,
    })
    const { body } = await hand(ours, 'holdfast')
    assert.deepEqual([body.changed, body.can_refresh], [false, false])
    assert.match(body.obstacle ?? '', /no refresh token\. Update the connection/)
    assert.deepEqual(refusalOf(await hand(key, 'app')), [400, 'invalid_request'])
    assert.deepEqual(refusalOf(await hand('ca_unknown', 'app')), [404, 'account_not_found'])
    assert.deepEqual(refusalOf(await hand(ours, 'nobody')), [400, 'invalid_request'])

    const many = (body: object, apiKey?: string) =>
      call<Static<typeof CohortHandoverReply>>('POST', '/connected_accounts/handover', body, apiKey)
    const whole = await many({ to: 'app', user_ids: ['u'] })
    assert.deepEqual(whole.body, { to: 'app', changed: 2, unchanged: 0, not_refreshed: 1, busy: 0, done: true })
    assert.deepEqual([await ownerOf(ofTheApp), await ownerOf(ours)], ['app', 'app'])
    assert.deepEqual((await many({ to: 'holdfast', toolkit_slug: 'GMAIL', connected_account_ids: [ours, key] })).body.changed, 1)
    assert.deepEqual(refusalOf(await many({ to: 'app' })), [400, 'invalid_request'])
    const refresh = await call('POST', `/connected_accounts/${ofTheApp}/refresh`)
    assert.deepEqual(refusalOf(refresh), [400, 'refresh_owned_by_app'])
  })

  test(`another project hands over nothing, and a key has no owner to name (${name})`, async (t) => {
    const { call, authConfig, connect, newProject } = await openRouteApp(t, testDatabase)
    const gmail = await authConfig('gmail', 'OAUTH2', CLIENT)
    const id = await connect(gmail, GRANT)
    const { apiKey } = await newProject('stranger')
    assert.deepEqual(refusalOf(await call('POST', `/connected_accounts/${id}/handover`, { to: 'app' }, apiKey)), [
      404,
      'account_not_found',
    ])
    for (const filter of [{ connected_account_ids: [id] }, { auth_config_id: gmail }, { toolkit_slug: 'gmail' }]) {
      const { body } = await call<{ changed: number }>('POST', '/connected_accounts/handover', { to: 'app', ...filter }, apiKey)
      assert.equal(body.changed, 0)
    }
    const { body } = await call<Static<typeof WireConnectedAccount>>('GET', `/connected_accounts/${id}`)
    assert.equal(body.refresh_owner, 'holdfast')
    const sendgrid = await authConfig('sendgrid', 'API_KEY')
    const connection = { user_id: 'u', refresh_owner: 'app', state: { val: { api_key: 'an-api-key' } } }
    const refused = await call('POST', '/connected_accounts', { auth_config: { id: sendgrid }, connection })
    assert.deepEqual(
      [refusalOf(refused), refused.body.error.errors],
      [[400, 'invalid_request'], ['connection.refresh_owner: is for OAUTH2, not for API_KEY']],
    )
  })
}
