import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { ensureBrowserToken, readBrowserToken } from './browser-token.ts'

const open = (publicUrl: string) => {
  const app = fastify()
  app.get('/page', async (request, reply) => ensureBrowserToken(request, reply, publicUrl))
  app.get('/callback', async (request) => readBrowserToken(request, publicUrl) ?? 'none')
  return app
}

test('a browser gets one token, which scripts and other hosts can neither read nor plant, and keeps it', async () => {
  const app = open('https://connect.example')
  const first = await app.inject('/page')
  const cookie = String(first.headers['set-cookie'])
  assert.match(cookie, /^__Host-holdfast-connect=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  const [pair = ''] = cookie.split(';')
  const again = await app.inject({ url: '/page', headers: { cookie: `other=1; ${pair}` } })
  assert.deepEqual([again.body, again.headers['set-cookie']], [first.body, undefined])
  assert.equal((await app.inject({ url: '/callback', headers: { cookie: pair } })).body, first.body)
})

test('over plain http, as on a developer’s machine, the cookie goes without the prefix that only https allows', async () => {
  const cookie = String((await open('http://localhost:9900').inject('/page')).headers['set-cookie'])
  assert.match(cookie, /^holdfast-connect=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
})

test('a token that is missing, malformed, of the other name or there twice is none', async () => {
  const app = open('https://connect.example')
  const name = '__Host-holdfast-connect'
  const good = 'a'.repeat(43)
  for (const cookie of ['', name, `${name}=`, `${name}=short`, `holdfast-connect=${good}`, `${name}=${good}; ${name}=${good}`])
    assert.equal((await app.inject({ url: '/callback', headers: { cookie } })).body, 'none', cookie)
  assert.equal((await app.inject('/callback')).body, 'none')
})
