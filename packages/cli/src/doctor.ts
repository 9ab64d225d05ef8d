import {
  type Holdfast,
  HoldfastApiError,
  HoldfastAuthenticationError,
  HoldfastConnectionError,
  HoldfastError,
  HoldfastTimeoutError,
} from '@holdfast/sdk'
import { type Answer, ask } from './ask.ts'

export interface Check {
  readonly name: 'reachable' | 'ready' | 'version' | 'api key'
  readonly ok: boolean
  readonly detail: string
  /** What to do about it; only where something is wrong. */
  readonly fix?: string
}

export interface Diagnosis {
  readonly baseUrl: string
  /** Null when it could not be learnt. */
  readonly serverVersion: string | null
  readonly reachable: boolean
  readonly ok: boolean
  readonly checks: readonly Check[]
}

export interface Patient {
  readonly holdfast: Holdfast
  /** False: the client was made without a key, so the key cannot be tried. */
  readonly hasKey: boolean
  readonly timeoutMs: number
}

/** Looks from the outside in, and stops where looking further would only repeat the same failure. */
export async function diagnose({ holdfast, hasKey, timeoutMs }: Patient): Promise<Diagnosis> {
  const baseUrl = holdfast.baseURL
  const reachable = checkHealth(baseUrl, await ask(`${baseUrl}/healthz`, timeoutMs))
  if (!reachable.ok) return { baseUrl, serverVersion: null, reachable: false, ok: false, checks: [reachable] }

  const [ready, description, key] = await Promise.all([
    ask(`${baseUrl}/readyz`, timeoutMs).then(checkReadiness),
    ask(`${baseUrl}/openapi.json`, timeoutMs),
    hasKey ? checkKey(holdfast, timeoutMs) : NO_KEY,
  ])
  const serverVersion = versionOf(description)
  const checks = [reachable, ready, checkVersion(serverVersion), key]
  return { baseUrl, serverVersion, reachable: true, ok: checks.every(({ ok }) => ok), checks }
}

function checkHealth(baseUrl: string, answer: Answer): Check {
  const name = 'reachable'
  if (answer.kind === 'none')
    return {
      name,
      ok: false,
      detail: `no answer from ${baseUrl}: ${answer.reason}`,
      fix: 'Is the server running, and is this its address? Set HOLDFAST_BASE_URL or --base-url. The server prints its own when it starts.',
    }
  if (answer.status === 200 && answer.json['status'] === 'ok') return { name, ok: true, detail: baseUrl }
  return {
    name,
    ok: false,
    detail: `${baseUrl} answers ${answer.status}, but not as a Holdfast server does`,
    fix: 'Check the address: another program, or a proxy with a path of its own, answers there.',
  }
}

function checkReadiness(answer: Answer): Check {
  const name = 'ready'
  if (answer.kind === 'none') return { name, ok: false, detail: answer.reason, fix: 'Look into the log of the server.' }
  if (answer.status === 200) return { name, ok: true, detail: 'database, migrations and master key are fine' }
  const checks = (answer.json['checks'] ?? {}) as Readonly<Record<string, unknown>>
  const failing = Object.keys(checks).filter((one) => checks[one] !== 'ok')
  return {
    name,
    ok: false,
    detail: failing.length > 0 ? `failing: ${failing.join(', ')}` : `answers ${answer.status}`,
    fix: 'Run `holdfast-server doctor` where the server runs (same settings): it says why. The reason is in its log too.',
  }
}

const versionOf = (answer: Answer): string | null => {
  const info = answer.kind === 'answer' ? (answer.json['info'] as Readonly<Record<string, unknown>> | undefined) : undefined
  return typeof info?.['version'] === 'string' ? info['version'] : null
}

const checkVersion = (version: string | null): Check =>
  version === null
    ? {
        name: 'version',
        ok: false,
        detail: '/openapi.json names no version',
        fix: 'Check what stands between you and the server.',
      }
    : { name: 'version', ok: true, detail: `Holdfast ${version}` }

const WHERE_KEYS_ARE =
  'The key is in the file `api-key` of the data directory, or whatever HOLDFAST_API_KEY is on the server. Pass it in HOLDFAST_API_KEY, or by --api-key-file.'

const NO_KEY: Check = { name: 'api key', ok: false, detail: 'none given', fix: WHERE_KEYS_ARE }

async function checkKey(holdfast: Holdfast, timeoutMs: number): Promise<Check> {
  const name = 'api key'
  try {
    await holdfast.toolkits.list({ limit: 1 }, { timeoutMs, maxRetries: 0 })
    return { name, ok: true, detail: 'accepted' }
  } catch (error) {
    if (error instanceof HoldfastAuthenticationError) return { name, ok: false, detail: 'refused', fix: WHERE_KEYS_ARE }
    if (!(error instanceof HoldfastError)) throw error
    return { name, ok: false, detail: describe(error), fix: 'Look into the log of the server.' }
  }
}

function describe(error: HoldfastError): string {
  if (error instanceof HoldfastApiError)
    return `could not be tried: the server answers ${error.status}${error.requestId ? ` (request ${error.requestId})` : ''}`
  if (error instanceof HoldfastTimeoutError) return 'could not be tried: no answer in time'
  return error instanceof HoldfastConnectionError ? 'could not be tried: the connection was lost' : error.message
}
