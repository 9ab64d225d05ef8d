import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Import } from '@holdfast/sdk'
import { toBar, toDuration, toPlainLine, viewProgress } from '../src/progress.ts'

const CLEAR = '\r\u001b[2K'

const job = (more: Partial<Import>): Import => ({
  id: 'imp_1',
  state: 'running',
  format: 'csv',
  mode: 'create',
  onConflict: 'skip',
  dryRun: false,
  counts: { created: 44_900, updated: 0, unchanged: 0, conflict: 40, failed: 60 },
  rows: 45_000,
  bytesTotal: 10_000_000,
  bytesDone: 4_500_000,
  rowsPerSecond: 12_345,
  secondsLeft: 65,
  ignoredColumns: [],
  undone: null,
  error: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
  ...more,
})

test('at 80 columns the bar shows share, rows, rate, time left and bad rows, in one line', () => {
  const line = toBar({ job: job({}), fileBytes: undefined }, 80)
  assert.equal(line, 'running [#########............] 45%  45,000 rows  12,345/s  1:05 left  100 bad')
})

test('whatever the numbers, the line leaves the last column free and the bar only goes where there is room', () => {
  const large = job({ rows: 1e12, rowsPerSecond: 1e9, secondsLeft: 1e7, counts: { ...job({}).counts, failed: 1e12 } })
  for (const one of [job({}), large, job({ bytesDone: 0, rowsPerSecond: null, secondsLeft: null }), job({ bytesDone: 2e7 })])
    for (const columns of [20, 40, 79, 80, 200]) {
      const line = toBar({ job: one, fileBytes: undefined }, columns)
      assert.ok(line.length < columns, `${columns}: ${line}`)
      assert.match(line, /^running /)
    }
  assert.doesNotMatch(toBar({ job: job({}), fileBytes: undefined }, 40), /\[/)
})

test('an upload shows its share of a file, and only its size where that is not known', () => {
  const uploading = job({ state: 'uploading', bytesTotal: 5_000_000 })
  assert.equal(toBar({ job: uploading, fileBytes: 10_000_000 }, 80), `uploading [${'#'.repeat(15)}${'.'.repeat(15)}] 50%  5.0 MB`)
  assert.equal(toBar({ job: uploading, fileBytes: undefined }, 80), 'uploading 5.0 MB')
})

test('a terminal gets one line drawn over itself; a pipe gets a line for each state and every five seconds', () => {
  const written: string[] = []
  const write = (text: string) => written.push(text)
  const terminal = viewProgress({ isTTY: true, columns: 80, write })
  terminal.show({ job: job({}), fileBytes: undefined })
  terminal.end()
  const [drawn = '', cleared] = written
  assert.deepEqual([drawn.startsWith(`${CLEAR}running `), drawn.includes('\n'), cleared], [true, false, CLEAR])

  written.length = 0
  let now = 0
  const pipe = viewProgress({ write }, () => now)
  for (const [at, state] of [
    [0, 'queued'],
    [100, 'running'],
    [200, 'running'],
    [5_100, 'running'],
    [5_200, 'completed'],
  ] as const) {
    now = at
    pipe.show({ job: job({ state }), fileBytes: undefined })
  }
  pipe.end()
  assert.deepEqual(
    written.map((line) => line.split(':')[0]),
    ['queued', 'running', 'running', 'completed'],
  )
  assert.equal(written[1], `${toPlainLine({ job: job({}), fileBytes: undefined })}\n`)
  assert.equal(toPlainLine({ job: job({}), fileBytes: undefined }), 'running: 45%, 45,000 rows, 12,345/s, 1:05 left, 100 bad')
})

test('durations read as a clock does', () => {
  assert.deepEqual([0, 5, 65, 3_725].map(toDuration), ['0:00', '0:05', '1:05', '1:02:05'])
})
