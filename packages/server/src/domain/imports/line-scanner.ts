import { MAX_RECORD_BYTES } from './records.ts'

export interface ScannedLine {
  /** Without its line feed; a line past the bound is not kept. */
  readonly bytes: Buffer | 'too_long'
  /** Where the next line begins in the whole upload. */
  readonly end: number
}

const LINE_FEED = 0x0a

/** Lines of a stream of bytes, in memory no longer than a line. */
export function createLineScanner(offset: number) {
  let rest: Buffer = Buffer.alloc(0)
  let base = offset
  let isSkipping = false

  const take = (all: Buffer, isLast: boolean): ScannedLine[] => {
    const lines: ScannedLine[] = []
    let from = 0
    for (;;) {
      const at = all.indexOf(LINE_FEED, from)
      const isOpenEnd = at < 0
      if (isOpenEnd && (!isLast || from === all.length)) break
      const stop = isOpenEnd ? all.length : at
      const end = base + (isOpenEnd ? stop : stop + 1)
      const isTooLong = isSkipping || stop - from > MAX_RECORD_BYTES
      lines.push({ bytes: isTooLong ? 'too_long' : all.subarray(from, stop), end })
      isSkipping = false
      from = isOpenEnd ? all.length : at + 1
    }
    rest = all.subarray(from)
    base += from
    if (rest.length > MAX_RECORD_BYTES) {
      isSkipping = true
      base += rest.length
      rest = Buffer.alloc(0)
    }
    return lines
  }
  return {
    push: (bytes: Buffer): ScannedLine[] => take(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), false),
    end(): ScannedLine[] {
      const lines = take(rest, true)
      if (!isSkipping) return lines
      isSkipping = false
      return [...lines, { bytes: 'too_long', end: base }]
    },
  }
}
