import { byteOrderMark, readCsvHeader, splitCsv } from './csv-records.ts'
import type { ImportFormat, ImportProgress } from './import-job.ts'
import { splitJsonLines } from './jsonl-records.ts'
import type { RawRecord, RecordSplitter } from './records.ts'

/** What is read so far: the progress behind the last record that was handed out begins with it. */
export interface ReadState {
  readonly header?: ImportProgress['header']
}

/**
 * The records of an upload from where the progress says, as chunks come in.
 * @throws HoldfastError `invalid_import` when the file as a whole cannot be read
 */
export async function* readRecords(
  format: ImportFormat,
  { offset, rows, header: known }: Pick<ImportProgress, 'offset' | 'rows' | 'header'>,
  bytes: AsyncIterable<Buffer>,
  onHeader: (header: NonNullable<ImportProgress['header']>) => void,
): AsyncGenerator<RawRecord[]> {
  let splitter: RecordSplitter | undefined
  let start = Buffer.alloc(0)

  const begin = (isLast: boolean): RawRecord[] => {
    if (format === 'jsonl') {
      const skipped = offset === 0 ? byteOrderMark(start) : 0
      splitter = splitJsonLines({ offset: offset + skipped, row: rows })
      return splitter.push(start.subarray(skipped))
    }
    if (known) {
      splitter = splitCsv(known, { offset, row: rows })
      return splitter.push(start)
    }
    const found = readCsvHeader(start, isLast)
    if (!found) return []
    onHeader(found.header)
    splitter = splitCsv(found.header, { offset: found.end, row: 0 })
    return splitter.push(start.subarray(found.end))
  }
  for await (const chunk of bytes) {
    if (splitter) yield splitter.push(chunk)
    else {
      start = Buffer.concat([start, chunk])
      yield begin(false)
    }
  }
  if (!splitter) yield begin(true)
  if (splitter) yield splitter.end()
}
