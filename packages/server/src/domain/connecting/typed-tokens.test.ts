import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUpConnecting } from '../../../testing/connecting.ts'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig } from '../../../testing/test-deps.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { executeTool } from '../execution/execute-tool.ts'
import type { AuthDefinition } from '../toolkits/definition.ts'
import { createLink } from './create-link.ts'
import { openLink } from './open-link.ts'
import { submitCredential } from './submit-credential.ts'

/** Its login takes one password. */
async function setUp(t: Parameters<typeof setUpConnecting>[0], database: Parameters<typeof setUpConnecting>[1]) {
  const provider = { down: false }
  const login = await startUpstream(t, ({ body }, response) => {
    const { password } = JSON.parse(body) as { password?: string }
    if (provider.down) response.writeHead(503).end()
    else if (password !== 'open sesame') response.writeHead(401).end('{}')
    else response.end('{"token":"made-1","expires_in":3600}')
  })
  const host = `127.0.0.1:${login.port}`
  const auth: AuthDefinition[] = [
    {
      scheme: 'BASIC_WITH_JWT',
      exchange: { url: `${login.origin}/login`, body: { password: '{{ password }}' }, response: { access_token: 'token' } },
    },
    { scheme: 'OAUTH2', oauth2: { token_url: 'https://example.com/token', authorization_url: 'https://example.com/a' } },
    { scheme: 'API_KEY', placements: [{ in: 'header', name: 'x-api-key', template: '{{ api_key }}' }] },
  ]
  const world = await setUpConnecting(t, database, { more: { auth }, allowHosts: [host] })
  const authConfigId = await testAuthConfig(world.deps, world.projectId, 'example', 'BASIC_WITH_JWT')
  return { ...world, provider, login, authConfigId }
}

for (const database of testDatabases())
  test(`a typed login becomes a token before it counts, and the next call uses that one (${database.name})`, async (t) => {
    const { deps, projectId, authConfigId, provider, login, account, stored, upstream } = await setUp(t, database)
    const { linkId, account: made } = await createLink(deps, projectId, { authConfigId, userId: 'ada' })
    const { fields, continuesAtProvider } = await openLink(deps, linkId)
    assert.deepEqual([fields.map(({ name }) => name), continuesAtProvider], [['username', 'password', 'jwt'], false])
    const submit = (password: string) => submitCredential(deps, linkId, { username: 'ann', password })
    await assert.rejects(submit('guess'), { code: 'credential_rejected' })
    provider.down = true
    await assert.rejects(submit('open sesame'), { code: 'credential_unverifiable' })
    provider.down = false
    assert.deepEqual([(await openLink(deps, linkId)).state, await stored(made.id)], ['open', {}])
    assert.equal((await submit('open sesame')).status, 'success')
    assert.equal((await account(made.id)).status, 'ACTIVE')
    assert.equal((await stored(made.id))['access_token'], 'made-1')
    const asked = login.seen.length
    const call = { toolSlug: 'EXAMPLE_CALL', arguments: {}, accountId: made.id }
    assert.equal((await executeTool(deps, projectId, call)).successful, true)
    assert.deepEqual([login.seen.length - asked, upstream.seen.at(-1)?.headers.authorization], [0, 'Bearer made-1'])
  })
