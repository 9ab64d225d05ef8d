import { secretScrubber, textsIn } from '../credentials/secret-scrubber.ts'
import type { PlainRequest } from '../credentials/usable-credential.ts'

/** Authentication that the caller brings along for one call, in place of a connection. */
export interface CustomAuth {
  readonly baseUrl?: string | undefined
  readonly parameters: readonly { readonly name: string; readonly in: 'header' | 'query'; readonly value: string }[]
  readonly body?: Readonly<Record<string, unknown>> | undefined
}

export function withCustomAuth(request: PlainRequest, { parameters, body }: CustomAuth): PlainRequest {
  const url = new URL(request.url)
  const headers = { ...request.headers }
  for (const parameter of parameters) {
    if (parameter.in === 'query') url.searchParams.set(parameter.name, parameter.value)
    else headers[parameter.name.toLowerCase()] = parameter.value
  }
  return { ...request, url, headers, body: body ? mergeJsonBody(request.body, body) : request.body }
}

/** Whatever the caller brought may be a secret. */
export const customAuthScrubber = ({ parameters, body }: CustomAuth): ((text: string) => string) =>
  secretScrubber([...parameters.map(({ value }) => value), ...textsIn(body)])

function mergeJsonBody(body: PlainRequest['body'], extra: Readonly<Record<string, unknown>>): string {
  const before: unknown = typeof body === 'string' && body !== '' ? JSON.parse(body) : {}
  return JSON.stringify({ ...(typeof before === 'object' ? before : {}), ...extra })
}
