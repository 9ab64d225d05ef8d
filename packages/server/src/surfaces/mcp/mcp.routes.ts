import type { FastifyRequest } from 'fastify'
import { executeInSession } from '../../domain/sessions/execute-in-session.ts'
import type { Session } from '../../domain/sessions/session.ts'
import { visibleToolsOf } from '../../domain/sessions/session-tools.ts'
import { requireSession, type SessionsDeps } from '../../domain/sessions/sessions.service.ts'
import { HoldfastError } from '../../errors.ts'
import { IdParams } from '../api-v3/wire-shapes.ts'
import type { ApiServer } from '../http/api-server.ts'
import { type Authenticate, requireProject } from '../http/authenticate.ts'
import { toMcpRefusal, toMcpResult, toMcpTools } from './mcp-tools.ts'
import { MCP_ROUTE } from './mcp-url.ts'
import { refuseForeignOrigins } from './origin.ts'

export interface McpDeps extends SessionsDeps {
  readonly authenticate: Authenticate
  readonly version: string
}

const BODY_LIMIT_BYTES = 5 * 1024 * 1024

const loadSdk = async () => {
  const [{ Server }, { WebStandardStreamableHTTPServerTransport: Transport }, types] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/index.js'),
    import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  return { Server, Transport, ...types }
}
type Sdk = Awaited<ReturnType<typeof loadSdk>>

/**
 * Streamable HTTP without state: every POST is answered whole, as JSON, by any server of the database. There is nothing to
 * listen to and nothing to end, so GET and DELETE are 405, as the protocol has it.
 */
export function registerMcp(app: ApiServer, deps: McpDeps): void {
  let sdk: Promise<Sdk> | undefined
  app.post(
    MCP_ROUTE,
    {
      bodyLimit: BODY_LIMIT_BYTES,
      onRequest: [refuseForeignOrigins(deps.publicUrl), requireProject(deps.authenticate)],
      schema: { hide: true, params: IdParams },
    },
    async (request, reply) => {
      const session = await requireSession(deps, request.projectId, request.params.id)
      sdk ??= loadSdk()
      const response = await answer(await sdk, deps, session, request)
      reply.code(response.status)
      const contentType = response.headers.get('content-type')
      if (contentType) reply.type(contentType)
      return reply.serializer(String).send(await response.text())
    },
  )
}

async function answer(sdk: Sdk, deps: McpDeps, session: Session, request: FastifyRequest): Promise<Response> {
  const server = sessionServer(sdk, deps, session, request)
  const transport = new sdk.Transport({ enableJsonResponse: true })
  await server.connect(transport)
  try {
    return await transport.handleRequest(toWebRequest(request), { parsedBody: request.body ?? null })
  } finally {
    await server.close()
  }
}

function sessionServer(sdk: Sdk, deps: McpDeps, session: Session, { log }: FastifyRequest) {
  const server = new sdk.Server(
    { name: 'holdfast', title: 'Holdfast', version: deps.version },
    { capabilities: { tools: {} }, instructions: 'The tools of one user. Search for a tool, then run it.' },
  )
  server.setRequestHandler(sdk.ListToolsRequestSchema, () => ({
    tools: toMcpTools(visibleToolsOf(deps.catalogue, session.config)),
  }))
  server.setRequestHandler(sdk.CallToolRequestSchema, async ({ params }) => {
    try {
      return toMcpResult(await executeInSession(deps, session, { toolSlug: params.name, arguments: params.arguments ?? {} }))
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'tool_not_found')
        throw new sdk.McpError(sdk.ErrorCode.InvalidParams, [error.message, error.fix].filter(Boolean).join(' '))
      if (error instanceof HoldfastError) return toMcpRefusal(error)
      log.error({ err: error, session: session.id }, 'an MCP call failed on the server')
      return toMcpRefusal(new HoldfastError('internal_error', 'Something went wrong on the server.'))
    }
  })
  return server
}

/** The body has been read and parsed; the library still wants to see the headers that the protocol defines. */
function toWebRequest({ headers, url }: FastifyRequest): Request {
  const known = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-session-id']
  const given = known.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]] as [string, string]] : []))
  return new Request(new URL(url, 'http://localhost'), { method: 'POST', headers: given })
}
