import type { FastifyReply, FastifyRequest } from 'fastify'
import { HoldfastError } from '../../errors.ts'
import type { ApiServer } from './api-server.ts'

interface KnownRoute {
  readonly segments: readonly string[]
  readonly methods: readonly string[]
}

/** Only read when nothing matched, so a list that is walked from end to end will do. */
export function rememberRoutes(app: ApiServer): readonly KnownRoute[] {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ segments: segmentsOf(url), methods: typeof method === 'string' ? [method] : method })
  })
  return routes
}

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '')

const matches = (pattern: readonly string[], path: readonly string[]) =>
  pattern.at(-1) === '*'
    ? path.length >= pattern.length - 1 && pattern.slice(0, -1).every((segment, i) => segment === path[i])
    : pattern.length === path.length && pattern.every((segment, i) => segment.startsWith(':') || segment === path[i])

/** A path that exists under another method is a 405 with `Allow`, anything else a 404 that says where to look. */
export function explainUnknownRoute(routes: readonly KnownRoute[], request: FastifyRequest, reply: FastifyReply): HoldfastError {
  const path = segmentsOf((request.raw.url ?? '').split('?', 1)[0] ?? '')
  const allowed = new Set<string>()
  for (const { segments, methods } of routes) if (matches(segments, path)) for (const method of methods) allowed.add(method)
  if (allowed.size > 0) {
    const allow = [...allowed].sort().join(', ')
    reply.header('allow', allow)
    return new HoldfastError('method_not_allowed', `This path does not answer to ${request.method}.`, {
      fix: `It answers to ${allow}.`,
    })
  }
  return new HoldfastError('not_found', 'There is no such route.', {
    fix: 'API routes begin with /api/v3 or /api/v3.1; /docs lists them all.',
  })
}
