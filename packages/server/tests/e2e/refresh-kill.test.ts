import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { LEASE_MS } from '../../src/domain/accounts/grant-refresh.ts'
import { testDatabases } from '../../testing/databases.ts'
import { type OAuthUpstream, startOAuthUpstream } from '../../testing/oauth-upstream.ts'
import { startTestServer, type TestServer, type TestServerOptions } from '../../testing/test-server.ts'
import { type WireClient, wireClient } from '../../testing/wire-client.ts'

/** Where a refresh is when its server is killed. */
const MOMENTS = ['on its way', 'unanswered', 'unstored', 'unused'] as const
type Moment = (typeof MOMENTS)[number]
/** Once the provider has rotated, only its answer has the new refresh token: lost before it is stored, it is nowhere. */
const SURVIVES: Readonly<Record<Moment, boolean>> = { 'on its way': true, unanswered: false, unstored: false, unused: true }
/** On each database. */
const KILLS = 10
const CALLERS = 3

interface Grant {
  readonly moment: Moment
  readonly user: string
  readonly id: string
}

/** The one thing of a database that the tests do behind the server's back. */
interface BesideTheServer {
  /** Nothing is written to the credential until `release`. */
  lock(accountId: string): Promise<void>
  /** Resolves when the server stands before the lock. */
  untilBlocked(): Promise<void>
  release(): Promise<void>
  versionOf(accountId: string): Promise<number>
  close(): Promise<void>
}

interface World {
  readonly upstream: OAuthUpstream
  readonly beside: BesideTheServer
  readonly start: (env?: Record<string, string>) => Promise<TestServer>
}

/** Resolves, and lets the other side know that it was reached and wait until it may go on. */
function gate() {
  let reached = () => {}
  let open = () => {}
  const whenReached = new Promise<void>((resolve) => {
    reached = resolve
  })
  const whenOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    whenReached,
    open,
    async pass() {
      reached()
      await whenOpen
    },
  }
}

/** Brings four refreshes to their moments, each by a herd that needs the grant, and kills the server there. */
async function killMidway(server: TestServer, grants: readonly Grant[], { upstream, beside }: World): Promise<void> {
  const wire = wireClient(server)
  const underWay = grants.map(({ moment, user, id }) => {
    const door = gate()
    const cutOff = async () => {
      await door.pass()
      return false
    }
    upstream.keepDoor(user, moment === 'on its way' ? { before: cutOff } : { after: door.pass })
    const calls = Array.from({ length: CALLERS }, () => wire.execute('GRANTED_ME', id).catch(() => undefined))
    return { moment, user, id, door, calls }
  })
  const answered = async ({ calls, moment }: (typeof underWay)[number]) => {
    const replies = await Promise.all(calls)
    throw new Error(`${moment}: answered without a refresh: ${JSON.stringify(replies)}`)
  }
  await Promise.all(underWay.map((one) => Promise.race([one.door.whenReached, answered(one)])))
  for (const { moment, id, door } of underWay.toSorted((a, b) => ORDER.indexOf(a.moment) - ORDER.indexOf(b.moment))) {
    if (moment === 'unused') {
      door.open()
      while ((await beside.versionOf(id)) === 1) await sleep(5)
    }
    if (moment === 'unstored') {
      await beside.lock(id)
      door.open()
      await beside.untilBlocked()
    }
  }
  await server.kill()
  await beside.release()
  for (const { user, door } of underWay) {
    door.open()
    upstream.keepDoor(user, {})
  }
  await Promise.all(underWay.flatMap(({ calls }) => calls))
}

/** SQLite has one lock for all: what is to be stored is stored before anything is locked. */
const ORDER: readonly Moment[] = ['unused', 'unstored']

/** What the connection must be after it all, seen from any server. */
async function assertOutcome(wire: WireClient, { moment, user, id }: Grant, upstream: OAuthUpstream): Promise<void> {
  const call = () => wire.call('POST', '/tools/execute/GRANTED_ME', { connected_account_id: id, arguments: {} })
  const replies = await Promise.all(Array.from({ length: CALLERS }, call))
  const { body: account } = await wire.call('GET', `/connected_accounts/${id}`)
  if (SURVIVES[moment]) {
    for (const { body, text } of replies) assert.deepEqual([body['successful'], body['data']], [true, { sub: user }], text)
    assert.equal(account['status'], 'ACTIVE', moment)
    assert.deepEqual(upstream.refreshesOf(user), { granted: 1, refused: 0 }, moment)
    return
  }
  for (const { body, text } of replies) assert.notEqual(body['successful'], true, text)
  const { status, text } = await call()
  assert.equal(status, 400, `${moment}: ${text}`)
  assert.match(text, /is EXPIRED: .*invalid_grant.*account_not_active/, moment)
  assert.equal(account['status'], 'EXPIRED', moment)
  assert.match(String(account['status_reason']), /no longer refreshes this grant \(invalid_grant\)/, moment)
  assert.deepEqual(upstream.refreshesOf(user), { granted: 1, refused: 1 }, `${moment}: asked once more, and then never again`)
}

async function setUp(t: TestContext, options: TestServerOptions, beside: BesideTheServer): Promise<World> {
  t.after(() => beside.close())
  const upstream = await startOAuthUpstream({ accessTokenSeconds: 3_600 })
  t.after(() => upstream.stop())
  const start = async (env: Record<string, string> = {}) => {
    const toolkits = { HOLDFAST_ALLOW_HOSTS: upstream.host, HOLDFAST_TOOLKITS_DIR: upstream.toolkitsDir }
    const server = await startTestServer({ ...options, env: { ...toolkits, ...env } })
    t.after(() => server.kill())
    return server
  }
  return { upstream, beside, start }
}

/**
 * For each kill a grant for each moment, its access token dead. That stands nowhere, so none is refreshed in the background: the
 * upstream's 401 sets it off, in the server that gets the call.
 */
async function importGrants(wire: WireClient, upstream: OAuthUpstream): Promise<Grant[][]> {
  const auth_config = { type: 'use_custom_auth', authScheme: 'OAUTH2', credentials: upstream.client }
  const made = await wire.call('POST', '/auth_configs', { toolkit: { slug: 'granted' }, auth_config })
  const authConfig = (made.body['auth_config'] as { id: string }).id
  const give = async (kill: number, moment: Moment) => {
    const user = `${moment} ${kill}`
    const { refresh_token } = await upstream.issue(user, 1)
    const val = { access_token: 'of-a-time-long-gone', refresh_token }
    return { moment, user, id: await wire.importCredential(user, authConfig, 'OAUTH2', val) }
  }
  return Promise.all(Array.from({ length: KILLS }, (_, kill) => Promise.all(MOMENTS.map((moment) => give(kill, moment)))))
}

const [sqlite, postgres] = testDatabases()
assert.ok(sqlite && postgres)

// Side by side: one of them mostly waits for a lease to run out.
describe(`kill -9 in mid-refresh, ${KILLS} times`, { concurrency: true }, () => {
  test('started again, the server loses nothing that the provider honours (sqlite)', async (t) => {
    const { dataDir } = await sqlite.address()
    const world = await setUp(t, { dataDir }, besideSqlite(join(dataDir, 'holdfast.db')))
    const first = await world.start()
    const grants = await importGrants(wireClient(first), world.upstream)
    await first.stop()
    for (const four of grants) await killMidway(await world.start(), four, world)

    const wire = wireClient(await world.start(clockAhead(LEASE_MS)))
    await Promise.all(grants.flat().map((grant) => assertOutcome(wire, grant, world.upstream)))
  })

  test('calls to another server wait out the lease, and none fails for it (postgres)', async (t) => {
    const { databaseUrl: url = '' } = await postgres.address()
    const world = await setUp(t, { database: { url } }, besidePostgres(url))
    const other = wireClient(await world.start())
    const outcomes: Promise<void>[] = []
    for (const four of await importGrants(other, world.upstream)) {
      await killMidway(await world.start(), four, world)
      for (const grant of four) outcomes.push(assertOutcome(other, grant, world.upstream))
    }
    await Promise.all(outcomes)
  })
})

/** As if the time had passed: a lease of a dead server runs out by the clock alone. */
const clockAhead = (ms: number) => {
  const script = `const real=Date.now;Date.now=()=>real()+${ms + 1_000}`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` }
}

function besideSqlite(file: string): BesideTheServer {
  let database: DatabaseSync | undefined
  const open = () => {
    database ??= new DatabaseSync(file, { timeout: 10_000 })
    return database
  }
  return {
    lock: async () => open().exec('begin immediate'),
    // Whether it stands there already or not: it cannot write.
    untilBlocked: () => sleep(50),
    release: async () => {
      if (open().isTransaction) open().exec('rollback')
    },
    versionOf: async (accountId) =>
      Number(open().prepare('select version from credential where owner_id = ?').get(accountId)?.['version']),
    close: async () => database?.close(),
  }
}

function besidePostgres(connectionString: string): BesideTheServer {
  const clients: Promise<pg.Client>[] = []
  const connect = async () => {
    const client = new pg.Client({ connectionString })
    await client.connect()
    return client
  }
  const client = (n: number) => (clients[n] ??= connect())
  return {
    lock: async (accountId) => {
      await (await client(0)).query('begin')
      await (await client(0)).query('select 1 from credential where owner_id = $1 for update', [accountId])
    },
    untilBlocked: async () => {
      const blocked = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while ((await (await client(1)).query(blocked)).rowCount === 0) await sleep(5)
    },
    release: async () => void (await (await client(0)).query('rollback')),
    versionOf: async (accountId) =>
      Number((await (await client(1)).query('select version from credential where owner_id = $1', [accountId])).rows[0]?.version),
    close: async () => {
      for (const one of clients) await (await one)?.end()
    },
  }
}
