import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestServer } from './test-server.ts'

const PATH = '/api/v3.1/connected_accounts'

test('a server starts on nothing, opens for its key alone, shows no key, and ends with 0 when asked to', async () => {
  const server = await startTestServer()
  try {
    assert.match(server.apiKey, /^hf_/)
    assert.equal((await fetch(server.url + PATH, { headers: { 'x-api-key': server.apiKey } })).status, 200)
    assert.equal((await fetch(server.url + PATH, { headers: { 'x-api-key': `${server.apiKey}x` } })).status, 401)
  } finally {
    assert.equal(await server.stop(), 0)
  }
  assert.equal(server.output().includes(server.apiKey), false)
  assert.equal(existsSync(server.dataDir), false)
})

test('after kill -9 it starts again on the same data with the same key', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-restart-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const first = await startTestServer({ dataDir })
  await first.kill()
  const second = await startTestServer({ dataDir })
  t.after(() => second.stop())
  assert.equal(second.apiKey, first.apiKey)
  assert.equal((await fetch(second.url + PATH, { headers: { 'x-api-key': first.apiKey } })).status, 200)
})

test('a stop lets the request that has begun finish, and takes no new one', async () => {
  const server = await startTestServer()
  const { hostname, port } = new URL(server.url)
  const body = JSON.stringify({ name: 'x' })
  const answer = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  const socket = connect(Number(port), hostname)
  socket.on('data', (chunk) => chunks.push(chunk)).on('end', () => answer.resolve(Buffer.concat(chunks).toString()))
  socket.on('error', answer.reject)
  // The head and half of the body: the request is under way when the signal comes.
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nhost: h\r\nx-api-key: ${server.apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 4)}`,
  )
  await fetch(`${server.url}/readyz`) // the server has turned to this connection before it answers the next
  const stopped = server.stop()
  while (!server.output().includes('stopping')) await new Promise((resolve) => setTimeout(resolve, 5))
  await assert.rejects(fetch(`${server.url}/healthz`))
  socket.write(body.slice(4))
  assert.match(await answer.promise, /^HTTP\/1\.1 400 /)
  assert.equal(await stopped, 0)
})

test('a server that cannot start says why instead of waiting', async () => {
  await assert.rejects(startTestServer({ env: { HOLDFAST_LOG_LEVEL: 'loud' } }), /HOLDFAST_LOG_LEVEL must be one of/)
})
