import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import { HoldfastError } from '../../errors.ts'
import { createPools } from './connector.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { decodeBody, findDecoders } from './decode.ts'
import { sendHop } from './exchange.ts'
import { outboundFailure, unreachable } from './failures.ts'
import { createGuard } from './guard.ts'
import { requestHeaders } from './headers.ts'
import type { Hop, HopReply } from './hop.ts'
import { assertCallable, followRedirect } from './redirects.ts'

export interface OutboundRequest {
  readonly method: string
  readonly url: URL
  /** What belongs to the connection (`host`, `content-length`, `connection`, …) is left out. */
  readonly headers: Readonly<Record<string, string>>
  /** Goes along with a 307 or 308 wherever that leads, unless it holds a credential. */
  readonly body?: Uint8Array | string | null
  /** Names of headers that carry a credential: dropped when a redirect leaves the origin, as every secret-looking header is. */
  readonly credentialHeaders?: readonly string[]
  /** A 307 or 308 that leaves the origin would take the body along: `destination_not_allowed` then. */
  readonly credentialInBody?: boolean
  /** Asked for the URL (false: `destination_not_allowed`) and for each redirect target (false: followed without credentials). */
  readonly mayReceiveCredentials?: (url: URL) => boolean
  /** For the whole exchange, redirects and decompression included. Default 60 s. */
  readonly timeoutMs?: number
  /** Before and after decompression. Default 25 MiB. */
  readonly maxReplyBytes?: number
  /** 0 hands a redirect back as it is. Default 5. */
  readonly maxRedirects?: number
  /** Aborting rejects with the signal's own reason. */
  readonly signal?: AbortSignal
}

export interface OutboundReply {
  readonly status: number
  /** Lower-case names; several values are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Where the reply came from, after redirects; as secret as the query of the request. */
  readonly url: string
}

export interface Outbound {
  send(request: OutboundRequest): Promise<OutboundReply>
  /** Waits for the calls in flight. */
  close(): Promise<void>
}

export interface OutboundOptions {
  /** Entries of `HOLDFAST_ALLOW_HOSTS`: host, host:port, IP, [IPv6]:port, CIDR. */
  readonly allowHosts: readonly string[]
  /** For fault injection in tests. */
  readonly lookup?: LookupFunction
}

const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/
const everywhere = () => true

/** The server's only way out: every address is judged as it is dialled, every size and time is bounded. */
export function createOutbound(options: OutboundOptions): Outbound {
  const pools = createPools(createGuard(options.allowHosts), options.lookup)
  let closed: Promise<void> | null = null
  return {
    send: (request) => send(pools, request),
    close: () => {
      closed ??= pools.close()
      return closed
    },
  }
}

async function send(pools: Dispatcher, request: OutboundRequest): Promise<OutboundReply> {
  const {
    maxReplyBytes = 25 * 1024 * 1024,
    maxRedirects = 5,
    mayReceiveCredentials = everywhere,
    credentialHeaders = [],
    credentialInBody = false,
  } = request
  let hop = firstHop(request, mayReceiveCredentials)
  const deadline = startDeadline(hop.url.host, request.timeoutMs ?? 60_000, request.signal)
  try {
    for (let redirects = 0; ; redirects++) {
      const reply = await sendHop(pools, hop, deadline, maxReplyBytes, maxRedirects > 0)
      const next =
        maxRedirects > 0 ? followRedirect(hop, reply, { credentialHeaders, credentialInBody, mayReceiveCredentials }) : null
      if (next === null) return isPlain(reply) ? replyFrom(hop, reply) : await decodeReply(hop, reply, maxReplyBytes, deadline)
      if (redirects === maxRedirects) throw unreachable(hop.url.host, `it redirected more than ${maxRedirects} times`)
      hop = next
    }
  } catch (error) {
    throw error === deadline.ended ? error : outboundFailure(error, hop.url.host)
  } finally {
    deadline.stop()
  }
}

function firstHop(request: OutboundRequest, mayReceiveCredentials: (url: URL) => boolean): Hop {
  const method = request.method.toUpperCase()
  if (!METHOD.test(method) || method === 'CONNECT' || method === 'TRACE') {
    throw new HoldfastError('invalid_request', 'That HTTP method cannot be sent.')
  }
  assertCallable(request.url)
  if (!mayReceiveCredentials(request.url)) {
    throw new HoldfastError(
      'destination_not_allowed',
      `The credentials of this connection may not be sent to ${request.url.host}.`,
    )
  }
  return { method, url: request.url, headers: requestHeaders(request.headers), body: request.body ?? null }
}

const isPlain = ({ headers, body }: HopReply): boolean => headers['content-encoding'] === undefined || body.length === 0

const replyFrom = ({ url }: Hop, { status, headers, body }: HopReply): OutboundReply => ({ status, headers, body, url: url.href })

async function decodeReply(hop: Hop, reply: HopReply, maxReplyBytes: number, deadline: Deadline): Promise<OutboundReply> {
  const decoders = findDecoders(reply.headers['content-encoding'] ?? '')
  if (decoders === null) return replyFrom(hop, reply)
  const body = await decodeBody(decoders, reply.body, hop.url.host, maxReplyBytes, deadline)
  const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = reply.headers
  return replyFrom(hop, { status: reply.status, headers, body })
}
