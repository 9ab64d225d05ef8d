import { type Static, Type } from 'typebox'
import { createSession, type SessionsDeps } from '../../domain/sessions/sessions.service.ts'
import type { ApiServer } from '../http/api-server.ts'
import { mcpUrlOf } from '../mcp/mcp-url.ts'
import { fromWire } from './tool-router.schema.ts'
import { Nullable } from './wire-shapes.ts'

const Body = Type.Object({
  user_id: Type.String({ minLength: 1, maxLength: 512 }),
  config: Type.Optional(
    Type.Object({
      toolkits: Type.Optional(
        Type.Array(
          Type.Object({
            toolkit: Type.String({ minLength: 1 }),
            auth_config_id: Type.Optional(Type.String()),
            auth_config: Type.Optional(Type.String({ description: 'The older name of `auth_config_id`.' })),
          }),
          { maxItems: 1_000 },
        ),
      ),
      manually_manage_connections: Type.Optional(Nullable(Type.Boolean())),
    }),
  ),
})

const Reply = Type.Object({
  session_id: Type.String(),
  chat_session_mcp_url: Type.String(),
  tool_router_instance_mcp_url: Type.String(),
})

/** The session route of the clients of 2025: the same sessions, asked for in another form. */
export function labsSessionRoute(app: ApiServer, deps: SessionsDeps): void {
  app.post(
    '/labs/tool_router/session',
    { schema: { tags: ['Sessions'], summary: 'Create a session (older form)', body: Body, response: { 201: Reply } } },
    async ({ projectId, body }, reply) => {
      const { id } = await createSession(deps, projectId, fromWire(currentForm(body)))
      const url = mcpUrlOf(deps.publicUrl(), id)
      return reply.code(201).send({ session_id: id, chat_session_mcp_url: url, tool_router_instance_mcp_url: url })
    },
  )
}

/** Here an empty list of toolkits means all of them. */
function currentForm({ user_id, config = {} }: Static<typeof Body>): Parameters<typeof fromWire>[0] {
  const { toolkits = [], manually_manage_connections: manually } = config
  const authConfigs = toolkits.flatMap(({ toolkit, auth_config_id, auth_config }) => {
    const id = auth_config_id ?? auth_config
    return id === undefined ? [] : [[toolkit, id] as const]
  })
  return {
    user_id,
    ...(toolkits.length > 0 && { toolkits: { enable: toolkits.map(({ toolkit }) => toolkit) } }),
    auth_configs: Object.fromEntries(authConfigs),
    manage_connections: { enable: manually !== true },
  }
}
