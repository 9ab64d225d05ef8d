import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { type ErrorCode, HoldfastError } from '../../errors.ts'

/**
 * 409, 408, 429 and 5xx make the official clients try again by themselves, so a plain refusal that would be refused
 * again is never one of them: `alias_taken` is a 400, `credential_conflict` (a concurrent patch) is a 409 that heals.
 */
const STATUS = {
  invalid_request: 400,
  invalid_cursor: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  rate_limited: 429,
  not_implemented: 501,
  internal_error: 500,
  service_unavailable: 503,
  project_not_found: 404,
  toolkit_not_found: 404,
  tool_not_found: 404,
  auth_config_not_found: 404,
  auth_config_disabled: 400,
  auth_scheme_not_offered: 400,
  managed_auth_unavailable: 400,
  account_not_found: 404,
  account_not_active: 400,
  no_account_for_toolkit: 404,
  alias_taken: 400,
  auth_scheme_mismatch: 400,
  missing_credential_field: 400,
  grant_client_mismatch: 400,
  credential_rejected: 400,
  credential_unverifiable: 400,
  credential_conflict: 409,
  invalid_import: 400,
  import_not_found: 404,
  credential_unreadable: 500,
  credential_expired: 400,
  credential_expired_app_owned: 400,
  refresh_owned_by_app: 400,
  refresh_unavailable: 503,
  session_not_found: 404,
  session_conflict: 409,
  not_connectable: 400,
  link_not_found: 404,
  link_closed: 400,
  authorization_not_found: 400,
  browser_mismatch: 403,
  tool_not_allowed: 403,
  confirmation_required: 403,
  invalid_tool_arguments: 400,
  destination_blocked: 403,
  destination_not_allowed: 403,
  upstream_unreachable: 502,
  upstream_timeout: 504,
  upstream_reply_too_large: 502,
  master_key_mismatch: 500,
  invalid_configuration: 500,
  invalid_toolkit: 500,
} as const satisfies Record<ErrorCode, number>

/** Trying again changes nothing, or would do the upstream's work twice: tell the official clients not to. */
const NEVER_RETRY: ReadonlySet<ErrorCode> = new Set([
  'not_implemented',
  'session_conflict',
  'upstream_timeout',
  'upstream_reply_too_large',
  'credential_unreadable',
])

/** What clients written for Composio branch on: @composio/core maps the number, others compare the slug. */
const KNOWN_TO_CLIENTS: Partial<Record<ErrorCode, { code: number; slug: string }>> = {
  no_account_for_toolkit: { code: 1803, slug: 'ActionExecute_ConnectedAccountNotFound' },
}

/** The error body of every route. */
export const WireErrorBody = Type.Object({
  error: Type.Object({
    message: Type.String({ description: 'What is wrong, for a person.' }),
    code: Type.Number({ description: 'Coarse, as official clients know it; `slug` is the exact name.' }),
    slug: Type.String({ description: 'The exact name of the refusal. It never changes its meaning.' }),
    status: Type.Number({ description: 'The HTTP status.' }),
    request_id: Type.String({ description: 'Also in the header x-request-id, and in the log.' }),
    suggested_fix: Type.String({ description: 'What to do about it; may be empty.' }),
    errors: Type.Array(Type.String(), { description: 'One line for each refused field: `path: what is wrong`.' }),
  }),
})

export type WireError = Static<typeof WireErrorBody>

export const statusOf = (code: ErrorCode): number => STATUS[code]

/** A message may quote what it refuses, and that may be megabytes. */
const MAX_TEXT_LENGTH = 2_000
const MAX_FIELDS = 50
const clip = (text: string): string => (text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text)

export function toWireError(error: HoldfastError, requestId: string): WireError {
  const status = STATUS[error.code]
  const known = KNOWN_TO_CLIENTS[error.code]
  return {
    error: {
      message: clip(error.message),
      code: known?.code ?? 10_000 + status,
      slug: known?.slug ?? error.code,
      status,
      request_id: requestId,
      suggested_fix: clip(error.fix ?? ''),
      errors: error.fields.slice(0, MAX_FIELDS).map(({ path, message }) => clip(path ? `${path}: ${message}` : message)),
    },
  }
}

const unexpected = (cause: unknown) =>
  new HoldfastError('internal_error', 'Something went wrong on the server.', {
    cause,
    fix: 'Look for this request_id in the server log.',
  })

/** Fastify's own refusals, told apart by their codes; whatever is left is a fault of ours. */
export function toHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HoldfastError('body_too_large', 'The request body is larger than this route accepts.', {
        fix: 'Send less in one request.',
      })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HoldfastError('unsupported_media_type', 'This content type is not understood here.', {
        fix: 'Send JSON with the header `content-type: application/json`.',
      })
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HoldfastError('invalid_request', 'The request body is not valid JSON.')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new HoldfastError('invalid_request', 'The request body is not as long as its content-length header says.')
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_INVALID_URL':
      return new HoldfastError('invalid_request', 'The path of the request is not valid percent-encoding.')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HoldfastError('not_found', 'Nothing has an id that long.')
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new HoldfastError('invalid_request', 'The connection closed before the whole request had arrived.')
  }
  // The JSON parser's refusal of a `__proto__` key comes as a bare 400.
  return statusCode === 400 ? new HoldfastError('invalid_request', 'The request body is not acceptable JSON.') : unexpected(error)
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toHoldfastError(error)
  const status = STATUS[refusal.code]
  // Refusals are the caller's business; a 5xx is the operator's, with the private cause.
  if (status >= 500 && refusal.code !== 'not_implemented')
    request.log.error({ err: refusal, route: request.routeOptions?.url }, refusal.message)
  if (NEVER_RETRY.has(refusal.code)) reply.header('x-should-retry', 'false')
  if (refusal.code === 'unauthorized') reply.header('www-authenticate', 'ApiKey')
  reply
    .code(status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(toWireError(refusal, String(request.id)))
}
