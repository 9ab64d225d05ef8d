import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startUpstream, testOutbound } from '../outbound/upstream.fixture.ts'
import { type OAuth1Outcome, readOAuth1Answer, requestOAuth1Token } from './oauth1-tokens.ts'

const SIGNER = { consumerKey: 'k', consumerSecret: 's3cret-s3cret', method: 'PLAINTEXT' } as const

test('an answer is a token, a no, or nothing, and a no quotes nothing', () => {
  const granted = (token: string, secret: string, more = {}): OAuth1Outcome => ({ kind: 'granted', token, secret, more })
  for (const [status, body, outcome] of [
    [200, 'oauth_token=t&oauth_token_secret=s&user_id=7\n', granted('t', 's', { user_id: '7' })],
    [200, 'oauth_token=t%2B1&oauth_token_secret=', granted('t+1', '')],
    [401, 'oauth_problem=token_rejected&oauth_problem_advice=secret-1', { kind: 'rejected', code: 'token_rejected' }],
    [401, 'Failed: secret-1', { kind: 'rejected', code: 'status_401' }],
    [400, 'oauth_problem=<b>secret-1</b>', { kind: 'rejected', code: 'status_400' }],
  ] as const)
    assert.deepEqual(readOAuth1Answer(status, body), outcome)
  for (const [status, body] of [
    [200, '<html>secret-1</html>'],
    [200, 'oauth_token=t'],
    [200, 'oauth_token=&oauth_token_secret=s'],
    [200, ''],
    [302, 'oauth_token=t&oauth_token_secret=s'],
    [500, 'oauth_token=t&oauth_token_secret=s'],
    [429, ''],
  ] as const) {
    const outcome = readOAuth1Answer(status, body)
    assert.equal(outcome.kind, 'temporary', `${status} ${body}`)
    assert.doesNotMatch(JSON.stringify(outcome), /secret-1/)
  }
})

test('a token is asked for once, without following redirects, and never where it may not', async (t) => {
  const upstream = await startUpstream(t, (_, response) => response.writeHead(307, { location: '/elsewhere' }).end())
  const outbound = testOutbound(t, [`127.0.0.1:${upstream.port}`, '127.0.0.1:1'])
  const ask = (url: string, more = {}) =>
    requestOAuth1Token(
      outbound,
      { url: new URL(url), signer: SIGNER, params: { oauth_callback: 'https://cb.example/' }, ...more },
      Date.now,
    )
  assert.equal((await ask(`${upstream.origin}/initiate`)).kind, 'temporary')
  const [seen, ...others] = upstream.seen
  assert.deepEqual([seen?.method, others], ['POST', []])
  assert.match(seen?.headers.authorization ?? '', /^OAuth oauth_consumer_key="k".*oauth_callback="https%3A%2F%2Fcb.example%2F"/)
  const dead = await ask('http://127.0.0.1:1/initiate')
  assert.equal(dead.kind, 'temporary')
  assert.doesNotMatch(JSON.stringify(dead), /s3cret/)
  await assert.rejects(ask('http://169.254.169.254/'), { code: 'destination_blocked' })
  await assert.rejects(ask(upstream.origin, { mayReceiveCredentials: () => false }), { code: 'destination_not_allowed' })
})
