import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { ApiServer } from './api-server.ts'

export interface Metrics {
  readonly registry: Registry
  /** Give it to `buildHttpServer` as `onAnswer`. */
  observeAnswer(method: string, route: string, status: number, seconds: number): void
  /** One call that left for an upstream. `outcome` is a status class such as `2xx`, or an error code. */
  countOutbound(toolkit: string, outcome: string): void
}

/** A registry of its own, so that two servers in one process do not count together. */
export function createMetrics({ withProcess = true }: { withProcess?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (withProcess) collectDefaultMetrics({ register: registry })
  const answers = new Histogram({
    name: 'holdfast_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer, by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  })
  const outbound = new Counter({
    name: 'holdfast_outbound_requests_total',
    help: 'Calls that left for upstreams, by toolkit and outcome.',
    labelNames: ['toolkit', 'outcome'],
    registers: [registry],
  })
  // Looking a child up by its labels sorts and joins them each time; the patterns are few and never change.
  const children = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>()

  return {
    registry,
    observeAnswer(method, route, status, seconds) {
      const statusClass = `${Math.floor(status / 100)}xx`
      const key = `${method} ${route} ${statusClass}`
      let child = children.get(key)
      if (child === undefined) {
        child = answers.labels({ method, route, status: statusClass })
        children.set(key, child)
      }
      child.observe(seconds)
    },
    countOutbound(toolkit, outcome) {
      outbound.inc({ toolkit, outcome })
    },
  }
}

/** `/metrics` in the text format of Prometheus: counts and times, no ids and no secrets, so no key is asked for. */
export function registerMetrics(app: ApiServer, { registry }: Metrics): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}
