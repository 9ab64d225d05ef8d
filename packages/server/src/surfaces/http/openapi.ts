import swagger from '@fastify/swagger'
import type { ApiServer } from './api-server.ts'
import { API_PREFIXES } from './both-versions.ts'
import { WireErrorBody } from './wire-errors.ts'

const [OLD_PREFIX, LISTED_PREFIX] = API_PREFIXES

export interface OpenApiOptions {
  readonly version: string
  /** Undefined when nobody set one: then it is wherever the document was read. */
  readonly publicUrl: string | undefined
  readonly tags?: readonly { readonly name: string; readonly description: string }[]
}

const DESCRIPTION = `Take over the credentials your users already gave, keep them alive, and let agents use them.

Every path below ${LISTED_PREFIX} answers in the same way below ${OLD_PREFIX}. Lists are paged with \`cursor\` and
\`limit\`; an error carries a \`slug\` that names it exactly, a \`suggested_fix\` and the \`request_id\` of the log.`

/** Call it before the routes are registered: it listens to their registration. The document is made when first asked for. */
export async function registerOpenApi(app: ApiServer, { version, publicUrl, tags = [] }: OpenApiOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', version, description: DESCRIPTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: publicUrl ?? '/' }],
      tags: [...tags],
      components: {
        schemas: { Error: WireErrorBody },
        responses: {
          Error: {
            description: 'Refused, or failed: the body says why and what to do.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
          },
        },
        securitySchemes: {
          ApiKeyAuth: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The key of a project.' },
          OrgApiKeyAuth: {
            type: 'apiKey',
            in: 'header',
            name: 'x-org-api-key',
            description: 'The value of HOLDFAST_ORG_API_KEY.',
          },
        },
      },
      security: [{ ApiKeyAuth: [] }],
    },
    transform: ({ schema, url }) => ({ schema: url.startsWith(`${OLD_PREFIX}/`) ? { ...schema, hide: true } : schema, url }),
    transformObject: (documented) => {
      const document = 'openapiObject' in documented ? documented.openapiObject : documented.swaggerObject
      for (const operations of Object.values(document.paths ?? {}))
        for (const operation of Object.values((operations ?? {}) as Record<string, OperationObject>)) describeResponses(operation)
      return document
    },
  })
  let text: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger(), null, 2)
    return reply.header('access-control-allow-origin', '*').type('application/json; charset=utf-8').send(text)
  })
}

interface OperationObject {
  responses?: Record<string, { description: string; content?: unknown } | { $ref: string }>
}

/** Every route refuses in the same shape. A route that names no reply of its own has only that one. */
function describeResponses(operation: OperationObject): void {
  const named = Object.entries(operation.responses ?? {}).filter(([, response]) => 'content' in response)
  operation.responses = Object.fromEntries([
    ...named.map(([status, response]) => [status, { ...response, description: REPLIES[status] ?? 'Answered.' }]),
    ['default', { $ref: '#/components/responses/Error' }],
  ])
}

const REPLIES: Readonly<Record<string, string>> = { 200: 'Done.', 201: 'Made.' }
