import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startUpstream, testOutbound } from '../outbound/upstream.fixture.ts'
import { requestToken, type TokenRequest } from './token-request.ts'

const REFRESH = { grant_type: 'refresh_token', refresh_token: 'r/1+2' }

test('a client proves itself and sends its parameters as its provider wants them', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.end('{"access_token":"new"}'))
  const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`])
  const ask = async (more: Partial<TokenRequest>) => {
    const url = new URL(`${upstream.origin}/token?v=1`)
    const client = { id: 'id.with-dots', secret: 'päss:word' }
    const request = { url, client, clientAuth: 'client_secret_post', body: 'form', params: REFRESH, ...more } as const
    assert.equal((await requestToken(outbound, request, Date.now)).kind, 'granted')
    const seen = upstream.seen.at(-1)
    assert.ok(seen)
    return seen
  }
  const own = { client_id: 'id.with-dots', client_secret: 'päss:word' }

  const post = await ask({})
  assert.deepEqual(Object.fromEntries(new URLSearchParams(post.body)), { ...REFRESH, ...own })
  assert.equal(post.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.equal(post.headers.accept, 'application/json')

  const basic = await ask({ clientAuth: 'client_secret_basic', headers: { 'x-extra': 'yes', accept: 'text/json' } })
  const credentials = Buffer.from((basic.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString()
  assert.equal(credentials, 'id.with-dots:p%C3%A4ss%3Aword')
  assert.deepEqual(Object.fromEntries(new URLSearchParams(basic.body)), REFRESH)
  assert.deepEqual([basic.headers['x-extra'], basic.headers.accept], ['yes', 'text/json'])

  const none = await ask({ clientAuth: 'none' })
  assert.deepEqual(Object.fromEntries(new URLSearchParams(none.body)), { ...REFRESH, client_id: own.client_id })

  const json = await ask({ body: 'json', rename: { client_id: 'client_key', grant_type: 'grantType' } })
  assert.deepEqual(JSON.parse(json.body), {
    grantType: 'refresh_token',
    refresh_token: 'r/1+2',
    client_key: own.client_id,
    client_secret: own.client_secret,
  })

  const query = await ask({ body: 'query' })
  const { searchParams } = new URL(query.url, upstream.origin)
  assert.deepEqual(Object.fromEntries(searchParams), { v: '1', ...REFRESH, ...own })
  assert.equal(query.body, '')

  const got = await ask({ method: 'GET' })
  assert.deepEqual(
    [got.method, got.body, new URL(got.url, upstream.origin).searchParams.get('refresh_token')],
    ['GET', '', 'r/1+2'],
  )
  const nobody = await ask({ client: undefined, clientAuth: 'none' })
  assert.deepEqual(Object.fromEntries(new URLSearchParams(nobody.body)), REFRESH)
})

test('a redirect is not followed with a refresh token, and a provider that cannot be reached is temporary', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.writeHead(307, { location: '/elsewhere' }).end())
  const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`, '127.0.0.1:1'])
  const ask = (url: string, more: Partial<TokenRequest> = {}) =>
    requestToken(
      outbound,
      {
        url: new URL(url),
        client: { id: 'c', secret: 's3cret-s3cret' },
        clientAuth: 'client_secret_post',
        body: 'query',
        params: REFRESH,
        ...more,
      },
      Date.now,
    )
  assert.equal((await ask(`${upstream.origin}/token`)).kind, 'temporary')
  assert.equal(upstream.seen.length, 1)
  const dead = await ask('http://127.0.0.1:1/token')
  assert.equal(dead.kind, 'temporary')
  assert.doesNotMatch(JSON.stringify(dead), /s3cret|r\/1/)
  await assert.rejects(ask('http://169.254.169.254/token'), { code: 'destination_blocked' })
  await assert.rejects(ask(upstream.origin, { mayReceiveCredentials: () => false }), { code: 'destination_not_allowed' })
})
