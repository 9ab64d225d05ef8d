import { AuthScheme, Holdfast, HoldfastBadRequestError } from '@holdfast/sdk'
import { startTestServer, type TestServer } from './test-server.ts'
import { PRIVATE_PACKAGE, startVerdaccio } from './verdaccio.ts'

const started = performance.now()
const say = (text: string) => console.log(text)
const show = (name: string, value: unknown) => console.log(`     ${name.padEnd(12)} ${JSON.stringify(value)}`)
let steps = 0

/** Says what is done and how long it took; the waiting is all in `work`. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now()
  const result = await work()
  say(`\n${String(++steps).padStart(2)}. ${title} (${Math.round(performance.now() - from)} ms)`)
  return result
}

/** What the demo promises must be what happens: a demo that shows something else fails. */
function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`This should not have happened: ${what}`)
}

say('Your app holds credentials that its users gave it. This shows how Holdfast takes them over: nobody signs in again.')
say('Everything here is real, runs on this machine only, and is thrown away at the end.')

const registry = await step('A third party starts: an npm registry that checks tokens and passwords', startVerdaccio)
show('registry', registry.url)
let server: TestServer | undefined
const cleanUp = async () => {
  await server?.stop()
  await registry.stop()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => cleanUp().finally(() => process.exit(1)))
try {
  server = await step('A throw-away Holdfast server starts, with an empty SQLite file', () =>
    // The registry is on a private address, which Holdfast calls only where its operator says so.
    startTestServer({ env: { HOLDFAST_ALLOW_HOSTS: registry.host } }),
  )
  show('server', server.url)
  await tellStory(new Holdfast({ apiKey: server.apiKey, baseURL: server.url }))
  say(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. Start your own server with: npm start`)
} finally {
  await cleanUp()
}

async function tellStory(holdfast: Holdfast): Promise<void> {
  await registry.user('ada', 'ada-has-a-password')
  await registry.user('ada-robot', 'robots-have-one-too')
  const existing = await registry.newToken('ada', 'ada-has-a-password')

  const authConfig = await step('An auth config says how users of the toolkit authenticate: with a bearer token', () =>
    holdfast.authConfigs.create('npm_registry', { type: 'use_custom_auth', authScheme: 'BEARER_TOKEN' }),
  )
  show('auth config', authConfig.id)

  const connection = await step("Ada's existing token is imported. It is active at once", () =>
    holdfast.connectedAccounts.initiate('user_ada', authConfig.id, {
      config: AuthScheme.BearerToken({ token: existing.token, base_url: registry.url }),
    }),
  )
  show('connection', connection.id)
  show('status', connection.status)
  expect(connection.status === 'ACTIVE', 'the connection is not active')

  const stored = await step('Reading the connection back shows the token masked: it is sealed at rest', () =>
    holdfast.connectedAccounts.get(connection.id),
  )
  show('token', stored.state?.val['token'])
  expect(stored.state?.val['token'] !== existing.token, 'the token is not masked')

  const session = await step("An agent gets a session: Ada's view of tools and connections", () =>
    holdfast.create('user_ada', { authConfigs: { npm_registry: authConfig.id }, toolkits: ['npm_registry'] }),
  )
  show('session', session.sessionId)
  show('MCP', session.mcp.url)

  const whoAmI = () => session.execute('NPM_REGISTRY_WHO_AM_I')
  const readPrivate = () => session.execute('NPM_REGISTRY_GET_PACKAGE', { package: PRIVATE_PACKAGE })
  const first = await step('The agent runs a tool. The registry sees Ada, the agent never sees the token', whoAmI)
  show('answer', first.data)
  expect(first.data['username'] === 'ada', 'the registry does not see Ada')
  const allowed = await step('The agent reads a package that only signed-in users may read', readPrivate)
  show('answer', { name: allowed.data['name'] })
  expect(allowed.error === null, 'the package could not be read')

  await registry.revokeToken(existing.token, existing.key)
  const refused = await step("The registry revokes the token. The next call is refused, in the registry's own words", readPrivate)
  show('error', refused.error)
  expect(refused.error !== null, 'a revoked token still works')

  const fresh = await registry.newToken('ada-robot', 'robots-have-one-too')
  await step("The app rotates the credential in place, to a token of Ada's robot. The connection stays the same", () =>
    holdfast.connectedAccounts.update(connection.id, {
      connection: { state: { authScheme: 'BEARER_TOKEN', val: { token: fresh.token } } },
    }),
  )
  const second = await step('The very next call uses the new token: the registry sees somebody else', whoAmI)
  show('answer', second.data)
  expect(second.data['username'] === 'ada-robot', 'the next call did not use the new token')
  expect((await readPrivate()).error === null, 'the package could not be read with the new token')

  await importPasswords(holdfast)

  await step('The connection is deleted, and its secret destroyed', () => holdfast.connectedAccounts.delete(connection.id))
  const gone = await whoAmI().then(
    ({ error }) => error,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  show('next call', gone)
  expect(gone !== null, 'a deleted connection still works')
}

async function importPasswords(holdfast: Holdfast): Promise<void> {
  const { id } = await holdfast.authConfigs.create('npm_registry', { type: 'use_custom_auth', authScheme: 'BASIC' })
  const importPassword = (password: string) =>
    holdfast.connectedAccounts.initiate('user_ada', id, {
      config: AuthScheme.Basic({ username: 'ada', password, base_url: registry.url }),
      validateCredentials: true,
    })
  const refusal = await step('A password is imported and tried out first. It is wrong: nothing is stored', () =>
    importPassword('not-her-password').then(
      () => undefined,
      (error: unknown) => error,
    ),
  )
  expect(refusal instanceof HoldfastBadRequestError, 'a wrong password was taken')
  show('error', refusal instanceof Error ? refusal.message : refusal)
  const { status } = await step('The right password passes', () => importPassword('ada-has-a-password'))
  show('status', status)
  expect(status === 'ACTIVE', 'the connection is not active')
}
