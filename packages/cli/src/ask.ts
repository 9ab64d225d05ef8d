export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly json: Readonly<Record<string, unknown>> }
  /** Nobody answered: refused, unknown name, no trust, too late. */
  | { readonly kind: 'none'; readonly reason: string }

const MAX_CHARS = 20_000_000

/** One GET without a key, for the operator's routes. A redirect is an answer: a key would not be sent after it either. */
export async function ask(url: string, timeoutMs: number): Promise<Answer> {
  try {
    const reply = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json' },
    })
    return { kind: 'answer', status: reply.status, json: parse(await reply.text()) }
  } catch (error) {
    return { kind: 'none', reason: reasonOf(error, timeoutMs) }
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  if (text.length > MAX_CHARS) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // not ours: the caller judges by what is missing
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNRESET: 'the connection was closed',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `nothing within ${timeoutMs / 1000} s`
  const code = codeOf(error)
  return (code && REASONS[code]) ?? code ?? 'the request could not be sent'
}

/** `fetch` hides the reason in the cause; for a name with several addresses, in the first of several. */
function codeOf(error: unknown): string | undefined {
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: readonly unknown[] }
  if (typeof code === 'string') return code
  const inner = cause ?? errors?.[0]
  return inner === undefined ? undefined : codeOf(inner)
}
