import type { FastifyReply } from 'fastify'
import type { Page } from './page.ts'

/**
 * The page asks nobody for anything, stands in no frame, sends forms only to where it came from, and tells no other site
 * where the person was. `form-action` also holds for redirects after a form, which is why pages go on by `refresh`.
 */
const contentSecurityPolicy = ({ styleHashes }: Page): string =>
  [
    "default-src 'none'",
    `style-src ${styleHashes.join(' ')}`,
    'img-src data:',
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'x-robots-tag': 'noindex, nofollow',
}
const ONE_YEAR_SECONDS = 31_536_000

/** For whatever a person's browser gets while connecting: pages, and the redirect at the end. */
export function addConnectHeaders(reply: FastifyReply, publicUrl: string): FastifyReply {
  reply.headers(HEADERS)
  if (publicUrl.startsWith('https:')) reply.header('strict-transport-security', `max-age=${ONE_YEAR_SECONDS}`)
  return reply
}

export const sendPage = (reply: FastifyReply, status: number, page: Page, publicUrl: string): FastifyReply =>
  addConnectHeaders(reply, publicUrl)
    .code(status)
    .header('content-security-policy', contentSecurityPolicy(page))
    .type('text/html; charset=utf-8')
    .send(page.body)
