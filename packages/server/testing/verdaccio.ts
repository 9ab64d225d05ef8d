import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('bin/verdaccio', import.meta.resolve('verdaccio/package.json')))
const START_WITHIN_MS = 60_000

/** A package that only a signed-in user may read. */
export const PRIVATE_PACKAGE = '@holdfast-demo/hello'

export interface Verdaccio {
  readonly url: string
  /** `host:port`, as HOLDFAST_ALLOW_HOSTS takes it. */
  readonly host: string
  /** Makes the user and resolves with a token of theirs. */
  user(name: string, password: string): Promise<string>
  /** One more token of a user, and the key under which it is revoked. */
  newToken(name: string, password: string): Promise<{ token: string; key: string }>
  /** The token is refused from then on. */
  revokeToken(token: string, key: string): Promise<void>
  stop(): Promise<void>
}

/** A real npm registry that checks passwords and tokens, in a process and a directory of its own. It calls nobody. */
export async function startVerdaccio(): Promise<Verdaccio> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-verdaccio-'))
  const config = join(dir, 'config.yaml')
  writeFileSync(config, CONFIG)
  const host = `127.0.0.1:${await freePort()}`
  const url = `http://${host}`
  const child = spawn(process.execPath, [BIN, '--config', config, '--listen', host], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOME: dir },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
    })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL') // nothing of it is kept, so nothing needs an orderly end
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await waitUntilUp(
      url,
      () => child.exitCode === null,
      () => log,
    )
    const publisher = await addUser(url, 'publisher', 'publisher-password')
    await publish(url, publisher, PRIVATE_PACKAGE)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    host,
    user: (name, password) => addUser(url, name, password),
    newToken: async (name, password) => {
      const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
      const made = await send(`${url}/-/npm/v1/tokens`, 'POST', authorization, { password, readonly: false, cidr_whitelist: [] })
      return { token: textOf(made, 'token'), key: textOf(made, 'key') }
    },
    revokeToken: async (token, key) => void (await send(`${url}/-/npm/v1/tokens/token/${key}`, 'DELETE', `Bearer ${token}`)),
    stop,
  }
}

/** Four bcrypt rounds: the tests sign in thousands of times and guard nobody's password. */
const CONFIG = `
storage: ./storage
auth:
  htpasswd:
    file: ./htpasswd
    algorithm: bcrypt
    rounds: 4
security:
  api:
    jwt:
      sign: { expiresIn: 1d }
uplinks: {}
packages:
  '@holdfast-demo/*': { access: $authenticated, publish: $authenticated, unpublish: $authenticated }
  '**': { access: $all, publish: $authenticated }
web: { enable: false }
userRateLimit: { windowMs: 1000, max: 100000 }
log: { type: stdout, format: json, level: error }
`

async function waitUntilUp(url: string, alive: () => boolean, log: () => string): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS
  while (alive() && Date.now() < deadline) {
    const up = await fetch(`${url}/-/ping`).then(
      (reply) => reply.ok,
      () => false, // not listening yet
    )
    if (up) return
    await sleep(25)
  }
  throw new Error(`verdaccio did not start:\n${log()}`)
}

async function addUser(url: string, name: string, password: string): Promise<string> {
  const made = await send(`${url}/-/user/org.couchdb.user:${name}`, 'PUT', undefined, { name, password, type: 'user' })
  return textOf(made, 'token')
}

/** What `npm publish` sends, with a tarball that nobody unpacks. */
async function publish(url: string, token: string, name: string): Promise<void> {
  const tarball = Buffer.from('not really a tarball')
  const file = `${name}-1.0.0.tgz`
  const dist = { shasum: createHash('sha1').update(tarball).digest('hex'), tarball: `${url}/${name}/-/${file}` }
  await send(`${url}/${encodeURIComponent(name)}`, 'PUT', `Bearer ${token}`, {
    _id: name,
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name, version: '1.0.0', description: 'A package for signed-in users.', dist } },
    _attachments: {
      [file]: { content_type: 'application/octet-stream', data: tarball.toString('base64'), length: tarball.length },
    },
  })
}

async function send(url: string, method: string, authorization: string | undefined, body?: object): Promise<object> {
  const reply = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`verdaccio answered ${reply.status} to ${method} ${new URL(url).pathname}: ${text}`)
  return JSON.parse(text) as object
}

function textOf(reply: object, name: string): string {
  const value = (reply as Record<string, unknown>)[name]
  if (typeof value !== 'string') throw new Error(`verdaccio's answer has no ${name}`)
  return value
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
