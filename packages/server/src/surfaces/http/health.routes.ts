import type { ApiServer } from './api-server.ts'

/** Resolves when fine, rejects when not. */
export type ReadinessCheck = () => Promise<unknown>

export interface HealthOptions {
  /** By name, such as `database`, `migrations`, `key`: the name is all that the answer says about a failure. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>
  readonly timeoutMs?: number
}

/** `/healthz`: the process lives. `/readyz`: it can serve; 503 names what cannot. Neither needs a key. */
export function registerHealth(app: ApiServer, { checks, timeoutMs = 2000 }: HealthOptions): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { hide: true } }, async (request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await within(timeoutMs, check())
          return [name, 'ok'] as const
        } catch (err) {
          request.log.error({ err, check: name }, 'not ready')
          return [name, 'failing'] as const
        }
      }),
    )
    const ready = results.every(([, state]) => state === 'ok')
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) })
  })
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
