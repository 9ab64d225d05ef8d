import type { Dispatcher } from 'undici'
import type { Deadline } from './deadline.ts'
import { isStaleConnection, outboundFailure, replyTooLarge } from './failures.ts'
import { replyHeaders } from './headers.ts'
import type { Hop, HopReply } from './hop.ts'
import { isRedirect } from './redirects.ts'

/** May be sent twice without being done twice (RFC 9110 §9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const NO_BODY = Buffer.alloc(0)
/** A redirect's text is read only to keep the connection; a longer one is not worth it. */
const redirectBodyMaxBytes = 64 * 1024

/** Sends one hop and collects its reply; `discardRedirects` says that nobody will read the body of a redirect. */
export function sendHop(
  pools: Dispatcher,
  hop: Hop,
  deadline: Deadline,
  maxReplyBytes: number,
  discardRedirects: boolean,
): Promise<HopReply> {
  const { promise, resolve, reject } = Promise.withResolvers<HopReply>()
  const { host, origin, pathname, search } = hop.url
  const options: Dispatcher.DispatchOptions = {
    origin,
    path: pathname + search,
    method: hop.method,
    headers: hop.headers,
    body: hop.body,
  }
  let attemptsLeft = REPEATABLE.has(hop.method) ? 1 : 0
  let controller: Dispatcher.DispatchController | null = null
  let settled = false
  let answered = false
  let discard = false
  let maxBytes = maxReplyBytes
  let status = 0
  let headers: Record<string, string> = {}
  let chunks: Buffer[] = []
  let size = 0

  const settle = (error: Error | null) => {
    if (settled) return
    settled = true
    deadline.onEnd = null
    if (error === null) {
      const [only = NO_BODY] = chunks
      resolve({ status, headers, body: chunks.length > 1 ? Buffer.concat(chunks, size) : only })
    } else reject(error)
    chunks = []
  }
  /** The connection is in the middle of a reply: it cannot be kept. */
  const breakOff = (error: Error | null) => {
    settle(error)
    controller?.abort(error ?? new Error('the rest of the reply is not needed'))
  }
  const overflow = () => breakOff(discard ? null : replyTooLarge(host))

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      // Its time ran out in the queue: thrown here, undici drops the request and keeps the connection.
      if (settled) throw new Error('given up before it was sent')
      controller = started
    },
    onResponseStart(_, statusCode, received) {
      if (statusCode < 200 || settled) return
      answered = true
      status = statusCode
      headers = replyHeaders(received)
      discard = discardRedirects && isRedirect(statusCode) && headers['location'] !== undefined
      if (discard) maxBytes = redirectBodyMaxBytes
      if (hop.method !== 'HEAD' && Number(headers['content-length']) > maxBytes) overflow()
    },
    onResponseData(_, chunk) {
      if (settled) return
      size += chunk.length
      if (size > maxBytes) overflow()
      else if (!discard) chunks.push(chunk)
    },
    onResponseEnd() {
      settle(null)
    },
    onResponseError(_, error) {
      if (settled) return
      if (!answered && attemptsLeft > 0 && isStaleConnection(error)) {
        attemptsLeft -= 1
        controller = null
        // Not from within the closing connection's own events.
        queueMicrotask(() => pools.dispatch(options, handler))
      } else settle(outboundFailure(error, host))
    },
  }

  if (deadline.ended) settle(deadline.ended)
  else {
    deadline.onEnd = breakOff
    pools.dispatch(options, handler)
  }
  return promise
}
