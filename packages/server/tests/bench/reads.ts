import type { Call, Latency, Load } from './load.ts'
import { getCall, listCall, userOf } from './workload.ts'

/** One project with its accounts, on a server of its own. */
export interface Stock {
  readonly url: string
  readonly authConfigId: string
  readonly accountIds: readonly string[]
  readonly size: number
}

export interface ReadResult {
  readonly name: string
  readonly few: Latency
  readonly many: Latency
  readonly ratio: number
}

const samples = 50

/** The reads that an app makes all the time; the second list is the one that the official SDK makes before each import. */
const READS: Readonly<Record<string, (stock: Stock, index: number) => Call>> = {
  get: ({ url, accountIds }, index) => getCall(url, accountIds[index % accountIds.length] ?? ''),
  'list user_ids': ({ url, size }, index) => listCall(url, { user_ids: someUser(size, index) }),
  'list user_ids + auth_config_ids + statuses': ({ url, size, authConfigId }, index) =>
    listCall(url, { user_ids: someUser(size, index), auth_config_ids: authConfigId, statuses: 'ACTIVE' }),
  'list auth_config_ids + statuses': ({ url, authConfigId }) =>
    listCall(url, { auth_config_ids: authConfigId, statuses: 'ACTIVE' }),
  'list newest page': ({ url }) => listCall(url, {}),
  'list order_by updated_at': ({ url }) => listCall(url, { order_by: 'updated_at' }),
}

const someUser = (size: number, index: number) => userOf(Math.floor((index * size) / samples))

/** The same reads on few and on many accounts, in turns. */
export async function measureReads(load: Load, few: Stock, many: Stock, rounds: number): Promise<ReadResult[]> {
  const results: ReadResult[] = []
  for (const [name, callOf] of Object.entries(READS)) {
    const callsOf = (stock: Stock) => Array.from({ length: samples }, (_, index) => callOf(stock, index))
    const [fewTimes, manyTimes] = await load.takeTurns([callsOf(few), callsOf(many)], rounds)
    if (fewTimes && manyTimes) results.push({ name, few: fewTimes, many: manyTimes, ratio: manyTimes.median / fewTimes.median })
  }
  return results
}
