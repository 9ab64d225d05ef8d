import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../errors.ts'
import { statusOf, toHoldfastError } from '../http/wire-errors.ts'
import { faultPage, gonePage, noticePage, usedPage } from './outcome-page.ts'
import type { Page } from './page.ts'
import { sendPage } from './send-page.ts'
import { TEXTS } from './texts.ts'

const PAGES: Partial<Record<ErrorCode, () => Page>> = {
  link_not_found: gonePage,
  // What the link was made for has been taken away since.
  account_not_found: gonePage,
  auth_config_not_found: gonePage,
  auth_config_disabled: gonePage,
  auth_scheme_not_offered: gonePage,
  not_connectable: gonePage,
  project_not_found: gonePage,
  toolkit_not_found: gonePage,
  link_closed: usedPage,
  authorization_not_found: () => noticePage(TEXTS.late),
  browser_mismatch: () => noticePage(TEXTS.elsewhere),
  body_too_large: () => noticePage(TEXTS.tooLarge),
  unsupported_media_type: () => noticePage(TEXTS.notUnderstood),
  invalid_request: () => noticePage(TEXTS.notUnderstood),
}

/** An error as a page for a person; what only the operator can mend is logged, as everywhere. */
export function sendErrorPage(error: unknown, request: FastifyRequest, reply: FastifyReply, publicUrl: string): FastifyReply {
  const refusal = toHoldfastError(error)
  const status = statusOf(refusal.code)
  if (status >= 500) request.log.error({ err: refusal, route: request.routeOptions.url }, refusal.message)
  return sendPage(reply, status, PAGES[refusal.code]?.() ?? faultPage(request.id), publicUrl)
}
