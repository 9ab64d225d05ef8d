import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ApiDocument, type Method, type Operation, operationsOf, sampleOf } from './api-document.ts'
import type { TestDatabase } from './databases.ts'
import { ORG_KEY, openRealApp } from './real-app.ts'

const OWNER = '/api/v3.1/org/owner'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** The whole server, two projects with one of everything, and a check that every answer here has to pass. */
export async function openFurnishedApp(t: TestContext, testDatabase: TestDatabase) {
  const app = await openRealApp(t, testDatabase)
  const operations = operationsOf((await app.http.inject('/openapi.json')).json<ApiDocument>())

  const assertDecent = (reply: Reply, label: string): void => {
    const { status, headers, text } = reply
    assert.ok(status < 500 || status === 501, `${label} → ${status} ${text}\n${app.logged.at(-1) ?? ''}`)
    assert.match(String(headers['x-request-id']), /^[\w.:-]{8,}$/, label)
    if (status < 400) return
    assert.match(String(headers['content-type']), /^application\/json/, label)
    const { error, ...others } = JSON.parse(text) as { error: Record<string, unknown> }
    assert.deepEqual(Object.keys(others), [], label)
    const types = Object.fromEntries(
      Object.entries(error).map(([name, value]) => [name, Array.isArray(value) ? 'list' : typeof value]),
    )
    assert.deepEqual(
      types,
      {
        message: 'string',
        code: 'number',
        slug: 'string',
        status: 'number',
        request_id: 'string',
        suggested_fix: 'string',
        errors: 'list',
      },
      label,
    )
    assert.deepEqual([error['status'], error['request_id']], [status, headers['x-request-id']], label)
    assert.doesNotMatch(text, /node_modules|file:\/\/|\.[tj]s:\d|\bat [\w.]+ \(|select |insert /, label)
    assert.ok(
      !text.includes(app.dataDir) && !text.includes(app.apiKey) && text.length < 10_000,
      `${label}: ${text.slice(0, 500)}`,
    )
  }

  const send = async (
    method: Method,
    url: string,
    headers: Record<string, string>,
    payload?: string | Buffer,
  ): Promise<Reply> => {
    const {
      statusCode,
      headers: answered,
      body,
    } = await app.http.inject({
      method,
      url,
      headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(payload !== undefined && { payload }),
    })
    return { status: statusCode, headers: answered, text: body }
  }
  const keysFor = (path: string, apiKey: string): Record<string, string> =>
    path.startsWith(OWNER) ? { 'x-org-api-key': ORG_KEY } : { 'x-api-key': apiKey }
  const create = async <Made>(apiKey: string, path: string, body: unknown): Promise<Made> => {
    const reply = await send('POST', `/api/v3.1${path}`, keysFor(`/api/v3.1${path}`, apiKey), JSON.stringify(body))
    assert.ok(reply.status < 300, `${path}: ${reply.text}`)
    return JSON.parse(reply.text) as Made
  }
  const newProject = (name: string) =>
    create<{ id: string; api_key: string }>('', '/org/owner/project/new', { name, should_create_api_key: true })

  const furnish = async (apiKey: string): Promise<Record<string, string>> => {
    const made = await create<{ auth_config: { id: string } }>(apiKey, '/auth_configs', {
      toolkit: { slug: 'example' },
      auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' },
    })
    const authConfig = made.auth_config.id
    const connection = { user_id: 'u', state: { authScheme: 'API_KEY', val: { api_key: 'an-imported-key' } } }
    const { id: account } = await create<{ id: string }>(apiKey, '/connected_accounts', {
      auth_config: { id: authConfig },
      connection,
    })
    const hasSessions = operations.some(({ label }) => label === 'POST /api/v3.1/tool_router/session')
    const session = hasSessions
      ? (
          await create<{ session_id: string }>(apiKey, '/tool_router/session', {
            user_id: 'u',
            toolkits: { enable: ['example'] },
          })
        ).session_id
      : 'trs_none'
    const { id: importId } = await create<{ id: string }>(apiKey, '/imports', undefined)
    const spare = await create<{ id: string }>(apiKey, '/connected_accounts', {
      auth_config: { id: authConfig },
      connection: { user_id: 'spare', state: { val: { api_key: 'the-key-of-a-spare-connection' } } },
    })
    const revoked = await create<{ revocation: { id: string } }>(apiKey, `/connected_accounts/${spare.id}/revoke`, undefined)
    const { id: revocation } = revoked.revocation
    return { authConfig, account, session, import: importId, revocation, project: (await newProject('spare')).id }
  }
  const own = await furnish(app.apiKey)
  const foreign = await furnish((await newProject('other')).api_key)

  /** The path with an id of that kind in it. */
  const pathOf = ({ path }: Operation, ids: Record<string, string>): string =>
    path.replace(/\{(\w+)\}/g, (_all, name: string) => {
      if (path.startsWith('/api/v3.1/auth_configs/{')) return (name === 'status' ? 'DISABLED' : ids['authConfig']) ?? ''
      if (path.startsWith('/api/v3.1/connected_accounts/revocations/{')) return ids['revocation'] ?? ''
      if (path.startsWith('/api/v3.1/connected_accounts/{')) return ids['account'] ?? ''
      if (path.startsWith('/api/v3.1/imports/{')) return ids['import'] ?? ''
      if (path.startsWith('/api/v3.1/tool_router/session/{')) return ids['session'] ?? ''
      if (path.startsWith('/api/v3.1/toolkits/{')) return ids['toolkit'] ?? 'example'
      if (path.startsWith('/api/v3.1/tools/')) return ids['tool'] ?? 'EXAMPLE_GET_ITEM'
      if (path.startsWith(`${OWNER}/project/{`)) return ids['project'] ?? ''
      throw new Error(`say here which id belongs into {${name}} of ${path}`)
    })
  /** What the route would do something with, as far as its schema does not say. */
  const bodyOf = ({ label, body = {} }: Operation): unknown => {
    const ids = { connected_account_id: own['account'], user_id: 'u' }
    const known: Readonly<Record<string, unknown>> = {
      'POST /api/v3.1/auth_configs': {
        toolkit: { slug: 'example' },
        auth_config: { type: 'use_custom_auth', authScheme: 'API_KEY' },
      },
      'POST /api/v3.1/connected_accounts': {
        auth_config: { id: own['authConfig'] },
        connection: { user_id: 'u', state: { authScheme: 'API_KEY', val: { api_key: 'an-imported-key' } } },
      },
      'PATCH /api/v3.1/connected_accounts/{id}': {
        connection: { state: { authScheme: 'API_KEY', val: { api_key: 'a-newer-key' } } },
      },
      'POST /api/v3.1/tools/execute/proxy': { ...ids, endpoint: '/items', method: 'POST' },
      'POST /api/v3.1/tools/execute/{slug}': { ...ids, arguments: { id: 'one' } },
    }
    return known[label] ?? sampleOf(body)
  }
  const headersOf = ({ path }: Operation) => keysFor(path, app.apiKey)
  const call = (operation: Operation, url: string, payload?: string | Buffer, headers = headersOf(operation)) =>
    send(operation.method, url, headers, payload)
  const withBody = operations.filter(({ body }) => body !== undefined)
  return { app, operations, withBody, own, foreign, pathOf, bodyOf, headersOf, call, assertDecent }
}
