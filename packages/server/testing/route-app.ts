import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createProject, findProjectByKey } from '../src/domain/projects/projects.service.ts'
import { newApiKey } from '../src/ids.ts'
import { authConfigsRoutes } from '../src/surfaces/api-v3/auth-configs.routes.ts'
import { connectedAccountsRoutes } from '../src/surfaces/api-v3/connected-accounts.routes.ts'
import { handoverRoutes } from '../src/surfaces/api-v3/handover.routes.ts'
import { projectRoutes } from '../src/surfaces/api-v3/projects.routes.ts'
import { revocationRoutes } from '../src/surfaces/api-v3/revocations.routes.ts'
import { toolExecutionRoutes } from '../src/surfaces/api-v3/tools-execute.routes.ts'
import { requireProject } from '../src/surfaces/http/authenticate.ts'
import { API_PREFIXES, registerApi } from '../src/surfaces/http/both-versions.ts'
import { buildHttpServer } from '../src/surfaces/http/server.ts'
import type { WireError } from '../src/surfaces/http/wire-errors.ts'
import type { TestDatabase } from './databases.ts'
import { type TestDepsOptions, testDeps } from './test-deps.ts'

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface RouteReply<Body> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Body & WireError
  readonly text: string
}

/** The routes about credentials as they are served, on a database of their own; a reply that breaks its schema is a 500. */
export async function openRouteApp(t: TestContext, testDatabase: TestDatabase, options: TestDepsOptions = {}) {
  const deps = await testDeps(t, testDatabase, options)
  const http = buildHttpServer({ checkReplies: true })
  registerApi(http, API_PREFIXES, (api) => {
    api.addHook(
      'onRequest',
      requireProject((key) => findProjectByKey(deps, key)),
    )
    projectRoutes(api, deps)
    authConfigsRoutes(api, deps)
    connectedAccountsRoutes(api, deps)
    handoverRoutes(api, deps)
    revocationRoutes(api, deps)
    toolExecutionRoutes(api, deps)
  })
  t.after(() => http.close())

  const newProject = async (name: string) => {
    const apiKey = newApiKey()
    const { id } = await createProject(deps, { name, apiKey })
    return { id, apiKey }
  }
  const project = await newProject('test')

  /** `payload` as an object, or as the text to send as it stands. */
  const call = async <Body = Record<string, unknown>>(
    method: Method,
    path: string,
    payload?: object | string,
    apiKey = project.apiKey,
  ): Promise<RouteReply<Body>> => {
    const reply = await http.inject({
      method,
      url: path.startsWith('/api/') ? path : `/api/v3.1${path}`,
      headers: { 'x-api-key': apiKey, ...(payload !== undefined && { 'content-type': 'application/json' }) },
      ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    })
    return { status: reply.statusCode, headers: reply.headers, body: reply.json() as Body & WireError, text: reply.body }
  }
  const authConfig = async (toolkit: string, authScheme: string, more: object = {}, apiKey = project.apiKey): Promise<string> => {
    const body = { toolkit: { slug: toolkit }, auth_config: { type: 'use_custom_auth', authScheme, ...more } }
    const made = await call<{ auth_config: { id: string } }>('POST', '/auth_configs', body, apiKey)
    assert.equal(made.status, 201, made.text)
    return made.body.auth_config.id
  }
  const connect = async (authConfigId: string, val: object, more: object = {}, apiKey = project.apiKey): Promise<string> => {
    const body = { auth_config: { id: authConfigId }, connection: { user_id: 'u', state: { val }, ...more } }
    const made = await call<{ id: string }>('POST', '/connected_accounts', body, apiKey)
    assert.equal(made.status, 201, made.text)
    return made.body.id
  }
  /** Every item of a list, page by page; each page repeats the total. */
  const walk = async <Item>(path: string): Promise<Item[]> => {
    const items: Item[] = []
    let cursor: string | null = ''
    do {
      const { status, body, text }: RouteReply<{ items: Item[]; next_cursor: string | null }> = await call(
        'GET',
        `${path}&cursor=${cursor}`,
      )
      assert.equal(status, 200, text)
      items.push(...body.items)
      cursor = body.next_cursor
    } while (cursor)
    return items
  }
  return { deps, project, newProject, call, authConfig, connect, walk }
}

export type RouteApp = Awaited<ReturnType<typeof openRouteApp>>

/** The number of the error and the fields that it names, for one-line comparisons. */
export const refusalOf = ({ status, body }: RouteReply<unknown>) => [status, body.error.slug] as const
