import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Static } from 'typebox'
import { testDatabases } from '../../../testing/databases.ts'
import { openRouteApp, refusalOf } from '../../../testing/route-app.ts'
import type { OneConnectedAccount } from './connected-accounts.schema.ts'
import type { RevokeReply, WireRevocation } from './revocations.schema.ts'

for (const testDatabase of testDatabases())
  test(`each status of the routes that revoke (${testDatabase.name})`, async (t) => {
    const { call, authConfig, connect, newProject } = await openRouteApp(t, testDatabase)
    const sendgrid = await authConfig('sendgrid', 'API_KEY')
    const key = () => connect(sendgrid, { api_key: 'an-api-key' })
    const { apiKey } = await newProject('stranger')

    const id = await key()
    assert.deepEqual(refusalOf(await call('POST', `/connected_accounts/${id}/revoke`, undefined, apiKey)), [
      404,
      'account_not_found',
    ])
    const revoked = await call<Static<typeof RevokeReply>>('POST', `/connected_accounts/${id}/revoke`)
    assert.deepEqual([revoked.status, revoked.body.status, revoked.body.revocation?.status], [200, 'REVOKED', 'unsupported'])
    assert.match(revoked.body.revocation?.reason ?? '', /its user can, at SendGrid/)
    const again = await call<Static<typeof RevokeReply>>('POST', `/connected_accounts/${id}/revoke`)
    assert.deepEqual(again.body, revoked.body)
    const shown = await call<Static<typeof OneConnectedAccount>>('GET', `/connected_accounts/${id}`)
    assert.deepEqual([shown.body.revocation, shown.body.state.val], [revoked.body.revocation, { status: 'REVOKED' }])
    assert.deepEqual(refusalOf(await call('PATCH', `/connected_accounts/${id}/status`, { enabled: true })), [
      400,
      'account_not_active',
    ])
    assert.deepEqual(refusalOf(await call('POST', '/connected_accounts/ca_unknown/revoke')), [404, 'account_not_found'])

    const remove = (path: string, by?: string) => call<{ revoke_job_id?: string }>('DELETE', path, undefined, by)
    const other = await key()
    const path = `/connected_accounts/${other}?revoke_on_delete=true`
    assert.deepEqual(refusalOf(await remove(path, apiKey)), [404, 'account_not_found'])
    assert.deepEqual(refusalOf(await remove(`/connected_accounts/${other}?revoke_on_delete=perhaps`)), [400, 'invalid_request'])
    const job = (await remove(path)).body.revoke_job_id
    const read = await call<Static<typeof WireRevocation>>('GET', `/connected_accounts/revocations/${job}`)
    assert.deepEqual([read.status, read.body.connected_account_id, read.body.status], [200, other, 'unsupported'])
    const byOthers = await call('GET', `/connected_accounts/revocations/${job}`, undefined, apiKey)
    assert.deepEqual(refusalOf(byOthers), [404, 'not_found'])
    assert.deepEqual(refusalOf(await call('GET', '/connected_accounts/revocations/rev_unknown')), [404, 'not_found'])
    assert.deepEqual(refusalOf(await remove(path)), [404, 'account_not_found'])
  })
