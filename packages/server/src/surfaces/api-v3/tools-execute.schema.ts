import { type Static, Type } from 'typebox'
import type { ToolCall, ToolResult } from '../../domain/execution/execute-tool.ts'
import type { ProxyCall, ProxyReply } from '../../domain/execution/proxy.ts'
import { HoldfastError } from '../../errors.ts'
import { writtenReply } from '../http/written-reply.ts'
import { AnyObject, Nullable, oneOf, WireAuthScheme } from './wire-shapes.ts'

export const ToolSlugParams = Type.Object({ slug: Type.String() })

const WireConnectionData = Type.Object({
  authScheme: WireAuthScheme,
  toolkitSlug: Type.Optional(Type.String()),
  val: AnyObject,
})

export const ExecuteToolBody = Type.Object({
  arguments: Type.Optional(Nullable(AnyObject)),
  connected_account_id: Type.Optional(Nullable(Type.String())),
  user_id: Type.Optional(Nullable(Type.String())),
  entity_id: Type.Optional(Nullable(Type.String({ description: 'The older name of `user_id`.' }))),
  version: Type.Optional(Type.String()),
  text: Type.Optional(Nullable(Type.String({ description: 'Needs a language model: not offered, use `arguments`.' }))),
  allow_tracing: Type.Optional(Nullable(Type.Boolean())),
  custom_auth_params: Type.Optional(
    Nullable(
      Type.Object({
        base_url: Type.Optional(Type.String()),
        parameters: Type.Optional(
          Type.Array(
            Type.Object({
              name: Type.String({ minLength: 1 }),
              in: oneOf(['header', 'query']),
              value: Type.Union([Type.String(), Type.Number()]),
            }),
          ),
        ),
        body: Type.Optional(AnyObject),
      }),
    ),
  ),
  custom_connection_data: Type.Optional(Nullable(WireConnectionData)),
})

export const ExecuteToolReply = Type.Object({
  data: AnyObject,
  error: Nullable(Type.String()),
  successful: Type.Boolean(),
  log_id: Type.String(),
  session_info: Type.Null(),
})

const BinaryBody = Type.Object({
  base64: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  content_type: Type.Optional(Type.String()),
})

const ProxyParameter = Type.Object({
  name: Type.String({ minLength: 1 }),
  value: Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
  type: Type.Optional(oneOf(['header', 'query'])),
  in: Type.Optional(oneOf(['header', 'query'])),
})

/** What every proxy call brings, whoever it is made for. */
export const proxyFields = {
  endpoint: Type.String({
    minLength: 1,
    description: 'A path under the base URL, or an absolute URL on the hosts of the toolkit.',
  }),
  method: oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']),
  body: Type.Optional(Type.Unknown()),
  binary_body: Type.Optional(Nullable(BinaryBody)),
  parameters: Type.Optional(Nullable(Type.Array(ProxyParameter))),
}

export const ProxyBody = Type.Object({
  ...proxyFields,
  connected_account_id: Type.Optional(Type.String()),
  user_id: Type.Optional(Type.String()),
  toolkit_slug: Type.Optional(Type.String({ description: 'With `user_id`, in place of `connected_account_id`.' })),
})

export const WireProxyReply = Type.Object({
  status: Type.Number(),
  data: Type.Optional(Type.Unknown()),
  headers: Type.Record(Type.String(), Type.String()),
  binary_data: Type.Optional(
    Type.Object({ url: Type.String({ description: 'A data: URL.' }), content_type: Type.String(), size: Type.Number() }),
  ),
})

export function toolCallFromWire(toolSlug: string, body: Static<typeof ExecuteToolBody>): ToolCall {
  if (body.text && !body.arguments)
    throw new HoldfastError(
      'not_implemented',
      'Executing a tool from text needs a language model, which this server does not have.',
      {
        fix: 'Send `arguments`.',
      },
    )
  const { custom_auth_params: auth, custom_connection_data: connection } = body
  return {
    toolSlug,
    arguments: body.arguments ?? {},
    accountId: body.connected_account_id ?? undefined,
    userId: body.user_id ?? body.entity_id ?? undefined,
    customAuth: auth
      ? {
          baseUrl: auth.base_url,
          parameters: (auth.parameters ?? []).map((parameter) => ({ ...parameter, value: String(parameter.value) })),
          body: auth.body,
        }
      : undefined,
    customConnection: connection
      ? { scheme: connection.authScheme, toolkitSlug: connection.toolkitSlug, val: connection.val }
      : undefined,
  }
}

export const toolResultToWire = ({ data, error, successful, logId }: ToolResult): Static<typeof ExecuteToolReply> => ({
  data,
  error,
  successful,
  log_id: logId,
  session_info: null,
})

type WireProxyCall = Static<ReturnType<typeof Type.Object<typeof proxyFields>>>

export function proxyCallFromWire(body: WireProxyCall): Omit<ProxyCall, 'accountId' | 'userId' | 'toolkitSlug'> {
  return {
    endpoint: body.endpoint,
    method: body.method,
    body: body.body,
    binaryBody: body.binary_body ? binaryFromWire(body.binary_body) : undefined,
    parameters: body.parameters?.map(({ name, value, type, in: place }) => ({
      name,
      value: String(value),
      in: type ?? place ?? 'query',
    })),
  }
}

function binaryFromWire({
  base64,
  url,
  content_type: contentType,
}: Static<typeof BinaryBody>): NonNullable<ProxyCall['binaryBody']> {
  if (base64 !== undefined) return { base64, contentType }
  if (url !== undefined) return { url, contentType }
  throw new HoldfastError('invalid_request', 'binary_body needs base64 or url.', {
    fields: [{ path: 'binary_body', message: 'needs base64 or url' }],
  })
}

/** JSON goes on as the upstream wrote it: no number loses a digit on the way. */
export function proxyReplyToWire({ status, headers, content }: ProxyReply): Static<typeof WireProxyReply> {
  if (content.kind === 'json' && content.text !== undefined)
    return writtenReply(`{"status":${status},"headers":${JSON.stringify(headers)},"data":${content.text}}`)
  const answered = { status, headers: { ...headers } }
  switch (content.kind) {
    case 'empty':
      return { ...answered, data: null }
    case 'json':
      return { ...answered, data: content.value }
    case 'text':
      return { ...answered, data: content.text }
    case 'binary': {
      const url = `data:${content.contentType};base64,${content.bytes.toString('base64')}`
      return { ...answered, binary_data: { url, content_type: content.contentType, size: content.bytes.length } }
    }
  }
}
