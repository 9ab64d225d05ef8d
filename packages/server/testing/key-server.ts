import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'

/**
 * Better Auth with its API-key plugin: a server that nobody here wrote. It makes the keys, keeps their hashes, and refuses what
 * is wrong, disabled, or deleted in its own words; with a key its user may read who they are, and make and delete keys.
 */
export interface KeyServer {
  readonly url: string
  /** `host:port`, as HOLDFAST_ALLOW_HOSTS takes it. */
  readonly host: string
  /** Holds the toolkit `key_server`, for HOLDFAST_TOOLKITS_DIR. */
  readonly toolkitsDir: string
  /** Signs a user up and makes a first key of theirs. */
  user(name: string): Promise<KeyOfUser>
  /** What its administrator would do: the key is refused until it is enabled again. */
  setEnabled(key: KeyOfUser, enabled: boolean): Promise<void>
  stop(): Promise<void>
}

export interface KeyOfUser {
  readonly userId: string
  readonly keyId: string
  readonly key: string
}

export async function startKeyServer(): Promise<KeyServer> {
  let answer: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${host}`
  const auth = betterAuth({
    baseURL: url,
    secret: 'a secret of nothing but the tests',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
    emailAndPassword: { enabled: true },
    plugins: [apiKey({ enableSessionForAPIKeys: true, rateLimit: { enabled: false } })],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })
  answer = toNodeHandler(auth)
  const toolkitsDir = writeToolkit()
  return {
    url,
    host,
    toolkitsDir,
    async user(name) {
      const body = { name, email: `${name}@users.example`, password: `the password of ${name}` }
      const { user } = await auth.api.signUpEmail({ body })
      const { id, key } = await auth.api.createApiKey({ body: { name: 'first', userId: user.id } })
      return { userId: user.id, keyId: id, key }
    },
    async setEnabled({ userId, keyId }, enabled) {
      await auth.api.updateApiKey({ body: { keyId, userId, enabled } })
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(toolkitsDir, { recursive: true, force: true })
    },
  }
}

function writeToolkit(): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-toolkits-'))
  mkdirSync(join(dir, 'key_server', 'tools'), { recursive: true })
  writeFileSync(join(dir, 'key_server', 'toolkit.yaml'), TOOLKIT)
  for (const [name, yaml] of Object.entries(TOOLS)) writeFileSync(join(dir, 'key_server', 'tools', `${name}.yaml`), yaml)
  return dir
}

const TOOLKIT = `slug: key_server
name: Key server
description: Users and their API keys.
categories: [testing]
version: '20261122_00'
sources: [https://www.better-auth.com/docs/plugins/api-key]
base_url: '{{ base_url | trim_slash }}/api/auth'
hosts: ['{{ base_url | host }}']
self_hosted: true
auth:
  - scheme: API_KEY
    connection_fields: [{ name: base_url, format: uri, required: true }]
    placements: [{ in: header, name: x-api-key, template: '{{ api_key }}' }]
verification: { path: /get-session }
`

const TOOLS = {
  who_am_i: `slug: KEY_SERVER_WHO_AM_I
name: Who am I
description: The user that the key belongs to.
request: { method: GET, path: /get-session }
input: { type: object, properties: {} }
`,
  list_keys: `slug: KEY_SERVER_LIST_KEYS
name: List keys
description: The keys of the user, without the keys themselves.
request: { method: GET, path: /api-key/list }
input: { type: object, properties: {} }
`,
  create_key: `slug: KEY_SERVER_CREATE_KEY
name: Create a key
description: Makes one more key of the user.
request: { method: POST, path: /api-key/create }
input:
  type: object
  properties:
    name: { type: string, description: What it is for. }
  required: [name]
`,
  delete_key: `slug: KEY_SERVER_DELETE_KEY
name: Delete a key
description: The key is refused from then on.
request: { method: POST, path: /api-key/delete }
input:
  type: object
  properties:
    key_id: { type: string, as: keyId, description: Which one. }
  required: [key_id]
`,
}
