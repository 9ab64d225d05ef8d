import autocannon from 'autocannon'
import { Client, type Dispatcher, Pool } from 'undici'
import { serveParent } from './children.ts'
import type { Call, Latency, LoadQuestion, Throughput } from './load.ts'

/** As many requests as the target answers, from many connections at once. */
async function press(calls: readonly Call[], connections: number, seconds: number): Promise<Throughput> {
  const [first] = calls
  if (!first) throw new Error('nothing to call')
  const { requests, latency, duration, non2xx, errors, timeouts } = await autocannon({
    url: first.origin,
    connections,
    duration: seconds,
    requests: calls.map(({ method, path, headers, body }) => ({ method, path, headers, ...(body !== undefined && { body }) })),
  })
  if (non2xx + errors + timeouts > 0)
    throw new Error(`${first.method} ${first.path}: ${non2xx} refused, ${errors} failed, ${timeouts} too late`)
  return { perSecond: requests.total / duration, p50: latency.p50, p99: latency.p99 }
}

/** One request at a time, in turns, so that a noisy moment of the machine falls on all of them alike. */
async function takeTurns(groups: readonly (readonly Call[])[], rounds: number): Promise<Latency[]> {
  const clients = new Map<string, Client>()
  const times: number[][] = groups.map(() => [])
  const warmUp = Math.min(20, rounds)
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, calls] of groups.entries()) {
      const call = calls[(round + warmUp) % calls.length]
      if (!call) continue
      const client = clients.get(call.origin) ?? new Client(call.origin)
      clients.set(call.origin, client)
      const started = performance.now()
      const { statusCode, body } = await client.request({
        path: call.path,
        method: call.method as Dispatcher.HttpMethod,
        headers: call.headers,
        body: call.body ?? null,
      })
      const text = await body.text()
      if (statusCode >= 300) throw new Error(`${call.method} ${call.path} answered ${statusCode}: ${text.slice(0, 300)}`)
      if (round >= 0) times[index]?.push(performance.now() - started)
    }
  }
  for (const client of clients.values()) await client.close()
  return times.map((measured) => {
    const sorted = measured.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return { median: at(0.5), p99: at(0.99) }
  })
}

async function createAll(calls: readonly Call[], connections: number): Promise<string[]> {
  const [first] = calls
  if (!first) return []
  const pool = new Pool(first.origin, { connections })
  const created = await Promise.all(
    calls.map(async ({ path, method, headers, body }) => {
      const reply = await pool.request({ path, method: method as Dispatcher.HttpMethod, headers, body: body ?? null })
      if (reply.statusCode !== 201) throw new Error(`an import answered ${reply.statusCode}: ${await reply.body.text()}`)
      return ((await reply.body.json()) as { id: string }).id
    }),
  )
  await pool.close()
  return created
}

serveParent<LoadQuestion>({}, async (question) => {
  switch (question.kind) {
    case 'press':
      return press(question.calls, question.connections, question.seconds)
    case 'turns':
      return takeTurns(question.groups, question.rounds)
    case 'create':
      return createAll(question.calls, question.connections)
  }
})
