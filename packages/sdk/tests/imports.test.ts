import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startTestServer } from '../../server/testing/test-server.ts'
import { Holdfast, HoldfastBadRequestError, HoldfastNotFoundError, type Import } from '../src/index.ts'

async function start(t: TestContext, fetch?: (url: string, init: RequestInit) => Promise<Response>) {
  const server = await startTestServer()
  t.after(() => server.stop())
  const holdfast = new Holdfast({ apiKey: server.apiKey, baseURL: server.url, ...(fetch && { fetch }) })
  const { id } = await holdfast.authConfigs.create('sendgrid', { type: 'use_custom_auth', authScheme: 'API_KEY' })
  return { server, holdfast, authConfigId: id }
}

const csvOf = (count: number) =>
  `user_id,external_id,api_key\n${Array.from({ length: count }, (_, n) => `user_${n},row_${n},SG.key-number-${n}\n`).join('')}`

const countsOf = ({ state, counts }: Import) => [state, counts.created, counts.unchanged, counts.failed]

test('a file is imported from text, bytes, a blob, a stream and an iterable, in parts cut anywhere', async (t) => {
  const { holdfast, authConfigId } = await start(t)
  const text = `${csvOf(50)}ünïcode,row_50,SG.ключ\n`
  const bytes = new TextEncoder().encode(text)
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
  }
  const sources = [text, bytes, new Blob([text]), new Blob([text]).stream(), pieces()]
  for (const [index, source] of sources.entries()) {
    const job = await holdfast.imports.create(source, { authConfigId, dryRun: true, partBytes: 100 })
    assert.equal(job.bytesTotal, bytes.length)
    const done = await holdfast.imports.wait(job.id, { intervalMs: 20 })
    assert.deepEqual([...countsOf(done), done.dryRun], ['completed', 51, 0, 0, true], `source ${index}`)
  }
})

test('what the server refuses row by row is read in pages, and the report is a stream', async (t) => {
  const { holdfast, authConfigId } = await start(t)
  const lines = ['{"user_id":"a","api_key":"SG.good"}', '{"api_key":"SG.nobody"}', '{"user_id":"b","api_key":7}', 'not json']
  const states: string[] = []
  const job = await holdfast.imports.create(lines.join('\n'), { authConfigId, format: 'jsonl' })
  const done = await holdfast.imports.wait(job.id, { intervalMs: 20, onProgress: ({ state }) => states.push(state) })
  assert.deepEqual(countsOf(done), ['completed', 1, 0, 3])
  assert.equal(states.at(-1), 'completed')

  const first = await holdfast.imports.rows(job.id, { status: 'failed', limit: 2 })
  const second = await holdfast.imports.rows(job.id, { status: 'failed', limit: 2, cursor: first.nextCursor ?? '' })
  assert.deepEqual(
    [...first.items, ...second.items].map(({ row }) => row),
    [2, 3, 4],
  )
  assert.equal(first.items[0]?.field, 'user_id')
  assert.ok(first.items[0]?.message && first.items[0].fix !== undefined)
  assert.equal(second.nextCursor, null)

  const report = await new Response(await holdfast.imports.report(job.id)).text()
  assert.equal(report.trim().split('\n').length, 5)
  assert.doesNotMatch(report, /SG\./)
  await assert.rejects(holdfast.imports.report('imp_none'), HoldfastNotFoundError)
  assert.equal((await holdfast.imports.list({ limit: 1 })).items[0]?.id, job.id)
})

test('parts whose answer or whose request was lost are each stored exactly once', async (t) => {
  let parts = 0
  const unreliable = async (url: string, init: RequestInit) => {
    if (!url.includes('/parts?')) return fetch(url, init)
    parts++
    if (parts === 2) throw new TypeError('lost before it was sent')
    const response = await fetch(url, init)
    if (parts === 4) throw new TypeError(`lost after ${(await response.text()).length} bytes`)
    return response
  }
  const { holdfast, authConfigId } = await start(t, unreliable)
  const text = csvOf(100)
  const job = await holdfast.imports.create(text, { authConfigId, partBytes: 1000 })
  assert.deepEqual([job.bytesTotal, parts], [text.length, Math.ceil(text.length / 1000) + 1])
  assert.deepEqual(countsOf(await holdfast.imports.wait(job.id, { intervalMs: 20 })), ['completed', 100, 0, 0])
})

test('an upload that broke off goes on where it was, given the whole source again', async (t) => {
  const { holdfast, authConfigId } = await start(t)
  const text = csvOf(100)
  async function* breaksOff() {
    yield text.slice(0, 1500)
    throw new Error('the disk is gone')
  }
  let last: Import | undefined
  const onProgress = (job: Import) => {
    last = job
  }
  await assert.rejects(holdfast.imports.create(breaksOff(), { authConfigId, partBytes: 1000, onProgress }), /the disk is gone/)
  assert.deepEqual([last?.state, last?.bytesTotal], ['uploading', 1000])
  const id = last?.id ?? ''
  await holdfast.imports.upload(id, new Blob([text]).stream(), { partBytes: 700 })
  assert.deepEqual(countsOf(await holdfast.imports.wait(id, { intervalMs: 20 })), ['completed', 100, 0, 0])
  await assert.rejects(holdfast.imports.upload(id, text), /has its whole file/)
})

test('pause, resume and undo do what they say, and an aborted wait leaves the import running', async (t) => {
  const { holdfast, authConfigId } = await start(t)
  const { id } = await holdfast.imports.create(csvOf(20_000), { authConfigId })
  const stop = new AbortController()
  const waiting = holdfast.imports.wait(id, { signal: stop.signal, onProgress: () => stop.abort() })
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.equal((await holdfast.imports.pause(id)).state, 'paused')
  assert.equal((await holdfast.imports.wait(id)).state, 'paused')
  assert.equal((await holdfast.imports.resume(id)).state, 'queued')
  assert.deepEqual(countsOf(await holdfast.imports.wait(id, { intervalMs: 50 })), ['completed', 20_000, 0, 0])
  await assert.rejects(holdfast.imports.cancel(id), HoldfastBadRequestError)
  assert.equal((await holdfast.imports.undo(id)).state, 'undoing')
  const undone = await holdfast.imports.wait(id, { intervalMs: 50 })
  assert.deepEqual([undone.state, undone.undone], ['undone', { removed: 20_000, kept: 0 }])
})

test('an option that is not good is refused before anything is uploaded', async (t) => {
  const { holdfast } = await start(t)
  await assert.rejects(holdfast.imports.create('x', { toolkit: 'no-such-toolkit' }), /no-such-toolkit/)
  await assert.rejects(holdfast.imports.create('x', { partBytes: 0 }), /partBytes/)
})
