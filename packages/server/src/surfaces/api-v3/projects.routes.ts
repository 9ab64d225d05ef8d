import {
  createProject,
  deleteProject,
  listProjects,
  type ProjectsDeps,
  patchProjectConfig,
  regenerateApiKey,
  requireProject,
} from '../../domain/projects/projects.service.ts'
import { newApiKey, type ProjectId } from '../../ids.ts'
import type { ApiServer } from '../http/api-server.ts'
import { readApiKey } from '../http/authenticate.ts'
import { decodePosition, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readLimit } from '../http/wire-query.ts'
import {
  configFromWire,
  configToWire,
  DeletedProject,
  keyToWire,
  ListProjectsQuery,
  NewProjectBody,
  NewProjectReply,
  ProjectConfigBody,
  ProjectPage,
  RegeneratedKey,
  SessionInfo,
  sessionToWire,
  toListItem,
  toWire,
  WireProject,
  WireProjectConfig,
} from './projects.schema.ts'
import { COUNT_AT_MOST, IdParams } from './wire-shapes.ts'

const tags = ['Projects']
const CURSOR = 'projects'

/** What a project may ask and change about itself. */
export function projectRoutes(app: ApiServer, deps: ProjectsDeps): void {
  app.get(
    '/auth/session/info',
    { schema: { tags, summary: 'Tell which project this API key opens', response: { 200: SessionInfo } } },
    async (request) => sessionToWire(await requireProject(deps, request.projectId), readApiKey(request) ?? ''),
  )

  app.get(
    '/org/project/config',
    { schema: { tags, summary: 'Get the settings of the project', response: { 200: WireProjectConfig } } },
    async ({ projectId }) => configToWire((await requireProject(deps, projectId)).config),
  )

  app.patch(
    '/org/project/config',
    {
      schema: {
        tags,
        summary: 'Change settings of the project; those left out stay',
        body: ProjectConfigBody,
        response: { 200: WireProjectConfig },
      },
    },
    async ({ projectId, body }) => configToWire(await patchProjectConfig(deps, projectId, configFromWire(body))),
  )
}

/** What stands above projects. Register it where the organisation key is required. */
export function orgRoutes(app: ApiServer, deps: ProjectsDeps): void {
  const security = [{ OrgApiKeyAuth: [] }]

  app.post(
    '/org/owner/project/new',
    {
      schema: { tags, security, summary: 'Create a project', body: NewProjectBody, response: { 200: NewProjectReply } },
    },
    async ({ body }) => {
      const apiKey = body.should_create_api_key ? newApiKey() : undefined
      const config = configFromWire(body.config)
      const { id, name } = await createProject(deps, { name: body.name, config, ...(apiKey && { apiKey }) })
      return { id, name, api_key: apiKey ?? null }
    },
  )

  app.get(
    '/org/owner/project/list',
    {
      schema: {
        tags,
        security,
        summary: 'List projects, newest first',
        querystring: ListProjectsQuery,
        response: { 200: ProjectPage },
      },
    },
    async ({ query }) => {
      const limit = readLimit(query.limit, { default: 20, max: 1000 })
      const position = query.cursor ? decodePosition(query.cursor, CURSOR) : undefined
      const after = position && { createdAt: position.time, id: position.id }
      const rows = await listProjects(deps, after, limit + 1)
      const projects = rows.slice(0, limit)
      const last = projects.at(-1)
      const isWhole = after === undefined && rows.length <= limit
      const total = isWhole ? rows.length : (await listProjects(deps, undefined, COUNT_AT_MOST)).length
      const { items: data, ...page } = toPage({
        items: projects.map(toListItem),
        nextCursor: rows.length > limit && last ? encodeCursor([last.createdAt, last.id], CURSOR) : null,
        totalItems: total,
        limit,
      })
      return { data, ...page }
    },
  )

  app.get(
    '/org/owner/project/:id',
    { schema: { tags, security, summary: 'Get a project', params: IdParams, response: { 200: WireProject } } },
    async ({ params }) => toWire(await requireProject(deps, params.id as ProjectId)),
  )

  app.delete(
    '/org/owner/project/:id',
    {
      schema: {
        tags,
        security,
        summary: 'Delete a project: its keys and every secret in it are destroyed',
        params: IdParams,
        response: { 200: DeletedProject },
      },
    },
    async ({ params }) => {
      await deleteProject(deps, params.id as ProjectId)
      return { status: 'success' as const }
    },
  )

  app.post(
    '/org/owner/project/:id/regenerate_api_key',
    {
      schema: {
        tags,
        security,
        summary: "Replace the project's API key; the new one is shown once",
        params: IdParams,
        response: { 200: RegeneratedKey },
      },
    },
    async ({ params }) => {
      const id = params.id as ProjectId
      return keyToWire(id, await regenerateApiKey(deps, id))
    },
  )
}
