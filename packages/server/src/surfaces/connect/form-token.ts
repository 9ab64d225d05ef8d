import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { readBrowserToken } from './browser-token.ts'

const NAME = 'form_token'

/** Only a page that this server gave to this browser has it: another site can make the browser post, but not know this. */
export const formTokenOf = (browserToken: string, linkId: string): string =>
  createHash('sha256').update(`form/${linkId}/${browserToken}`).digest('base64url')

/** What browsers say of where a form stood. Our pages send no referrer, for which `Origin: null` is the usual companion. */
function comesFromElsewhere({ headers }: FastifyRequest, publicUrl: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return true
  const { origin } = headers
  if (origin === undefined || origin === 'null') return false
  return origin !== URL.parse(publicUrl)?.origin && URL.parse(origin)?.host !== headers.host
}

/** The browser's token, if this form was sent by a page of ours in this browser. */
export function sentByOwnPage(
  request: FastifyRequest,
  form: URLSearchParams,
  { linkId, publicUrl }: { linkId: string; publicUrl: string },
): string | undefined {
  const browserToken = readBrowserToken(request, publicUrl)
  if (browserToken === undefined || comesFromElsewhere(request, publicUrl)) return undefined
  const expected = Buffer.from(formTokenOf(browserToken, linkId))
  const given = Buffer.from(form.get(NAME) ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected) ? browserToken : undefined
}
