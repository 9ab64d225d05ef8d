import { HoldfastError } from '../../errors.ts'
import { timedOut } from './deadline.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name could not be resolved (DNS)',
  ENODATA: 'its name could not be resolved (DNS)',
  EAI_AGAIN: 'its name could not be resolved (DNS)',
  EAI_FAIL: 'its name could not be resolved (DNS)',
  ECONNREFUSED: 'it refused the connection',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  EPROTO: 'the TLS handshake failed',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  CERT_NOT_YET_VALID: 'its TLS certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its reply was cut short',
}

const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** The public message names the host and a reason; the error itself, which may quote more, stays in `cause`. */
export function outboundFailure(error: unknown, host: string): HoldfastError {
  if (error instanceof HoldfastError) return error
  const code = codeOf(error)
  if (TIMEOUTS.has(code)) return timedOut(host, error)
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return replyTooLarge(host)
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return new HoldfastError('invalid_request', `The request to ${host} is not valid HTTP.`, { cause: error })
  }
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
    return new HoldfastError('service_unavailable', 'The server is stopping.', { cause: error })
  }
  // Not even as the cause: it quotes what the other side sent.
  if (error instanceof Error && error.name === 'HTTPParserError') return unreachable(host, 'its reply is not valid HTTP')
  return unreachable(host, REASONS[code] ?? reasonByFamily(code), error)
}

export const unreachable = (host: string, reason: string, cause?: unknown): HoldfastError =>
  new HoldfastError('upstream_unreachable', `${host} could not be reached: ${reason}.`, { cause })

export const replyTooLarge = (host: string): HoldfastError =>
  new HoldfastError('upstream_reply_too_large', `${host} sent a larger reply than this server accepts.`)

/** True for a kept connection that the other side had closed: it answered before, and nothing of this request's reply came. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error)
  if (code === 'ECONNRESET' || code === 'EPIPE') return true
  if (code !== 'UND_ERR_SOCKET' || !(error instanceof Error) || !('socket' in error)) return false
  const { socket } = error
  return typeof socket === 'object' && socket !== null && 'bytesRead' in socket && Number(socket.bytesRead) > 0
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function reasonByFamily(code: string): string {
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'the TLS handshake failed'
  if (code.includes('CERT') || code.includes('ISSUER') || code.includes('LEAF_SIGNATURE'))
    return 'its TLS certificate is not trusted'
  return 'the connection failed'
}
