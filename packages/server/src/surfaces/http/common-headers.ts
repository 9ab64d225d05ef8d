import type { FastifyReply, FastifyRequest } from 'fastify'

const isApi = (request: FastifyRequest) => (request.raw.url ?? '').startsWith('/api/')

/** Browsers may call the API from any page: it takes keys in headers and no cookies, so there is nothing to forge. */
export function addCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  reply.header('x-content-type-options', 'nosniff')
  if (!isApi(request)) return
  reply.header('cache-control', 'no-store')
  if (request.headers.origin === undefined) return
  reply.header('access-control-allow-origin', '*')
  reply.header('access-control-expose-headers', 'x-request-id, retry-after, x-should-retry')
}

/** True if it was a browser asking whether it may: then it has been answered. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply): boolean {
  if (request.method !== 'OPTIONS' || !isApi(request) || request.headers['access-control-request-method'] === undefined)
    return false
  const wanted = request.headers['access-control-request-headers']
  reply
    .code(204)
    .header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
    .header('access-control-allow-headers', wanted ?? 'content-type, x-api-key, authorization')
    .header('access-control-max-age', '7200')
    .send()
  return true
}
