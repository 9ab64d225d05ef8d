import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether the provider, who shares the client's secret, signed this callback: the parameter `name` is the HMAC-SHA256, in hex, of
 * all the others in the order of their names, written as a query. A parameter that came twice is never signed.
 */
export function isSignedCallback(
  params: Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
  secret: string | undefined,
): boolean {
  const signature = params[name]
  if (secret === undefined || typeof signature !== 'string' || !/^[\da-f]{64}$/i.test(signature)) return false
  const signed = new URLSearchParams()
  for (const key of Object.keys(params).sort()) {
    const value = params[key]
    if (key === name || value === undefined) continue
    if (typeof value !== 'string') return false
    signed.append(key, value)
  }
  return timingSafeEqual(createHmac('sha256', secret).update(signed.toString()).digest(), Buffer.from(signature, 'hex'))
}
