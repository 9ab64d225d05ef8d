import type { onRequestHookHandler } from 'fastify'
import { HoldfastError } from '../../errors.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * A web page whose name was made to point at this server (DNS rebinding) sends the origin of that name along. Clients that are
 * no browsers send none; pages of this server itself, and those of the same machine, are let through.
 */
export const refuseForeignOrigins =
  (publicUrl: () => string): onRequestHookHandler =>
  (request, _reply, done) => {
    const { origin } = request.headers
    done(origin === undefined || isOwn(origin, publicUrl()) ? undefined : foreign())
  }

function isOwn(origin: string, publicUrl: string): boolean {
  const url = URL.parse(origin)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return LOOPBACK.has(url.hostname) || url.origin === URL.parse(publicUrl)?.origin
}

const foreign = () =>
  new HoldfastError('forbidden', 'MCP requests from web pages of other origins are refused.', {
    fix: 'Call from a server or a desktop client, or from a page of HOLDFAST_PUBLIC_URL.',
  })
