import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteOrderMark, readCsvHeader, splitCsv } from './csv-records.ts'
import { splitJsonLines } from './jsonl-records.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordSplitter } from './records.ts'

const header = { columns: ['user_id', 'api_key'], delimiter: 0x2c }
const csv = () => splitCsv(header, { offset: 0, row: 0 })
const jsonl = () => splitJsonLines({ offset: 0, row: 0 })

function readAll(splitter: RecordSplitter, text: string | Buffer, pieceBytes = 1_000_000): RawRecord[] {
  const bytes = Buffer.from(text as string)
  const records: RawRecord[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) records.push(...splitter.push(bytes.subarray(at, at + pieceBytes)))
  return [...records, ...splitter.end()]
}
/** What each row says: its values, or the code of its problem. */
const told = (records: readonly RawRecord[]) => records.map(({ values, problem }) => problem?.code ?? values)

test('CSV is read as spreadsheets write it: quotes, doubled quotes, line breaks in cells, CRLF, empty cells and lines', () => {
  const text = 'u1,plain\r\n"u,2","with ""quotes"""\n\n"u\n3",é\nu4,\n"u5","x"\r\nu6,last'
  assert.deepEqual(told(readAll(csv(), text)), [
    { user_id: 'u1', api_key: 'plain' },
    { user_id: 'u,2', api_key: 'with "quotes"' },
    { user_id: 'u\n3', api_key: 'é' },
    { user_id: 'u4' },
    { user_id: 'u5', api_key: 'x' },
    { user_id: 'u6', api_key: 'last' },
  ])
})

test('a bad row of a CSV file costs no other row', () => {
  const good = { user_id: 'ok', api_key: 'k' }
  const long = 'z'.repeat(MAX_RECORD_BYTES + 1)
  const cases: [string | Buffer, string][] = [
    ['u,"never closed\n', 'invalid_csv'],
    ['u,"x"y\n', 'invalid_csv'],
    ['u,k,too many\n', 'invalid_csv'],
    ['too few\n', 'invalid_csv'],
    [`u,${long}\n`, 'record_too_long'],
    ['u,a\0b\n', 'invalid_encoding'],
    [Buffer.from([0x75, 0x2c, 0xff, 0xfe, 0x0a]), 'invalid_encoding'],
  ]
  for (const [bad, code] of cases) {
    const text = Buffer.concat([Buffer.from('ok,k\n'), Buffer.from(bad as string), Buffer.from('ok,k\nok,k\n')])
    const records = readAll(csv(), text, 100_000)
    assert.deepEqual(told(records), [good, code, good, good], code)
    assert.deepEqual(
      records.map(({ row }) => row),
      [1, 2, 3, 4],
    )
  }
  assert.deepEqual(told(readAll(csv(), `u,${long}`)), ['record_too_long'])
})

test('a bad line of a JSON Lines file costs no other, and no message quotes it', () => {
  const long = JSON.stringify({ api_key: 'z'.repeat(MAX_RECORD_BYTES) })
  const text = Buffer.concat([
    Buffer.from('{"a":1}\n\n{"api_key":"sk-secret\n[1]\n"text"\n'),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from(`${long}\n  {"b":"é"}\r\n{"c":null}`),
  ])
  const records = readAll(jsonl(), text, 300_000)
  assert.deepEqual(told(records), [
    { a: 1 },
    'invalid_json',
    'invalid_json',
    'invalid_json',
    'invalid_encoding',
    'record_too_long',
    { b: 'é' },
    { c: null },
  ])
  assert.doesNotMatch(JSON.stringify(records), /sk-secret/)
})

test('pieces of any size give the same records, and reading may begin behind any of them', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', ' ', '\t'), maxLength: 6 })
  const line = fc.tuple(cell, cell, fc.boolean()).map(([a, b, quoted]) => {
    const quote = (text: string) => (quoted ? `"${text.replaceAll('"', '""')}"` : text)
    return `${quote(a)},${quote(b)}`
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.nat({ max: 11 }), fc.nat({ max: 12 }), (lines, size, skip) => {
      const text = Buffer.from(lines.join('\n'))
      const together = readAll(csv(), text)
      assert.deepEqual(readAll(csv(), text, size + 1), together)
      const reached = together.at(skip)
      if (!reached) return
      const resumed = splitCsv(header, { offset: reached.end, row: reached.row })
      assert.deepEqual(readAll(resumed, text.subarray(reached.end)), together.slice(skip + 1))
    }),
    { numRuns: 2000 },
  )
})

test('every cell of a well-formed CSV file comes back as it was', () => {
  const cell = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 10 }), (rows) => {
      const text = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\r\n')
      assert.deepEqual(
        told(readAll(csv(), text, 7)),
        rows.map(([user_id, api_key]) => ({ user_id, api_key })),
      )
    }),
  )
})

test('the header tells columns and delimiter, a byte order mark is passed over, and what is no header is refused', () => {
  const read = (text: string | Buffer) => readCsvHeader(Buffer.from(text as string), true)
  assert.deepEqual(read('\ufeffuser_id; api_key\r\nu;k'), {
    header: { columns: ['user_id', 'api_key'], delimiter: 0x3b },
    end: 21,
  })
  assert.deepEqual(read('user_id\tapi_key')?.header.delimiter, 0x09)
  assert.deepEqual(read('user_id\nu')?.header.columns, ['user_id'])
  assert.equal(readCsvHeader(Buffer.from('user_id,ap'), false), undefined)
  for (const bad of ['', '\n', 'a,,b\n', 'a,a\n', '"a\n', `${'z'.repeat(MAX_RECORD_BYTES + 1)}\n`])
    assert.throws(() => read(bad), { code: 'invalid_import' }, JSON.stringify(bad.slice(0, 10)))
  assert.throws(() => byteOrderMark(Buffer.from('\ufeffuser_id', 'utf16le')), { code: 'invalid_import' })
})
