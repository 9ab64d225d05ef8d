import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { decodeJwt, jwtVerify, SignJWT } from 'jose'
import { type Seen, startUpstream } from '../src/platform/outbound/upstream.fixture.ts'

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pemOf = ({ privateKey }: typeof pair): string => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

interface Answer {
  readonly status: number
  readonly body: unknown
}
const invalid = (why: string): Answer => ({ status: 400, body: { error: 'invalid_grant', error_description: why } })

/**
 * A provider that gives tokens for keys, and checks all of what it is shown: signature, audience, age, and that no assertion
 * comes twice. `/me` is its API and takes living tokens only.
 */
export async function startMintUpstream(t: TestContext) {
  const world = {
    now: Date.now(),
    ttlSeconds: 3600,
    minted: 0,
    /** Answers 503 to whoever asks for a token. */
    down: false,
    /** Whoever signs is refused. */
    refusing: false,
    /** Resolves before a token is answered. */
    beforeAnswer: async () => {},
  }
  const living = new Map<string, { readonly until: number; readonly who: string }>()
  const seenIds = new Set<string>()
  const issue = (who: string): string => {
    world.minted++
    const token = `minted-${world.minted}-${randomUUID()}`
    living.set(token, { until: world.now + world.ttlSeconds * 1000, who })
    return token
  }
  const verify = async (jwt: string, options: object) => {
    const { payload } = await jwtVerify(jwt, pair.publicKey, {
      algorithms: ['RS256'],
      currentDate: new Date(world.now),
      maxTokenAge: '1h',
      ...options,
    })
    if (typeof payload.jti !== 'string' || seenIds.has(payload.jti)) throw new Error('replayed')
    seenIds.add(payload.jti)
    return payload
  }

  const routes: Record<string, (seen: Seen, origin: string) => Promise<Answer>> = {
    async '/token'({ body }, origin) {
      const params = new URLSearchParams(body)
      if (params.get('grant_type') !== JWT_BEARER) return { status: 400, body: { error: 'unsupported_grant_type' } }
      try {
        const options = { audience: `${origin}/token`, issuer: 'robot@project.example', requiredClaims: ['scope', 'exp'] }
        const { sub, scope } = await verify(params.get('assertion') ?? '', options)
        const token = issue(`${sub ?? 'robot'}:${scope}`)
        return { status: 200, body: { access_token: token, expires_in: world.ttlSeconds, token_type: 'Bearer' } }
      } catch {
        return invalid('Invalid JWT Signature.')
      }
    },
    async '/app/installations/77/access_tokens'({ headers }) {
      try {
        const { iat = 0, exp = 0 } = await verify((headers.authorization ?? '').replace('Bearer ', ''), { issuer: 'app-1' })
        if (exp - iat > 600) return { status: 401, body: { message: "'Expiration time' is too far in the future" } }
        const until = new Date(world.now + world.ttlSeconds * 1000).toISOString().replace('.000Z', 'Z')
        return { status: 201, body: { token: issue('installation 77'), expires_at: until } }
      } catch {
        return { status: 401, body: { message: 'A JSON web token could not be decoded' } }
      }
    },
    async '/login'({ body }) {
      const { username, password } = JSON.parse(body) as Record<string, unknown>
      if (username !== 'ann' || password !== 'open sesame') return { status: 401, body: { message: 'wrong password' } }
      const until = Math.floor(world.now / 1000) + world.ttlSeconds
      const token = await new SignJWT({ n: ++world.minted })
        .setProtectedHeader({ alg: 'RS256' })
        .setExpirationTime(until)
        .sign(pair.privateKey)
      living.set(token, { until: until * 1000, who: 'ann' })
      return { status: 200, body: { data: { jwt: token }, refresh_token: 'not wanted' } }
    },
    async '/trade'({ body }) {
      if (new URLSearchParams(body).get('api_key') !== 'key-0001-of-ann') return { status: 403, body: '<html>no</html>' }
      return { status: 200, body: { session: { id: issue('key'), ttl: world.ttlSeconds * 1000 } } }
    },
  }

  const upstream = await startUpstream(t, async (seen, response) => {
    const { pathname } = new URL(seen.url, 'http://here')
    const reply = ({ status, body }: Answer) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof body === 'string' ? body : JSON.stringify(body))
    const route = routes[pathname]
    if (route) {
      if (world.down) return reply({ status: 503, body: {} })
      if (world.refusing) return reply(invalid('account not found'))
      const answer = await route(seen, upstream.origin)
      await world.beforeAnswer()
      return reply(answer)
    }
    const token = String(seen.headers.authorization ?? seen.headers['x-session'] ?? '').replace('Bearer ', '')
    const found = living.get(token)
    if (found && found.until > world.now) return reply({ status: 200, body: { who: found.who } })
    return reply({ status: 401, body: { message: `the token ${token} is dead` } })
  })

  const privateKey = pemOf(pair)
  const keyFile = (change: object = {}) =>
    JSON.stringify({
      type: 'service_account',
      client_email: 'robot@project.example',
      private_key: privateKey,
      private_key_id: 'key-1',
      token_uri: `${upstream.origin}/token`,
      ...change,
    })
  return {
    ...upstream,
    world,
    host: `127.0.0.1:${upstream.port}`,
    privateKey,
    /** Of nobody it knows. */
    strangersKey: pemOf(stranger),
    keyFile,
    revokeAll: () => living.clear(),
    /** What was signed, of the requests for tokens. */
    assertions: () =>
      upstream.seen.flatMap(({ body }) => {
        const assertion = new URLSearchParams(body).get('assertion')
        return assertion === null ? [] : [decodeJwt(assertion)]
      }),
  }
}

export type MintUpstream = Awaited<ReturnType<typeof startMintUpstream>>
