import type { Static } from 'typebox'
import { toolkitsWithApp } from '../../domain/oauth-apps/oauth-apps.service.ts'
import { proxyInSession } from '../../domain/sessions/app-tool.ts'
import { assistivePrompt } from '../../domain/sessions/assistive-prompt.ts'
import { executeInSession, executeMetaTool } from '../../domain/sessions/execute-in-session.ts'
import { searchTools } from '../../domain/sessions/meta-search.ts'
import type { Session } from '../../domain/sessions/session.ts'
import { linkInSession } from '../../domain/sessions/session-link.ts'
import { listSessionToolkits } from '../../domain/sessions/session-toolkits.ts'
import { preloadWarning, visibleToolsOf } from '../../domain/sessions/session-tools.ts'
import { createSession, deleteSession, requireSession, type SessionsDeps } from '../../domain/sessions/sessions.service.ts'
import { pageOf } from '../../domain/toolkits/paging.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import { toPage } from '../http/wire-cursor.ts'
import { readBoolean, readLimit, readList } from '../http/wire-query.ts'
import { mcpUrlOf } from '../mcp/mcp-url.ts'
import { CreateLinkReply, linkToWire, SessionLinkBody, sessionLinkFromWire } from './connect-links.schema.ts'
import { assertSupported, CreateSessionBody, configToWire, fromWire, timeZoneOf, WireSession } from './tool-router.schema.ts'
import {
  AttachBody,
  DeletedSession,
  ExecuteBody,
  ExecuteMetaBody,
  metaToolToWire,
  resultToWire,
  SearchBody,
  SearchReply,
  SessionExecuteReply,
  SessionProxyBody,
  SessionToolkitPage,
  ToolkitsQuery,
  ToolsQuery,
  toolkitToWire,
} from './tool-router-calls.schema.ts'
import { sessionChangeRoutes } from './tool-router-changes.routes.ts'
import { labsSessionRoute } from './tool-router-labs.routes.ts'
import { ToolPage, toolToWire } from './tools-catalogue.schema.ts'
import { proxyCallFromWire, proxyReplyToWire, WireProxyReply } from './tools-execute.schema.ts'
import { IdParams } from './wire-shapes.ts'

const tags = ['Sessions']
const PATH = '/tool_router/session'
/** Bodies that are uploads: base64 makes a file a third larger. */
const PROXY_BODY_LIMIT_BYTES = 50 * 1024 * 1024

export function toolRouterRoutes(app: ApiServer, deps: SessionsDeps): void {
  const { catalogue } = deps
  const toWire = (session: Session): Static<typeof WireSession> => {
    const visible = visibleToolsOf(catalogue, session.config)
    const warning = preloadWarning(visible)
    return {
      session_id: session.id,
      mcp: { type: 'http', url: mcpUrlOf(deps.publicUrl(), session.id) },
      tool_router_tools: visible.meta.map(({ slug }) => slug),
      config: configToWire(session),
      config_version: session.version,
      warnings: warning ? [{ code: 'PRELOAD_TOOLS_HIGH_CONTEXT_USAGE', message: warning }] : [],
    }
  }

  app.post(
    PATH,
    { schema: { tags, summary: 'Create a session for a user', body: CreateSessionBody, response: { 201: WireSession } } },
    async ({ projectId, body }, reply) => {
      const timeZone = timeZoneOf(body)
      const session = await createSession(deps, projectId, fromWire(body))
      const prompt = assistivePrompt(session, visibleToolsOf(catalogue, session.config), timeZone)
      return reply.code(201).send({ ...toWire(session), experimental: { assistive_prompt: prompt } })
    },
  )

  app.get(
    `${PATH}/:id`,
    { schema: { tags, summary: 'Get a session', params: IdParams, response: { 200: WireSession } } },
    async ({ projectId, params }) => toWire(await requireSession(deps, projectId, params.id)),
  )

  app.post(
    `${PATH}/:id/attach`,
    { schema: { tags, summary: 'Go on with a session', params: IdParams, body: AttachBody, response: { 200: WireSession } } },
    async ({ projectId, params, body }) => {
      const session = await requireSession(deps, projectId, params.id)
      assertSupported(body?.experimental ?? undefined)
      return toWire(session)
    },
  )

  app.delete(
    `${PATH}/:id`,
    { schema: { tags, summary: 'Delete a session', params: IdParams, response: { 200: DeletedSession } } },
    async ({ projectId, params }) => {
      await deleteSession(deps, projectId, params.id)
      return { session_id: params.id, deleted: true as const }
    },
  )

  app.get(
    `${PATH}/:id/toolkits`,
    {
      schema: {
        tags,
        summary: 'List the toolkits of a session and which of them the user is connected to',
        params: IdParams,
        querystring: ToolkitsQuery,
        response: { 200: SessionToolkitPage },
      },
    },
    async ({ projectId, params, query }) => {
      const session = await requireSession(deps, projectId, params.id)
      const limit = readLimit(query.limit, { default: 20, max: 50 })
      const page = await listSessionToolkits(deps, session, {
        slugs: readList(query.toolkits),
        search: query.search,
        onlyConnected: readBoolean(query.is_connected, 'is_connected'),
        cursor: query.cursor,
        limit,
      })
      const withApp = await toolkitsWithApp(deps)
      const items = page.items.map((item) => toolkitToWire(item, withApp))
      return toPage({ items, nextCursor: page.nextCursor, totalItems: page.total, limit })
    },
  )

  app.get(
    `${PATH}/:id/tools`,
    {
      schema: {
        tags,
        summary: 'List what an agent gets: the helper tools and the preloaded ones',
        params: IdParams,
        querystring: ToolsQuery,
        response: { 200: ToolPage },
      },
    },
    async ({ projectId, params, query }) => {
      const { config } = await requireSession(deps, projectId, params.id)
      const limit = readLimit(query.limit, { default: 20, max: 500 })
      const { meta, preloaded } = visibleToolsOf(catalogue, config)
      const ranked = [
        ...meta.map((tool, index) => ({ item: () => metaToolToWire(tool), key: [0, String(index)] })),
        ...preloaded.map((tool) => ({
          item: () => toolToWire(tool, catalogue.requireToolkit(tool.toolkitSlug)),
          key: [1, tool.slug],
        })),
      ]
      const page = pageOf(ranked, limit, query.cursor)
      return toPage({
        items: page.items.map((toWireTool) => toWireTool()),
        nextCursor: page.nextCursor,
        totalItems: page.total,
        limit,
      })
    },
  )

  app.post(
    `${PATH}/:id/execute`,
    {
      schema: {
        tags,
        summary: 'Run a tool of a session',
        params: IdParams,
        body: ExecuteBody,
        response: { 200: SessionExecuteReply },
      },
    },
    async ({ projectId, params, body }) => {
      const session = await requireSession(deps, projectId, params.id)
      const account = body.account ?? body.connected_account_id ?? undefined
      const confirmed = body.experimental?.['confirmed'] === true
      const call = { toolSlug: body.tool_slug, arguments: body.arguments ?? {}, account, confirmed }
      return resultToWire(await executeInSession(deps, session, call))
    },
  )

  app.post(
    `${PATH}/:id/execute_meta`,
    {
      schema: {
        tags,
        summary: 'Run a helper tool of a session',
        params: IdParams,
        body: ExecuteMetaBody,
        response: { 200: SessionExecuteReply },
      },
    },
    async ({ projectId, params, body }) => {
      const session = await requireSession(deps, projectId, params.id)
      return resultToWire(await executeMetaTool(deps, session, body.slug.toUpperCase(), body.arguments ?? {}))
    },
  )

  app.post(
    `${PATH}/:id/search`,
    { schema: { tags, summary: 'Find tools of a session', params: IdParams, body: SearchBody, response: { 200: SearchReply } } },
    async ({ projectId, params, body }) => {
      const session = await requireSession(deps, projectId, params.id)
      const found = await searchTools(deps, session, body)
      return { ...found, next_steps_guidance: [...found.next_steps_guidance] }
    },
  )

  app.post(
    `${PATH}/:id/proxy_execute`,
    {
      bodyLimit: PROXY_BODY_LIMIT_BYTES,
      schema: {
        tags,
        summary: "Call any endpoint of a toolkit with the session's connection",
        params: IdParams,
        body: SessionProxyBody,
        response: { 200: WireProxyReply },
      },
    },
    async ({ projectId, params, body }) => {
      const session = await requireSession(deps, projectId, params.id)
      if (body.custom_connection_data)
        throw new HoldfastError('not_implemented', 'custom_connection_data is not available in sessions of this version.', {
          fix: "Import the credential as a connection of the session's user.",
        })
      return proxyReplyToWire(await proxyInSession(deps, session, { ...proxyCallFromWire(body), toolkitSlug: body.toolkit_slug }))
    },
  )

  app.post(
    `${PATH}/:id/link`,
    {
      schema: {
        tags,
        summary: "Make a link at which the session's user connects a toolkit",
        params: IdParams,
        body: SessionLinkBody,
        response: { 201: CreateLinkReply },
      },
    },
    async ({ projectId, params, body }, reply) => {
      const session = await requireSession(deps, projectId, params.id)
      return reply.code(201).send(linkToWire(await linkInSession(deps, session, sessionLinkFromWire(body))))
    },
  )

  sessionChangeRoutes(app, deps, toWire)
  labsSessionRoute(app, deps)
}
