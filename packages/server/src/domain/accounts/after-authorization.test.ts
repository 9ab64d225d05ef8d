import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startUpstream, testOutbound } from '../../platform/outbound/upstream.fixture.ts'
import { capturedFields } from '../toolkits/auth-definitions.ts'
import { createCatalogue, loadCatalogue, requireAuth } from '../toolkits/catalogue.ts'
import type { AuthDefinition } from '../toolkits/definition.ts'
import { exampleToolkit } from '../toolkits/fixture.testing.ts'
import { BUILTIN_TOOLKITS } from '../toolkits/toolkit-files.ts'
import { captureAfterAuthorization } from './after-authorization.ts'

const SITES = [
  { id: 'one', url: 'https://first.example' },
  { id: 'two', url: 'https://second.example' },
]

async function setUp(t: TestContext, answer: { status?: number; body: string }) {
  const upstream = await startUpstream(t, (_, response) =>
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(answer.body),
  )
  const { host } = new URL(upstream.origin)
  const auth: AuthDefinition = {
    scheme: 'OAUTH2',
    connection_fields: [{ name: 'cloud_id', required: true, pattern: '[a-z]+', prefix: 'cloud/' }, { name: 'site' }],
    oauth2: {
      token_url: 'https://example.com/token',
      after_authorization: {
        path: `${upstream.origin}/sites`,
        choose: { path: 'url', equals: '{{ site }}' },
        capture: { cloud_id: 'id' },
      },
    },
  }
  const toolkit = exampleToolkit({ base_url: '{{ cloud_id }}', hosts: [host], auth: [auth] })
  const deps = { outbound: testOutbound(t, [host]), operatorAllows: (name: string) => host.startsWith(name) }
  const capture = (more: Record<string, unknown> = {}) =>
    captureAfterAuthorization(deps, toolkit, requireAuth(createCatalogue([toolkit]).requireToolkit('example'), 'OAUTH2'), {
      access_token: 'fresh-token',
      ...more,
    })
  return { capture, upstream }
}

test('what a token does not say is asked with it, and stored as an import would bring it', async (t) => {
  const { capture, upstream } = await setUp(t, { body: JSON.stringify(SITES) })
  assert.deepEqual(await capture(), { cloud_id: 'cloud/one' })
  assert.deepEqual(await capture({ site: 'https://second.example' }), { cloud_id: 'cloud/two' })
  assert.deepEqual(await capture({ site: 'https://third.example' }), { cloud_id: 'cloud/one' })
  assert.deepEqual([upstream.seen[0]?.url, upstream.seen[0]?.headers['authorization']], ['/sites', 'Bearer fresh-token'])
})

test('a connection that names it already is not asked for again', async (t) => {
  const { capture, upstream } = await setUp(t, { body: '[]' })
  assert.deepEqual(await capture({ cloud_id: 'cloud/own' }), {})
  assert.equal(upstream.seen.length, 0)
})

test('a provider that does not say it, or says it in another form, ends the authorization with the reason', async (t) => {
  for (const answer of [
    { body: '[]' },
    { body: '{}' },
    { body: '<html>' },
    { body: '[{"id":"../x"}]' },
    { status: 403, body: JSON.stringify(SITES) },
  ]) {
    const { capture } = await setUp(t, answer)
    await assert.rejects(capture(), { code: 'credential_rejected', message: /does not say what else is needed: cloud_id/ })
  }
})

test('Jira asks for the cloud id, so nobody who connects is asked for it', () => {
  const jira = loadCatalogue([BUILTIN_TOOLKITS]).requireToolkit('jira')
  const auth = requireAuth(jira, 'OAUTH2')
  assert.deepEqual([...capturedFields(auth)], ['cloud_id'])
  assert.equal(auth.oauth2?.after_authorization?.path, 'https://api.atlassian.com/oauth/token/accessible-resources')
})
