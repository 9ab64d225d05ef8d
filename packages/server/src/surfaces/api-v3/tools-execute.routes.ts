import { type ExecutionDeps, executeTool } from '../../domain/execution/execute-tool.ts'
import { proxy } from '../../domain/execution/proxy.ts'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from '../http/api-server.ts'
import {
  ExecuteToolBody,
  ExecuteToolReply,
  ProxyBody,
  proxyCallFromWire,
  proxyReplyToWire,
  ToolSlugParams,
  toolCallFromWire,
  toolResultToWire,
  WireProxyReply,
} from './tools-execute.schema.ts'

const tags = ['Tools']

/** Bodies that are uploads: base64 makes a file a third larger. */
const PROXY_BODY_LIMIT_BYTES = 50 * 1024 * 1024

export function toolExecutionRoutes(app: ApiServer, deps: ExecutionDeps): void {
  app.post(
    '/tools/execute/proxy',
    {
      bodyLimit: PROXY_BODY_LIMIT_BYTES,
      schema: {
        tags,
        summary: 'Call any endpoint of a toolkit with a connection',
        body: ProxyBody,
        response: { 200: WireProxyReply },
      },
    },
    async ({ projectId, body }) => {
      const { connected_account_id: accountId, user_id: userId, toolkit_slug } = body
      const toolkitSlug = toolkit_slug?.toLowerCase()
      return proxyReplyToWire(await proxy(deps, projectId, { ...proxyCallFromWire(body), accountId, userId, toolkitSlug }))
    },
  )

  app.post(
    '/tools/execute/:slug',
    {
      schema: {
        tags,
        summary: 'Execute a tool',
        params: ToolSlugParams,
        body: ExecuteToolBody,
        response: { 200: ExecuteToolReply },
      },
    },
    async ({ projectId, params, body }) =>
      toolResultToWire(await executeTool(deps, projectId, toolCallFromWire(params.slug, body))),
  )

  app.post(
    '/tools/execute/:slug/input',
    { schema: { tags, summary: 'Turn text into the arguments of a tool (needs a language model)', params: ToolSlugParams } },
    async () => {
      throw new HoldfastError(
        'not_implemented',
        'Turning text into arguments needs a language model, which this server does not have.',
        {
          fix: 'Let your own model fill in the tool’s input_parameters.',
        },
      )
    },
  )
}
