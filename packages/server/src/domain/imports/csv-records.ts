import { isUtf8 } from 'node:buffer'
import { HoldfastError } from '../../errors.ts'
import {
  holdsNul,
  MAX_RECORD_BYTES,
  notUtf8,
  type RawRecord,
  type ReadPosition,
  type RecordSplitter,
  type RowProblem,
  tooLong,
} from './records.ts'

const QUOTE = 0x22
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const DELIMITERS = [0x2c, 0x3b, 0x09] as const

/** What the first record of a CSV file says; kept with the job, so that reading can go on in the middle of the file. */
export interface CsvHeader {
  readonly columns: readonly string[]
  /** The byte between two cells: comma, semicolon or tab, whichever the header has most of. */
  readonly delimiter: number
}

/**
 * CSV as RFC 4180 has it, read so that one bad row never costs another: a record whose quotes do not match is a problem of the
 * line it begins on, and reading goes on at the next line.
 */
export function splitCsv(header: CsvHeader, start: ReadPosition): RecordSplitter {
  let { row } = start
  let base = start.offset
  let rest: Buffer = Buffer.alloc(0)
  let isSkipping = false

  const take = (all: Buffer, isLast: boolean): RawRecord[] => {
    const records: RawRecord[] = []
    let from = 0
    while (from < all.length) {
      const found = isSkipping ? skipLine(all, from, isLast) : scanRecord(all, from, header.delimiter, isLast)
      if (found === 'incomplete') break
      isSkipping = false
      from = found.next
      const end = base + from
      if (found.kind === 'problem') records.push({ row: ++row, end, problem: found.problem })
      else if (found.cells.length > 0) records.push({ row: ++row, end, ...nameCells(header, found.cells) })
    }
    rest = all.subarray(from)
    base += from
    if (rest.length > MAX_RECORD_BYTES) {
      // Only a single line can be that long here: a longer quoted field was given up at its first line.
      isSkipping = true
      base += rest.length
      rest = Buffer.alloc(0)
    }
    return records
  }
  return {
    push: (bytes) => take(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), false),
    end() {
      const records = take(rest, true)
      if (!isSkipping) return records
      isSkipping = false
      return [...records, { row: ++row, end: base, problem: tooLong }]
    },
  }
}

type Scanned =
  | { readonly kind: 'cells'; readonly cells: readonly string[]; readonly next: number }
  | { readonly kind: 'problem'; readonly problem: RowProblem; readonly next: number }

function skipLine(all: Buffer, from: number, isLast: boolean): Scanned | 'incomplete' {
  const at = all.indexOf(LINE_FEED, from)
  if (at < 0 && !isLast) return 'incomplete'
  return { kind: 'problem', problem: tooLong, next: at < 0 ? all.length : at + 1 }
}

/** An empty line has no cells. */
function scanRecord(all: Buffer, from: number, delimiter: number, isLast: boolean): Scanned | 'incomplete' {
  const lineFeed = all.indexOf(LINE_FEED, from)
  if (lineFeed < 0 && !isLast) return 'incomplete'
  const lineEnd = lineFeed < 0 ? all.length : lineFeed
  const next = lineFeed < 0 ? all.length : lineFeed + 1
  if (lineEnd - from > MAX_RECORD_BYTES) return { kind: 'problem', problem: tooLong, next }
  const stop = lineEnd > from && all[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd
  const line = all.subarray(from, stop)
  if (line.includes(QUOTE)) return scanQuoted(all, from, delimiter, isLast, next)
  const text = line.toString('utf8')
  return whole(line, text === '' ? [] : text.split(String.fromCharCode(delimiter)), next)
}

/** Of bytes that are no text the cells are not worth looking at. */
function whole(bytes: Buffer, cells: readonly string[], next: number): Scanned {
  if (!isUtf8(bytes)) return { kind: 'problem', problem: notUtf8, next }
  if (bytes.includes(0)) return { kind: 'problem', problem: holdsNul, next }
  return { kind: 'cells', cells, next }
}

/** A record with a quote in it; `nextLine` is where reading goes on when its quotes do not match. */
function scanQuoted(all: Buffer, from: number, delimiter: number, isLast: boolean, nextLine: number): Scanned | 'incomplete' {
  const cells: string[] = []
  const broken: Scanned = { kind: 'problem', problem: brokenQuotes, next: nextLine }
  let at = from
  for (;;) {
    if (all[at] === QUOTE) {
      const closing = findClosingQuote(all, at + 1)
      if (closing === undefined) {
        const mayStillClose = !isLast && all.length - from <= MAX_RECORD_BYTES
        return mayStillClose ? 'incomplete' : broken
      }
      if (closing - from > MAX_RECORD_BYTES) return broken
      cells.push(all.toString('utf8', at + 1, closing).replaceAll('""', '"'))
      at = closing + 1
      if (at >= all.length && !isLast) return 'incomplete'
      if (all[at] === CARRIAGE_RETURN && at + 1 >= all.length && !isLast) return 'incomplete'
    } else {
      const start = at
      while (at < all.length && all[at] !== delimiter && all[at] !== LINE_FEED) at++
      if (at >= all.length && !isLast) return 'incomplete'
      const stop = at > start && all[at - 1] === CARRIAGE_RETURN && all[at] !== delimiter ? at - 1 : at
      cells.push(all.toString('utf8', start, stop))
    }
    if (all[at] === CARRIAGE_RETURN && (all[at + 1] === LINE_FEED || at + 1 >= all.length)) at += 1
    if (at >= all.length) return whole(all.subarray(from), cells, all.length)
    if (all[at] === LINE_FEED) return whole(all.subarray(from, at), cells, at + 1)
    if (all[at] !== delimiter) return broken
    at += 1
  }
}

/** A doubled quote stands for one and closes nothing. */
function findClosingQuote(all: Buffer, from: number): number | undefined {
  let at = all.indexOf(QUOTE, from)
  while (at >= 0 && all[at + 1] === QUOTE) at = all.indexOf(QUOTE, at + 2)
  return at < 0 ? undefined : at
}

const brokenQuotes: RowProblem = {
  code: 'invalid_csv',
  message: 'The quotes of the row do not match.',
  fix: 'Close each quoted cell before the next delimiter, and double a quote that stands inside one.',
}

/** Cells left empty are values not given. */
function nameCells({ columns }: CsvHeader, cells: readonly string[]): Pick<RawRecord, 'values' | 'problem'> {
  if (cells.length !== columns.length)
    return {
      problem: {
        code: 'invalid_csv',
        message: `The row has ${cells.length} cells, and the header has ${columns.length}.`,
        fix: 'Quote cells that hold the delimiter or a line break.',
      },
    }
  const values: Record<string, unknown> = {}
  for (const [index, cell] of cells.entries()) {
    const name = columns[index]
    if (cell !== '' && name !== undefined) values[name] = cell
  }
  return { values }
}

/**
 * The header, once enough of the file is there; undefined asks for more. `end` is where the first row begins.
 * @throws HoldfastError `invalid_import` when it is no header
 */
export function readCsvHeader(bytes: Buffer, isLast: boolean): { header: CsvHeader; end: number } | undefined {
  const start = byteOrderMark(bytes)
  const lineFeed = bytes.indexOf(LINE_FEED, start)
  if (lineFeed < 0 && !isLast && bytes.length <= MAX_RECORD_BYTES) return undefined
  const line = bytes.subarray(start, lineFeed < 0 ? bytes.length : lineFeed)
  if (line.length > MAX_RECORD_BYTES) throw invalidHeader('Its first line is too long to be one.')
  const delimiter = DELIMITERS.reduce((best, one) => (count(line, one) > count(line, best) ? one : best))
  const found = scanRecord(bytes, start, delimiter, isLast)
  if (found === 'incomplete') return undefined
  if (found.kind === 'problem') throw invalidHeader(found.problem.message)
  const columns = found.cells.map((cell) => cell.trim())
  if (columns.length === 0 || columns.some((name) => name === '')) throw invalidHeader('A column has no name.')
  // Told by its place: where the header is missing, its name is somebody's secret.
  const twice = columns.findIndex((name, index) => columns.indexOf(name) !== index)
  if (twice >= 0) throw invalidHeader(`Column ${twice + 1} has the name of an earlier one.`)
  return { header: { columns, delimiter }, end: found.next }
}

/**
 * A file whose header is missing begins with somebody's credential, and columns are kept and shown. Every row needs its user, so
 * a header names them.
 */
export function assertNamesUsers({ columns }: CsvHeader, map: Readonly<Record<string, string>> | undefined): void {
  const name = map ? map['user_id'] : 'user_id'
  if (name === undefined || !columns.includes(name)) throw invalidHeader('There is no column user_id.')
}

const count = (line: Buffer, byte: number): number => line.reduce((sum, one) => sum + (one === byte ? 1 : 0), 0)

/** @returns how many bytes to pass over; what is no UTF-8 at all is refused at once. */
export function byteOrderMark(bytes: Buffer): number {
  const [first, second, third] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new HoldfastError('invalid_import', 'The file is UTF-16.', { fix: 'Save it as UTF-8 and upload it again.' })
  return first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0
}

const invalidHeader = (why: string) =>
  new HoldfastError('invalid_import', `The file does not begin with a header. ${why}`, {
    fix: 'The first line names the columns, such as user_id,external_id,api_key.',
  })
