/** One record of an upload. `row` counts from 1, the header of a CSV file left out; `end` is where the next one begins, in bytes. */
export interface RawRecord {
  readonly row: number
  readonly end: number
  /** Left out when there is a `problem`. */
  readonly values?: Readonly<Record<string, unknown>>
  readonly problem?: RowProblem
}

/** Why a row cannot be imported: a stable code, and for people what is wrong and what to do. */
export interface RowProblem {
  readonly code: string
  readonly message: string
  readonly fix?: string
  /** The column or field at fault. */
  readonly field?: string
}

/** Turns bytes into records as they come in. What is not a whole record yet waits for more; nothing is kept beyond that. */
export interface RecordSplitter {
  push(bytes: Buffer): RawRecord[]
  /** After the last byte. */
  end(): RawRecord[]
}

/** Where to go on in an upload: behind `row` records and `offset` bytes. */
export interface ReadPosition {
  readonly offset: number
  readonly row: number
}

/** A credential has 256 KiB at most, and metadata is small: a longer record is a broken one. */
export const MAX_RECORD_BYTES = 1024 * 1024

export const tooLong: RowProblem = {
  code: 'record_too_long',
  message: `The record is longer than ${MAX_RECORD_BYTES / 1024 / 1024} MiB.`,
  fix: 'Look for a line break or a closing quote that is missing.',
}

export const notUtf8: RowProblem = {
  code: 'invalid_encoding',
  message: 'The record is not UTF-8 text.',
  fix: 'Save the file as UTF-8.',
}

export const holdsNul: RowProblem = {
  code: 'invalid_encoding',
  message: 'The record holds NUL characters.',
  fix: 'Remove them; a file that is full of them was probably saved as UTF-16: save it as UTF-8.',
}
