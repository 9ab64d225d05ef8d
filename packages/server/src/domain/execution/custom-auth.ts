import { HoldfastError } from '../../errors.ts'
import { secretScrubber, textsIn } from '../credentials/secret-scrubber.ts'
import type { PlainRequest } from '../credentials/usable-credential.ts'
import { encodeForm, FORM_TYPE, JSON_TYPE } from '../toolkits/request-body.ts'

/** Authentication that the caller brings along for one call, in place of a connection. */
export interface CustomAuth {
  readonly baseUrl?: string | undefined
  readonly parameters: readonly { readonly name: string; readonly in: 'header' | 'query'; readonly value: string }[]
  readonly body?: Readonly<Record<string, unknown>> | undefined
}

export function withCustomAuth(request: PlainRequest, { parameters, body }: CustomAuth): PlainRequest {
  const url = new URL(request.url)
  const brought: Record<string, string> = {}
  for (const parameter of parameters) {
    if (parameter.in === 'query') url.searchParams.set(parameter.name, parameter.value)
    else brought[parameter.name.toLowerCase()] = parameter.value
  }
  return {
    ...request,
    url,
    headers: { ...(body && { 'content-type': JSON_TYPE }), ...request.headers, ...brought },
    body: body ? joinBody(request, body) : request.body,
    brought: { headers: Object.keys(brought), body: body !== undefined },
  }
}

/**
 * Where a toolkit or a connection has its base URL, a caller cannot choose another one; sending there what was meant for
 * elsewhere would give it away.
 * @throws HoldfastError `destination_not_allowed`
 */
export function assertBoundFor(base: Readonly<URL>, baseUrl: string): void {
  if (URL.parse(baseUrl)?.origin === base.origin) return
  throw new HoldfastError('destination_not_allowed', `custom_auth_params.base_url is not where this call goes: ${base.origin}.`, {
    fix: 'Leave base_url out, or import a connection whose fields name the address, where the toolkit has such fields.',
    fields: [{ path: 'custom_auth_params.base_url', message: `must be ${base.origin}` }],
  })
}

/** Whatever the caller brought may be a secret. */
export const customAuthScrubber = ({ parameters, body }: CustomAuth): ((text: string) => string) =>
  secretScrubber([...parameters.map(({ value }) => value), ...textsIn(body)])

function joinBody({ headers, body }: PlainRequest, extra: Readonly<Record<string, unknown>>): string {
  if (typeof body !== 'string' || body === '') return JSON.stringify(extra)
  if (headers['content-type']?.startsWith(FORM_TYPE)) return `${body}&${encodeForm(extra, () => 'repeat')}`
  const before: unknown = JSON.parse(body)
  return JSON.stringify({ ...(typeof before === 'object' ? before : {}), ...extra })
}
