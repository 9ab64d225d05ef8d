import { HoldfastError } from '../../errors.ts'
import { newLogId, type ProjectId } from '../../ids.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'
import { type AccountWanted, useAccount } from '../accounts/account-use.ts'
import type { PlainRequest, UsableCredential } from '../credentials/usable-credential.ts'
import type { ExecutionDeps } from './execute-tool.ts'
import { mapTexts, type ReplyContent, readContent } from './reply-content.ts'
import { sendRenewing } from './send-renewing.ts'

export interface ProxyCall extends AccountWanted {
  /** A path under the connection's base URL, or an absolute URL on the toolkit's hosts. */
  readonly endpoint: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  /** JSON, or text when it is a string with a content type of its own. */
  readonly body?: unknown
  readonly binaryBody?:
    | (({ readonly base64: string } | { readonly url: string }) & { readonly contentType?: string | undefined })
    | undefined
  readonly parameters?: readonly { readonly name: string; readonly value: string; readonly in: 'header' | 'query' }[] | undefined
  readonly sessionId?: string | undefined
}

export interface ProxyReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly content: ReplyContent
}

/** The upstream's own answer, whatever its status; only that a refusal does not quote the secret. @throws HoldfastError when the call could not be made */
export async function proxy(deps: ExecutionDeps, projectId: ProjectId, call: ProxyCall): Promise<ProxyReply> {
  const startedAt = deps.now()
  const used = await useAccount(deps, projectId, call)
  const { account, credential } = used
  const url = resolveEndpoint(credential, call.endpoint)
  const carried = call.binaryBody ? await readBinaryBody(deps, call.binaryBody) : readBody(call.body)
  const request = buildProxyRequest(credential, call, url, carried)

  const record = (status: number | null, error: string | null) =>
    deps.log.record({
      id: newLogId(),
      projectId,
      kind: 'proxy',
      toolSlug: null,
      toolkitSlug: account.toolkitSlug,
      accountId: account.id,
      userId: account.userId,
      sessionId: call.sessionId ?? null,
      upstreamStatus: status,
      successful: status !== null && status < 400,
      error,
      durationMs: deps.now() - startedAt,
      createdAt: startedAt,
    })
  try {
    const { reply, credential: answered } = await sendRenewing(deps, used, request)
    record(reply.status, null)
    const shown = { status: reply.status, headers: showHeaders(reply), content: readContent(reply) }
    return reply.status < 400 ? shown : scrubReply(scrubReply(shown, credential.scrubber()), answered.scrubber())
  } catch (error) {
    record(null, error instanceof HoldfastError ? error.code : 'internal_error')
    throw error
  }
}

const scrubReply = ({ status, headers, content }: ProxyReply, scrub: (text: string) => string): ProxyReply => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, scrub(value)])),
  content: mapTexts(content, scrub),
})

function buildProxyRequest(
  credential: UsableCredential,
  call: ProxyCall,
  url: URL,
  { body, contentType }: Carried,
): PlainRequest {
  const headers: Record<string, string> = {}
  for (const { name, value, in: place } of call.parameters ?? []) {
    if (place === 'query') url.searchParams.append(name, value)
    else headers[name.toLowerCase()] = value
  }
  if (contentType && !headers['content-type']) headers['content-type'] = contentType
  return { method: call.method, url, headers: { ...credential.headers(), ...headers }, body }
}

/** A path is a path, whatever it begins with: `//host` and `@host` do not lead anywhere else. */
function resolveEndpoint(credential: UsableCredential, endpoint: string): URL {
  const absolute = /^https?:\/\//i.test(endpoint) ? URL.parse(endpoint) : undefined
  if (absolute === null) throw invalidEndpoint()
  if (absolute) return absolute
  const base = credential.baseUrl()
  const path = endpoint.startsWith('/') ? endpoint : `/${endpoint}`
  const basePath = base.pathname.replace(/\/+$/, '')
  const isUnderBase = basePath !== '' && (path === basePath || path.startsWith(`${basePath}/`) || path.startsWith(`${basePath}?`))
  const url = URL.parse(`${base.origin}${isUnderBase ? '' : basePath}${path}`)
  if (!url) throw invalidEndpoint()
  return url
}

const invalidEndpoint = () =>
  new HoldfastError('invalid_request', 'endpoint is not a path or an absolute URL.', {
    fields: [{ path: 'endpoint', message: 'is not a path or URL' }],
  })

interface Carried {
  readonly body: string | Uint8Array | null
  readonly contentType: string | undefined
}

function readBody(body: unknown): Carried {
  if (body === undefined || body === null) return { body: null, contentType: undefined }
  return typeof body === 'string'
    ? { body, contentType: 'text/plain; charset=utf-8' }
    : { body: JSON.stringify(body), contentType: 'application/json' }
}

async function readBinaryBody(deps: ExecutionDeps, binary: NonNullable<ProxyCall['binaryBody']>): Promise<Carried> {
  if ('base64' in binary)
    return { body: decodeBase64(binary.base64), contentType: binary.contentType ?? 'application/octet-stream' }
  const url = URL.parse(binary.url)
  if (!url)
    throw new HoldfastError('invalid_request', 'binary_body.url is not a URL.', {
      fields: [{ path: 'binary_body.url', message: 'is not a URL' }],
    })
  const fetched = await deps.outbound.send({ method: 'GET', url, headers: {} })
  if (fetched.status >= 300)
    throw new HoldfastError('invalid_request', `binary_body.url answered ${fetched.status}.`, {
      fields: [{ path: 'binary_body.url', message: `answered ${fetched.status}` }],
    })
  return { body: fetched.body, contentType: binary.contentType ?? fetched.headers['content-type'] ?? 'application/octet-stream' }
}

function decodeBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text))
    throw new HoldfastError('invalid_request', 'binary_body.base64 is not base64.', {
      fields: [{ path: 'binary_body.base64', message: 'is not base64' }],
    })
  return Buffer.from(text, 'base64')
}

/** What belongs to the upstream's connection, or to its session with us, is not the caller's. */
const NOT_SHOWN = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'set-cookie',
  'set-cookie2',
  'proxy-authenticate',
  'trailer',
  'upgrade',
])

function showHeaders({ headers }: OutboundReply): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const name in headers) if (headers[name] !== undefined && !NOT_SHOWN.has(name)) shown[name] = headers[name]
  return shown
}
