import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabases } from '../../../testing/databases.ts'
import { testAuthConfig, testDeps, testProject } from '../../../testing/test-deps.ts'
import { type ErrorCode, HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { startUpstream } from '../../platform/outbound/upstream.fixture.ts'
import { createAccount } from '../accounts/accounts.service.ts'
import { proxyInSession } from './app-tool.ts'
import { changeSession } from './change-session.ts'
import { executeInSession } from './execute-in-session.ts'
import { anySession, testCatalogue } from './fixture.testing.ts'
import type { SessionConfig } from './session.ts'
import { createSession, requireSession } from './sessions.service.ts'
import { isToolInSession } from './tool-scope.ts'

const PROJECTS = 3
const USERS = 20
const SESSIONS = 200
const TOOLKITS = ['mailer', 'notes'] as const
const TOOLS = { mailer: 'MAILER_LIST_MESSAGES', notes: 'NOTES_READ_NOTE' } as const
/** Attempts of one session, each on somebody else's connection. */
const ATTEMPTS = 4

/** The same numbers at every run, so that a failure comes back. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

for (const testDatabase of testDatabases()) {
  test(`${SESSIONS} sessions of ${USERS} users in ${PROJECTS} projects reach nothing of each other (${testDatabase.name})`, async (t) => {
    const next = numbersFrom(20_261_122)
    const pick = <Item>(items: readonly Item[]): Item => {
      const item = items[next(items.length)]
      assert.ok(item !== undefined)
      return item
    }
    const upstream = await startUpstream(t, ({ headers }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ key: headers['x-secret-key'] ?? 'none' }))
    })
    const deps = await testDeps(t, testDatabase, {
      catalogue: testCatalogue(upstream.origin),
      allowHosts: [`127.0.0.1:${upstream.port}`],
    })
    const projects = await Promise.all(Array.from({ length: PROJECTS }, (_, index) => testProject(deps, `project ${index}`)))
    const accounts: { projectId: ProjectId; userId: string; toolkit: (typeof TOOLKITS)[number]; key: string; id: string }[] = []
    for (const projectId of projects)
      for (const toolkit of TOOLKITS) {
        const authConfigId = await testAuthConfig(deps, projectId, toolkit, 'API_KEY')
        for (let index = 0; index < USERS; index++) {
          const userId = `user ${index}`
          // The same users and aliases in every project, so that only the project tells them apart.
          const key = `key of ${userId} in ${projectId} for ${toolkit}`
          const input = { authConfigId, userId, alias: 'work', credential: { val: { api_key: key } } }
          accounts.push({ projectId, userId, toolkit, key, id: (await createAccount(deps, projectId, input)).account.id })
        }
      }

    const sessions = []
    for (let index = 0; index < SESSIONS; index++) {
      const projectId = pick(projects)
      const toolkits = pick<SessionConfig['toolkits']>([
        { disabled: [] },
        { enabled: ['mailer'] },
        { disabled: ['mailer'] },
        { enabled: ['notes', 'mailer'] },
      ])
      const tags = pick<SessionConfig['tags']>([{}, { enabled: ['readOnlyHint'] }, { disabled: ['readOnlyHint'] }])
      const config: Partial<SessionConfig> = { ...(toolkits && { toolkits }), ...(tags && { tags }) }
      sessions.push(await createSession(deps, projectId, { userId: `user ${next(USERS)}`, config: anySession(config) }))
    }

    const refusal = async (act: () => Promise<unknown>): Promise<ErrorCode> => {
      const outcome = await act().catch((error: unknown) => error)
      assert.ok(outcome instanceof HoldfastError, `it was let through: ${JSON.stringify(outcome)}`)
      return outcome.code
    }
    const all = deps.catalogue.toolkits.flatMap(({ tools }) => tools)

    for (const session of sessions) {
      const label = `${session.userId} in ${session.projectId}, ${session.id}`
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const foreign = pick(accounts.filter((one) => one.projectId !== session.projectId || one.userId !== session.userId))
        const call = { toolSlug: TOOLS[foreign.toolkit], arguments: {}, account: foreign.id }
        const before = upstream.seen.length
        const code = await refusal(() => executeInSession(deps, session, call))
        assert.ok(code === 'account_not_found' || code === 'tool_not_allowed', `${label}: ${code}`)
        const asked = { toolkits: [{ name: foreign.toolkit, action: 'remove', account_id: foreign.id }] }
        const { data } = await executeInSession(deps, session, { toolSlug: 'COMPOSIO_MANAGE_CONNECTIONS', arguments: asked })
        const [result] = Object.values(data['results'] as Record<string, { status: string }>)
        assert.equal(result?.status, 'failed', label)
        const pin = (config: SessionConfig) => ({ ...config, connectedAccounts: { [foreign.toolkit]: [foreign.id] } })
        const change = { apply: pin, changesConnections: true }
        assert.equal(await refusal(() => changeSession(deps, session.projectId, session.id, change)), 'invalid_request', label)
        assert.equal(upstream.seen.length, before, label)
      }
      for (const other of projects.filter((one) => one !== session.projectId))
        assert.equal(await refusal(() => requireSession(deps, other, session.id)), 'session_not_found', label)

      const outside = all.filter((tool) => !isToolInSession(session.config, tool))
      if (outside.length > 0) {
        const { slug } = pick(outside)
        assert.equal(
          await refusal(() => executeInSession(deps, session, { toolSlug: slug, arguments: {} })),
          'tool_not_allowed',
          slug,
        )
      }
      // What it may use is its own user's, in its own project, by alias, by default and through the proxy.
      const toolkit = pick(TOOLKITS)
      const own = accounts.find(
        (one) => one.projectId === session.projectId && one.userId === session.userId && one.toolkit === toolkit,
      )
      const tool = all.find(({ slug }) => slug === TOOLS[toolkit])
      if (tool && isToolInSession(session.config, tool))
        for (const account of [undefined, 'work']) {
          const { data } = await executeInSession(deps, session, { toolSlug: tool.slug, arguments: {}, account })
          assert.equal(data['key'], own?.key, label)
        }
      const proxied = await proxyInSession(deps, session, { toolkitSlug: toolkit, endpoint: '/', method: 'GET' }).catch(
        (error: HoldfastError) => error.code,
      )
      if (typeof proxied === 'string') assert.equal(proxied, 'tool_not_allowed', label)
      else assert.deepEqual(proxied.content.kind === 'json' && proxied.content.value, { key: own?.key }, label)
    }
  })
}
