import { isUtf8 } from 'node:buffer'
import { createLineScanner } from './line-scanner.ts'
import { holdsNul, notUtf8, type RawRecord, type ReadPosition, type RecordSplitter, type RowProblem, tooLong } from './records.ts'

/** JSON Lines: one object a line; empty lines are passed over. */
export function splitJsonLines(start: ReadPosition): RecordSplitter {
  let { row } = start
  const scanner = createLineScanner(start.offset)

  const toRecords = (lines: ReturnType<typeof scanner.push>): RawRecord[] =>
    lines.flatMap(({ bytes, end }) => {
      if (bytes === 'too_long') return [{ row: ++row, end, problem: tooLong }]
      if (isBlank(bytes)) return []
      return [{ row: ++row, end, ...parseObject(bytes) }]
    })
  return { push: (bytes) => toRecords(scanner.push(bytes)), end: () => toRecords(scanner.end()) }
}

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)

function parseObject(bytes: Buffer): { values: Record<string, unknown> } | { problem: RowProblem } {
  if (!isUtf8(bytes)) return { problem: notUtf8 }
  if (bytes.includes(0)) return { problem: holdsNul }
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    // The parser's own words quote the text, and the text is a credential.
    return { problem: { code: 'invalid_json', message: 'The line is not valid JSON.', fix: 'Write one JSON object a line.' } }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: { code: 'invalid_json', message: 'The line is not a JSON object.', fix: 'Write one JSON object a line.' } }
  return { values: value as Record<string, unknown> }
}
