import { Client, type Dispatcher, Pool } from 'undici'
import { serveParent } from './children.ts'
import type { Call, Latency, LoadQuestion } from './load.ts'
import { press } from './press.ts'

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
