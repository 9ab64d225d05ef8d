import { type FastifyInstance, fastify } from 'fastify'
import type { ApiServer } from './api-server.ts'

/** Nothing on the page may load from, or report to, anywhere but this server. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'"

/**
 * The readable API page at `/docs`. Its viewer is four megabytes, so it is loaded by the first reader and lives in a
 * server of its own inside this one: routes cannot be added to a server that has started.
 */
export function registerDocsPage(app: ApiServer): void {
  let viewer: Promise<FastifyInstance> | undefined
  const answer = async (url: string) => {
    viewer ??= openViewer()
    return (await viewer).inject(url)
  }
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    const { body } = await answer('/docs/')
    return reply.header('content-security-policy', CONTENT_SECURITY_POLICY).type('text/html; charset=utf-8').send(body)
  })
  app.get('/docs/js/scalar.js', { schema: { hide: true } }, async (_request, reply) => {
    const { rawPayload } = await answer('/docs/js/scalar.js')
    return reply.header('cache-control', 'max-age=3600').type('application/javascript; charset=utf-8').send(rawPayload)
  })
  app.addHook('onClose', async () => (await viewer)?.close())
}

async function openViewer(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const viewer = fastify()
  await viewer.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      cdn: '/docs/js/scalar.js',
      pageTitle: 'Holdfast API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
      proxyUrl: '',
    },
  })
  return viewer
}
