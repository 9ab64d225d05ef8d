import { countConnections } from '../../domain/accounts/account-views.ts'
import type { AccountsDeps } from '../../domain/accounts/accounts.service.ts'
import type { AuthConfig } from '../../domain/auth-configs/auth-config.ts'
import {
  createAuthConfig,
  deleteAuthConfig,
  listAuthConfigPage,
  patchAuthConfig,
  readAuthConfigSecrets,
  requireAuthConfig,
} from '../../domain/auth-configs/auth-configs.service.ts'
import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodePosition, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readBoolean, readLimit, readList } from '../http/wire-query.ts'
import {
  AuthConfigPage,
  AuthConfigStatusParams,
  CreateAuthConfigBody,
  CreateAuthConfigReply,
  fromWire,
  ListAuthConfigsQuery,
  PatchAuthConfigBody,
  patchFromWire,
  toWire,
  WireAuthConfig,
} from './auth-configs.schema.ts'
import { COUNT_AT_MOST, IdParams, Success } from './wire-shapes.ts'

const tags = ['Auth configs']
const CURSOR = 'auth_configs'

export function authConfigsRoutes(app: ApiServer, deps: AccountsDeps): void {
  const toWireAll = async (projectId: ProjectId, configs: readonly AuthConfig[]) => {
    const ids = configs.map(({ id }) => id)
    const counts = await countConnections(deps, projectId, ids, COUNT_AT_MOST)
    return Promise.all(
      configs.map(async (config) => {
        const secrets = await readAuthConfigSecrets(deps, config)
        return toWire(config, deps.catalogue.findToolkit(config.toolkitSlug), secrets, counts.get(config.id) ?? 0)
      }),
    )
  }
  const toWireOne = async (projectId: ProjectId, config: AuthConfig) => {
    const [wire] = await toWireAll(projectId, [config])
    if (!wire) throw new Error('one in, one out')
    return wire
  }

  app.post(
    '/auth_configs',
    {
      schema: {
        tags,
        summary: 'Create an auth config for a toolkit',
        body: CreateAuthConfigBody,
        response: { 201: CreateAuthConfigReply },
      },
    },
    async (request, reply) => {
      const config = await createAuthConfig(deps, request.projectId, fromWire(request.body))
      return reply.code(201).send({
        toolkit: { slug: config.toolkitSlug },
        auth_config: {
          id: config.id,
          auth_scheme: config.scheme,
          is_composio_managed: config.kind === 'default',
          restrict_to_following_tools: [...(config.settings.toolsForExecution ?? [])],
        },
      })
    },
  )

  app.get(
    '/auth_configs',
    { schema: { tags, summary: 'List auth configs', querystring: ListAuthConfigsQuery, response: { 200: AuthConfigPage } } },
    async ({ projectId, query }) => {
      const limit = readLimit(query.limit, { default: 20, max: 1000 })
      const after = query.cursor ? decodePosition(query.cursor, CURSOR) : undefined
      const managed = readBoolean(query.is_composio_managed, 'is_composio_managed')
      const page = await listAuthConfigPage(
        deps,
        projectId,
        {
          toolkitSlugs: readList(query.toolkit_slug)?.map((slug) => slug.toLowerCase()),
          kind: managed === undefined ? undefined : managed ? 'default' : 'custom',
          search: query.search,
          includeDisabled: readBoolean(query.show_disabled, 'show_disabled'),
        },
        { after, limit, countAtMost: COUNT_AT_MOST },
      )
      return toPage({
        items: await toWireAll(projectId, page.items),
        nextCursor: page.next && encodeCursor([page.next.time, page.next.id], CURSOR),
        totalItems: page.total,
        limit,
      })
    },
  )

  app.get(
    '/auth_configs/:id',
    { schema: { tags, summary: 'Get an auth config', params: IdParams, response: { 200: WireAuthConfig } } },
    async ({ projectId, params }) => toWireOne(projectId, await requireAuthConfig(deps, projectId, params.id)),
  )

  app.patch(
    '/auth_configs/:id',
    {
      schema: { tags, summary: 'Change an auth config', params: IdParams, body: PatchAuthConfigBody, response: { 200: Success } },
    },
    async ({ projectId, params, body }) => {
      await patchAuthConfig(deps, projectId, params.id, patchFromWire(body))
      return { success: true }
    },
  )

  app.patch(
    '/auth_configs/:id/:status',
    { schema: { tags, summary: 'Enable or disable an auth config', params: AuthConfigStatusParams, response: { 200: Success } } },
    async ({ projectId, params }) => {
      await patchAuthConfig(deps, projectId, params.id, { enabled: readStatus(params.status) })
      return { success: true }
    },
  )

  app.delete(
    '/auth_configs/:id',
    { schema: { tags, summary: 'Delete an auth config and destroy its secrets', params: IdParams, response: { 200: Success } } },
    async ({ projectId, params }) => {
      await deleteAuthConfig(deps, projectId, params.id)
      return { success: true }
    },
  )
}

function readStatus(status: string): boolean {
  const wanted = status.toUpperCase()
  if (wanted === 'ENABLED' || wanted === 'DISABLED') return wanted === 'ENABLED'
  throw new HoldfastError('invalid_request', 'status must be ENABLED or DISABLED.', {
    fields: [{ path: 'status', message: 'must be ENABLED or DISABLED' }],
  })
}
