import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerProvider, headlessBrowser, sendLinkForm } from '../../testing/headless-browser.ts'
import type { ConnectWorld } from './connect-world.ts'

interface ConnectionRequest {
  id: string
  status?: string | undefined
  redirectUrl?: string | null | undefined
  waitForConnection(timeout?: number): Promise<{ id: string; status: string }>
}

/** What the official SDKs and ours have in common about connecting anew. */
export interface ConnectingClient {
  link(userId: string, authConfigId: string, options?: { callbackUrl?: string; alias?: string }): Promise<ConnectionRequest>
  /** Without a token. */
  initiate(userId: string, authConfigId: string, options?: { callbackUrl?: string }): Promise<ConnectionRequest>
  /** With the auth config that the SDK chooses. */
  authorizeToolkit?: (userId: string, toolkit: string) => Promise<ConnectionRequest>
  authorizeInSession?: (userId: string, toolkit: string, options: { callbackUrl?: string }) => Promise<ConnectionRequest>
  refresh(id: string): Promise<{ status: string; redirectUrl: string | null | undefined }>
  get(id: string): Promise<{ status: string; state?: unknown }>
}

const WAIT_MS = 60_000

export function testConnectFlows({ wire, authConfig, server }: ConnectWorld, client: ConnectingClient): void {
  /** What a person does with the address that the app gave: through the page, the provider, and back. */
  const visit = async (url: string | null | undefined, user: string, answer: 'allow' | 'deny' = 'allow') => {
    assert.ok(url, 'there is somewhere to send the user')
    assert.ok(url.startsWith(`${server.url}/link/lk_`), url)
    const browser = headlessBrowser()
    const { goesTo, page } = await sendLinkForm(browser, url)
    assert.ok(goesTo, page.body)
    return browser.get((await answerProvider(browser, goesTo, user, answer)).href, ({ hostname }) => hostname === 'app.example')
  }
  const me = async (id: string) => (await wire.execute('GRANTED_ME', id)).data

  test('link: the app waits while its user connects, and then runs tools', async () => {
    const request = await client.link('user_link', authConfig, { callbackUrl: 'https://app.example/done', alias: 'main' })
    assert.deepEqual([request.status, (await client.get(request.id)).status], ['INITIATED', 'INITIATED'])
    const waiting = request.waitForConnection(WAIT_MS)
    const end = await visit(request.redirectUrl, 'lia')
    assert.equal(end.url, `https://app.example/done?status=success&connected_account_id=${request.id}`)
    assert.deepEqual(await waiting.then(({ id, status }) => [id, status]), [request.id, 'ACTIVE'])
    assert.deepEqual(await me(request.id), { sub: 'lia' })
  })

  test('initiate on OAuth without a token: INITIATED, and where to send the user', async () => {
    const request = await client.initiate('user_initiate', authConfig, { callbackUrl: 'https://app.example/done' })
    assert.equal(request.status, 'INITIATED')
    await visit(request.redirectUrl, 'ina')
    assert.equal((await request.waitForConnection(WAIT_MS)).status, 'ACTIVE')
    assert.deepEqual(await me(request.id), { sub: 'ina' })
  })

  test('a user who says no ends the waiting with the reason', async () => {
    const request = await client.link('user_no', authConfig)
    const [waited] = await Promise.allSettled([request.waitForConnection(WAIT_MS), visit(request.redirectUrl, 'nora', 'deny')])
    assert.equal(waited.status, 'rejected')
    assert.match(String(waited.status === 'rejected' && waited.reason), /FAILED/)
    assert.match(JSON.stringify((await wire.call('GET', `/connected_accounts/${request.id}`)).body), /access_denied/)
  })

  test('refresh of a grant that is over: the same connection, connected again', async () => {
    const dead = { access_token: 'dead', refresh_token: 'spent', expires_in: -60 }
    const id = await wire.importCredential('user_again', authConfig, 'OAUTH2', dead)
    const { status, redirectUrl } = await client.refresh(id)
    assert.equal(status, 'INITIATED')
    await visit(redirectUrl, 'ada')
    assert.deepEqual([(await client.get(id)).status, await me(id)], ['ACTIVE', { sub: 'ada' }])
    assert.deepEqual(await client.refresh(id), { status: 'ACTIVE', redirectUrl: null })
  })

  const { authorizeToolkit, authorizeInSession } = client
  if (authorizeToolkit)
    test('authorize of a toolkit', async () => {
      const request = await authorizeToolkit('user_authorize', 'granted')
      await visit(request.redirectUrl, 'theo')
      assert.equal((await request.waitForConnection(WAIT_MS)).status, 'ACTIVE')
      assert.deepEqual(await me(request.id), { sub: 'theo' })
    })

  if (authorizeInSession)
    test('authorize in a session, with the auth config that fits', async () => {
      const request = await authorizeInSession('user_session', 'granted', { callbackUrl: 'https://app.example/chat' })
      const end = await visit(request.redirectUrl, 'sam')
      assert.equal(end.url, `https://app.example/chat?status=success&connected_account_id=${request.id}`)
      assert.equal((await request.waitForConnection(WAIT_MS)).status, 'ACTIVE')
      assert.deepEqual(await me(request.id), { sub: 'sam' })
    })
}
