import { createAccount } from '../../src/domain/accounts/accounts.service.ts'
import { createRefreshState } from '../../src/domain/accounts/refresh-state.ts'
import { createOpenedCache } from '../../src/domain/credentials/credentials.service.ts'
import { BOOTSTRAP_PROJECT_ID } from '../../src/domain/projects/projects.service.ts'
import { loadCatalogue } from '../../src/domain/toolkits/catalogue.ts'
import { createOutbound } from '../../src/platform/outbound/outbound.ts'
import { openDatabase } from '../../src/platform/storage/database.ts'
import type { Db, Trx } from '../../src/platform/storage/schema.ts'
import { createKeyRing } from '../../src/platform/vault/key-ring.ts'
import { givenMasterKeys } from '../../src/platform/vault/master-keys.ts'
import { serveParent } from './children.ts'
import { type Home, MASTER_KEY } from './server.ts'
import { newAccountOf } from './workload.ts'

export interface SeedQuestion {
  readonly home: Home
  readonly authConfigId: string
  readonly from: number
  readonly to: number
}

/** Accounts that share one commit: it is the wait for the disk that makes an import slow. */
const BATCH = 1_000

/** Imports accounts with the server's own function for it, without a server in between. Resolves with the ids of the first ones. */
async function seed({ home, authConfigId, from, to }: SeedQuestion): Promise<string[]> {
  const database = openDatabase(home)
  const keys = createKeyRing(givenMasterKeys([Buffer.from(MASTER_KEY, 'base64')]))
  const opened = createOpenedCache(1)
  const outbound = createOutbound({ allowHosts: [] })
  const catalogue = loadCatalogue([home.toolkitsDir])
  const ids: string[] = []
  for (let start = from; start < to; start += BATCH)
    await database.db.transaction().execute(async (trx) => {
      const db = withinTransaction(trx)
      const deps = {
        db,
        catalogue,
        outbound,
        keys,
        credentials: { db, keys, opened },
        oauthApps: new Map(),
        now: Date.now,
        refreshes: createRefreshState(),
        operatorAllows: (host: string, port: number) => `${host}:${port}` === home.allowHosts,
      }
      for (let index = start; index < Math.min(start + BATCH, to); index++) {
        const { account } = await createAccount(deps, BOOTSTRAP_PROJECT_ID, newAccountOf(authConfigId, index))
        if (ids.length < BATCH) ids.push(account.id)
      }
    })
  await outbound.close()
  await database.close()
  return ids
}

/** createAccount opens a transaction of its own; here it joins the one that is already open. */
function withinTransaction(trx: Trx): Db {
  const transaction = () => ({ execute: <T>(work: (inner: Trx) => Promise<T>) => work(trx) })
  return new Proxy(trx, {
    get: (target, name) => (name === 'transaction' ? transaction : bound(target, Reflect.get(target, name))),
  })
}

const bound = (target: object, value: unknown): unknown => (typeof value === 'function' ? value.bind(target) : value)

serveParent<SeedQuestion>({}, seed)
