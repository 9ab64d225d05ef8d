import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK } from 'jose'
import Provider from 'oidc-provider'

export const MACHINE = { client_id: 'machine.one', client_secret: 'secret-of-machine-one/+' }
export const OTHER_MACHINE = { client_id: 'machine-two', client_secret: 'secret-of-machine-two' }
export const SIGNING_MACHINES = { RS256: 'signs-rs256', PS256: 'signs-ps256', ES256: 'signs-es256' } as const

/** A certified server that nobody here wrote, for clients that ask on their own behalf. `/machine` is its API. */
export async function startMachineUpstream(t: TestContext, keys: Partial<Record<keyof typeof SIGNING_MACHINES, string>> = {}) {
  let answer: ReturnType<Provider['callback']> = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'read write' }
  const signing = await Promise.all(
    Object.entries(keys).map(async ([alg, pem]) => ({
      ...machine,
      client_id: SIGNING_MACHINES[alg as keyof typeof SIGNING_MACHINES],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg,
      jwks: { keys: [{ ...(await exportJWK(createPublicKey(pem))), kid: `key-${alg}`, alg, use: 'sig' }] },
    })),
  )
  const provider = new Provider(`http://${host}`, {
    clients: [
      { ...machine, ...MACHINE, token_endpoint_auth_method: 'client_secret_basic' },
      { ...machine, ...OTHER_MACHINE, token_endpoint_auth_method: 'client_secret_basic' },
      ...signing,
    ],
    clockTolerance: 15,
    scopes: ['read', 'write'],
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    cookies: { keys: ['only the tests'] },
    ttl: { ClientCredentials: 600 },
    findAccount: () => undefined,
  })
  const counts = { granted: 0, refused: 0 }
  provider.on('grant.success', () => counts.granted++)
  provider.on('grant.error', () => counts.refused++)
  const authorization = provider.callback()
  answer = async (request, response) => {
    if (request.url !== '/machine') return authorization(request, response)
    const token = (request.headers.authorization ?? '').replace('Bearer ', '')
    const found = await provider.ClientCredentials.find(token)
    response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ? { client: found.clientId, scope: found.scope } : { error: 'invalid_token' }))
  }
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { host, origin: `http://${host}`, counts }
}
