import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Static } from 'typebox'
import { type TestDatabase, testDatabases } from '../../../testing/databases.ts'
import { saveCredential } from '../../domain/credentials/credentials.service.ts'
import { createOpenedCache } from '../../domain/credentials/opened-cache.ts'
import { findProjectByKey } from '../../domain/projects/projects.service.ts'
import type { AccountId, ProjectId } from '../../ids.ts'
import { createKeyRing } from '../../platform/vault/key-ring.ts'
import { givenMasterKeys } from '../../platform/vault/master-keys.ts'
import type { ApiServer } from '../http/api-server.ts'
import { requireOrgKey, requireProject } from '../http/authenticate.ts'
import { API_PREFIXES, registerApi } from '../http/both-versions.ts'
import { buildHttpServer } from '../http/server.ts'
import type { WireError } from '../http/wire-errors.ts'
import { orgRoutes, projectRoutes } from './projects.routes.ts'
import type {
  NewProjectReply,
  ProjectPage,
  RegeneratedKey,
  SessionInfo,
  WireProject,
  WireProjectConfig,
} from './projects.schema.ts'

const ORG_KEY = 'the-organisation-key'
const ORG = { 'x-org-api-key': ORG_KEY }
const withKey = (key: string) => ({ 'x-api-key': key })

async function openApp(testDatabase: TestDatabase) {
  const { db } = await testDatabase.open()
  const keys = createKeyRing(givenMasterKeys([randomBytes(32)]))
  let time = 1_700_000_000_000
  const deps = { db, keys, now: () => time }
  await keys.assertMasterKeys(db, time)
  const app = buildHttpServer({ checkReplies: true })
  const scope = (hook: ReturnType<typeof requireProject>, routes: (api: ApiServer) => void) =>
    registerApi(app, API_PREFIXES, (api) => {
      api.addHook('onRequest', hook)
      routes(api)
    })
  scope(
    requireProject((key) => findProjectByKey(deps, key)),
    (api) => projectRoutes(api, deps),
  )
  scope(requireOrgKey(ORG_KEY), (api) => orgRoutes(api, deps))

  type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
  const call = async <Body>(method: Method, path: string, headers: Record<string, string>, payload?: object) => {
    const reply = await app.inject({ method, url: `/api/v3${path}`, headers, ...(payload && { payload }) })
    return { status: reply.statusCode, body: reply.json() as Body & WireError, text: reply.body }
  }
  const create = async (name: string, more: object = { should_create_api_key: true }) => {
    const { status, body } = await call<Static<typeof NewProjectReply>>('POST', '/org/owner/project/new', ORG, { name, ...more })
    assert.equal(status, 200)
    return { id: body.id, key: body.api_key ?? '', body }
  }
  return { ...deps, call, create, wait: () => time++ }
}

type Config = Static<typeof WireProjectConfig>

for (const testDatabase of testDatabases()) {
  const { name } = testDatabase

  test(`a new project has a key only if one was asked for, and the key opens that project only (${name})`, async () => {
    const { call, create } = await openApp(testDatabase)
    const one = await create('one')
    const two = await create('two')
    const keyless = await create('three', {})
    assert.match(one.key, /^hf_[\w-]{43}$/)
    assert.deepEqual(Object.entries(keyless.body).slice(1), [
      ['name', 'three'],
      ['api_key', null],
    ])
    for (const { id, key } of [one, two]) {
      const { status, body, text } = await call<Static<typeof SessionInfo>>('GET', '/auth/session/info', withKey(key))
      assert.deepEqual([status, body.project.id, body.project.org.id, body.api_key.project_id], [200, id, 'org_self', id])
      assert.equal(body.api_key.key, `${key.slice(0, 4)}...`)
      assert.equal(text.includes(key.slice(0, 8)), false, 'never the key itself')
    }
    const asBearer = await call<Static<typeof SessionInfo>>('GET', '/auth/session/info', { authorization: `Bearer ${one.key}` })
    assert.equal(asBearer.body.api_key.key, `${one.key.slice(0, 4)}...`)
  })

  test(`settings given at the start hold, a patch changes what it names, and no other project's (${name})`, async () => {
    const { call, create } = await openApp(testDatabase)
    const { key } = await create('one', { should_create_api_key: true, config: { logo_url: 'https://acme.test/logo.png' } })
    const { key: otherKey } = await create('two')
    const patch = (body: object) => call<Config>('PATCH', '/org/project/config', withKey(key), body)
    const read = async (apiKey: string) => (await call<Config>('GET', '/org/project/config', withKey(apiKey))).body
    const before = await read(key)
    const defaults = {
      is_2FA_enabled: false,
      mask_secret_keys_in_connected_account: true,
      log_visibility_setting: 'show_all',
      require_mcp_api_key: true,
    }
    assert.deepEqual(before, { ...defaults, logo_url: 'https://acme.test/logo.png' })

    const first = { mask_secret_keys_in_connected_account: false, display_name: 'Acme', unknown_setting: 1 }
    const { status, body } = await patch(first)
    const after = { ...before, mask_secret_keys_in_connected_account: false, display_name: 'Acme' }
    assert.deepEqual([status, body], [200, after])
    await patch({ log_visibility_setting: 'dont_store_data', require_mcp_api_key: false, is_2FA_enabled: true })
    const last = { ...after, log_visibility_setting: 'dont_store_data', require_mcp_api_key: false, is_2FA_enabled: true }
    assert.deepEqual((await patch({})).body, last)
    assert.deepEqual(await read(key), last)
    assert.deepEqual(await read(otherKey), defaults)
  })

  test(`a refused patch changes nothing and names the field (${name})`, async () => {
    const { call, create } = await openApp(testDatabase)
    const { key } = await create('one')
    const wrong = [
      ['is_2FA_enabled', { display_name: 'changed', is_2FA_enabled: 'true' }],
      ['logo_url', { logo_url: 7 }],
      ['display_name', { display_name: null }],
      ['mask_secret_keys_in_connected_account', { mask_secret_keys_in_connected_account: 0 }],
      ['log_visibility_setting', { log_visibility_setting: 'some' }],
      ['require_mcp_api_key', { require_mcp_api_key: [] }],
    ] as const
    for (const [field, body] of wrong) {
      const reply = await call<Config>('PATCH', '/org/project/config', withKey(key), body)
      assert.equal(reply.status, 400, field)
      assert.match(reply.body.error.errors.join(' '), new RegExp(`\\b${field}\\b`))
    }
    const { body } = await call<Config>('GET', '/org/project/config', withKey(key))
    assert.equal('display_name' in body, false)
  })

  test(`a project name outside the rules is a 400 that names it (${name})`, async () => {
    const { call } = await openApp(testDatabase)
    const names = ['ab', 'x'.repeat(76), 'has space', 'dots.too', 'ümlaut', '', 7, null, undefined]
    for (const wrong of names) {
      const { status, body } = await call('POST', '/org/owner/project/new', ORG, { name: wrong })
      assert.equal(status, 400, String(wrong))
      assert.match(body.error.errors.join(' '), /\bname\b/)
    }
    const more = { should_create_api_key: 'yes', config: { is_2FA_enabled: 1 } }
    const { status, body } = await call('POST', '/org/owner/project/new', ORG, { name: 'fine', ...more })
    assert.equal(status, 400)
    assert.match(body.error.errors.join(' '), /should_create_api_key.*config\.is_2FA_enabled/)
    assert.equal((await call<Static<typeof ProjectPage>>('GET', '/org/owner/project/list', ORG)).body.total_items, 0)
    for (const good of ['abc', 'x'.repeat(75), 'A-b_9'])
      assert.equal((await call('POST', '/org/owner/project/new', ORG, { name: good })).status, 200, good)
  })

  test(`pages of projects hold every project once, newest first, also those made in one moment (${name})`, async () => {
    const { call, create, wait } = await openApp(testDatabase)
    const made: string[] = []
    for (let index = 0; index < 7; index++) {
      made.push((await create(`project-${index}`)).id)
      if (index % 2) wait()
    }
    const list = (query: string) => call<Static<typeof ProjectPage>>('GET', `/org/owner/project/list?${query}`, ORG)
    const seen: string[] = []
    let cursor: string | null = ''
    do {
      const { body }: { body: Static<typeof ProjectPage> } = await list(`limit=2&cursor=${cursor}`)
      assert.deepEqual([body.total_items, body.total_pages], [7, 4])
      seen.push(...body.data.map(({ id }) => id))
      cursor = body.next_cursor
    } while (cursor)
    assert.deepEqual(seen.toSorted(), made.toSorted())
    const { body } = await list('')
    assert.deepEqual([body.data.map(({ id }) => id), body.next_cursor, body.total_items], [seen, null, 7])
    assert.equal(body.data[0]?.name, 'project-6')
    for (const wrong of ['limit=x', 'cursor=zzz']) {
      const reply = await list(wrong)
      assert.deepEqual([reply.status, /limit|cursor/.test(reply.body.error.errors.join(' '))], [400, true], wrong)
    }
  })

  test(`a deleted project's key is dead, its secrets are gone, and the others keep theirs (${name})`, async () => {
    const { db, keys, now, call, create } = await openApp(testDatabase)
    const gone = await create('gone')
    const kept = await create('kept')
    for (const { id } of [gone, kept])
      await db
        .transaction()
        .execute((trx) =>
          saveCredential(
            { db, keys, opened: createOpenedCache() },
            trx,
            { projectId: id as ProjectId, ownerId: 'ca_account' as AccountId },
            { scheme: 'API_KEY', val: { api_key: 'marked-secret' } },
            now(),
          ),
        )
    const deleted = await call<{ status: string }>('DELETE', `/org/owner/project/${gone.id}`, ORG)
    assert.deepEqual([deleted.status, deleted.body], [200, { status: 'success' }])

    assert.equal((await call('GET', '/auth/session/info', withKey(gone.key))).status, 401)
    assert.equal((await call('GET', '/auth/session/info', withKey(kept.key))).status, 200)
    for (const table of ['credential', 'data_key', 'api_key'] as const) {
      const rows = await db.selectFrom(table).select('project_id').execute()
      assert.deepEqual(
        rows.map((row) => row.project_id),
        [kept.id],
        table,
      )
    }
    const again = [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/regenerate_api_key'],
    ] as const
    for (const [method, action] of again) {
      const { status, body } = await call(method, `/org/owner/project/${gone.id}${action}`, ORG)
      assert.deepEqual([status, body.error.slug], [404, 'project_not_found'], method)
    }
    const { body } = await call<Static<typeof ProjectPage>>('GET', '/org/owner/project/list', ORG)
    assert.deepEqual(
      body.data.map(({ id }) => id),
      [kept.id],
    )
  })

  test(`a regenerated key replaces the old one at once, and is shown once (${name})`, async () => {
    const { call, create } = await openApp(testDatabase)
    const { id, key } = await create('one')
    const other = await create('two')
    const { status, body } = await call<Static<typeof RegeneratedKey>>('POST', `/org/owner/project/${id}/regenerate_api_key`, ORG)
    assert.equal(status, 200)
    const fresh = body.api_key.key
    assert.match(fresh, /^hf_[\w-]{43}$/)
    assert.deepEqual([body.api_key.created_at, fresh === key], ['2023-11-14T22:13:20.000Z', false])
    assert.equal((await call('GET', '/auth/session/info', withKey(key))).status, 401)
    const info = await call<Static<typeof SessionInfo>>('GET', '/auth/session/info', withKey(fresh))
    assert.deepEqual([info.status, info.body.project.id], [200, id])
    assert.equal((await call('GET', '/auth/session/info', withKey(other.key))).status, 200)
    const read = await call<Static<typeof WireProject>>('GET', `/org/owner/project/${id}`, ORG)
    assert.deepEqual([read.status, read.body.name, read.body.api_keys, read.text.includes(fresh)], [200, 'one', [], false])
  })

  test(`organisation routes open to the organisation key only, project routes to a project's only (${name})`, async () => {
    const { call, create } = await openApp(testDatabase)
    const { id, key } = await create('one')
    const org = [
      ['POST', '/org/owner/project/new', { name: 'made-by-nobody' }],
      ['GET', '/org/owner/project/list'],
      ['GET', `/org/owner/project/${id}`],
      ['DELETE', `/org/owner/project/${id}`],
      ['POST', `/org/owner/project/${id}/regenerate_api_key`],
    ] as const
    for (const [method, path, body] of org)
      for (const headers of [{}, withKey(key), { 'x-org-api-key': key }])
        assert.equal((await call(method, path, headers, body)).status, 401, `${method} ${path}`)
    const project = [
      ['GET', '/auth/session/info'],
      ['GET', '/org/project/config'],
      ['PATCH', '/org/project/config', {}],
    ] as const
    for (const [method, path, body] of project)
      for (const headers of [{}, ORG, withKey(ORG_KEY)])
        assert.equal((await call(method, path, headers, body)).status, 401, `${method} ${path}`)
    assert.equal((await call('GET', '/org/owner/project/pr_unknown', ORG)).status, 404)
    assert.equal((await call('GET', '/auth/session/info', withKey(key))).status, 200)
  })
}
