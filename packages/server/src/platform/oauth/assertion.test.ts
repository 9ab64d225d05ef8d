import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { exportJWK, jwtVerify } from 'jose'
import { startUpstream, testOutbound } from '../outbound/upstream.fixture.ts'
import { signAssertion } from './assertion.ts'
import { readSigningKey, type SigningAlgorithm } from './signing-key.ts'
import { requestToken } from './token-request.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const pem = (pair: typeof rsa, type: 'pkcs8' | 'pkcs1' | 'sec1') => pair.privateKey.export({ type, format: 'pem' }) as string
const NOW = Date.UTC(2026, 5, 1)

test('a key signs in each form in which providers issue keys, with the algorithm it is for', async () => {
  const rsaJwk = JSON.stringify({ ...(await exportJWK(rsa.privateKey)), kid: 'jwk-1', alg: 'PS256' })
  const cases: [string, SigningAlgorithm | undefined, SigningAlgorithm, typeof rsa, string | undefined][] = [
    [pem(rsa, 'pkcs8'), undefined, 'RS256', rsa, undefined],
    [pem(rsa, 'pkcs1'), 'PS256', 'PS256', rsa, undefined],
    [pem(rsa, 'pkcs8').replaceAll('\n', '\\n'), 'RS256', 'RS256', rsa, undefined],
    [pem(ec, 'sec1'), undefined, 'ES256', ec, undefined],
    [pem(ec, 'pkcs8'), 'ES256', 'ES256', ec, undefined],
    [rsaJwk, undefined, 'PS256', rsa, 'jwk-1'],
    [JSON.stringify(await exportJWK(ec.privateKey)), undefined, 'ES256', ec, undefined],
  ]
  for (const [text, alg, expected, pair, kid] of cases) {
    const key = readSigningKey(text, { alg, field: 'private_key' })
    const claims = {
      key,
      issuer: 'me',
      subject: 'you',
      audience: 'https://x.example',
      lifetimeSeconds: 60,
      claims: { scope: 'a', iss: 'evil' },
    }
    const jwt = await signAssertion(claims, NOW)
    const { payload, protectedHeader } = await jwtVerify(jwt, pair.publicKey, {
      currentDate: new Date(NOW),
      audience: 'https://x.example',
    })
    assert.deepEqual([protectedHeader.alg, protectedHeader.kid], [expected, kid])
    assert.deepEqual([payload.iss, payload.sub, payload['scope']], ['me', 'you', 'a'], 'a claim cannot replace the issuer')
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 60)
    assert.notEqual(jwt, await signAssertion(claims, NOW), 'each has its own jti')
  }
})

test('a shared secret signs as text, hex or base64', async () => {
  const secret = Buffer.from('0123456789abcdef0123456789abcdef')
  for (const encoding of ['utf8', 'hex', 'base64'] as const) {
    const key = readSigningKey(secret.toString(encoding), { alg: 'HS256', encoding, kid: 'k', field: 'api_key' })
    await jwtVerify(await signAssertion({ key, lifetimeSeconds: 60 }, NOW), secret, { currentDate: new Date(NOW) })
  }
})

test('what is no key, or not for the algorithm, is refused by its field and not quoted', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  for (const [text, alg] of [
    ['S3CRET', undefined],
    ['-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----', undefined],
    ['{"kty":"RSA","n":"S3CRET"}', undefined],
    ['{S3CRET', undefined],
    ['', undefined],
    [pem(weak, 'pkcs8'), undefined],
    [pem(weak, 'pkcs8'), 'RS256'],
    [pem(curve, 'pkcs8'), undefined],
    [pem(curve, 'pkcs8'), 'ES256'],
    [pem(rsa, 'pkcs8'), 'ES256'],
    [pem(ec, 'pkcs8'), 'RS256'],
    [rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string, undefined],
    ['short', 'HS256'],
  ] as const)
    assert.throws(
      () => readSigningKey(text, { alg, field: 'private_key' }),
      (error: Error & { code?: string; fields?: unknown }) => {
        assert.equal(error.code, 'invalid_request')
        assert.match(JSON.stringify(error.fields), /"path":"private_key"/)
        assert.doesNotMatch(JSON.stringify([error.message, error.fields]), /S3CRET|BEGIN/)
        return true
      },
      `${alg} ${text.slice(0, 30)}`,
    )
})

test('a client signs instead of sending a secret, for the token endpoint and nobody else', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('{"access_token":"new"}'))
  const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`])
  const url = new URL(`${upstream.origin}/token?tenant=1`)
  const key = readSigningKey(pem(ec, 'pkcs8'), { kid: 'key-1', field: 'private_key' })
  for (const assertionAudience of [undefined, 'https://issuer.example']) {
    const client = { id: 'client-1', secret: 'must-not-travel', key }
    const request = {
      url,
      client,
      clientAuth: 'private_key_jwt',
      body: 'form',
      params: { grant_type: 'client_credentials' },
    } as const
    assert.equal((await requestToken(outbound, { ...request, assertionAudience }, Date.now)).kind, 'granted')
    const { body, headers } = upstream.seen.at(-1) ?? { body: '', headers: {} }
    const params = Object.fromEntries(new URLSearchParams(body))
    const { payload, protectedHeader } = await jwtVerify(params['client_assertion'] ?? '', ec.publicKey, {
      audience: assertionAudience ?? `${upstream.origin}/token`,
      issuer: 'client-1',
      subject: 'client-1',
    })
    assert.deepEqual([protectedHeader.kid, typeof payload.jti], ['key-1', 'string'])
    assert.equal(params['client_assertion_type'], 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    assert.deepEqual([params['client_id'], headers.authorization], ['client-1', undefined])
    assert.doesNotMatch(body, /must-not-travel/)
  }
})
