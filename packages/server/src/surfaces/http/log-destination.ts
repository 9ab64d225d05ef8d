import { writeSync } from 'node:fs'

const FLUSH_EVERY_MS = 20
const FLUSH_AT_CHARS = 64 * 1024
/** What a reader that has stalled may be behind; beyond it the log is dropped rather than the memory filled. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024

export interface LogDestination {
  write(line: string): void
  flush(done?: () => void): void
}

/**
 * Lines gathered for a moment and written in one go: a write a request is a noticeable part of a fast request.
 * Writing is synchronous, so the order holds and a normal exit loses nothing; a reader that went away ends the log and
 * never the server.
 */
export function openLogDestination(fd: number): LogDestination {
  let pending: Buffer = Buffer.alloc(0)
  let lines: string[] = []
  let chars = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const bytes = lines.length > 0 ? Buffer.concat([pending, Buffer.from(lines.join(''))]) : pending
    lines = []
    chars = 0
    pending = writeWhatFits(bytes)
    if (pending.length > 0) timer = setTimeout(flush, FLUSH_EVERY_MS).unref()
  }

  const writeWhatFits = (bytes: Buffer): Buffer => {
    let rest = bytes
    try {
      while (rest.length > 0 && !isClosed) rest = rest.subarray(writeSync(fd, rest))
      return Buffer.alloc(0)
    } catch (error) {
      const isFull = (error as { code?: unknown }).code === 'EAGAIN'
      isClosed = !isFull
      return isFull && rest.length <= MAX_UNREAD_BYTES ? rest : Buffer.alloc(0)
    }
  }

  process.on('exit', flush)
  return {
    write(line) {
      if (isClosed) return
      lines.push(line)
      chars += line.length
      if (chars >= FLUSH_AT_CHARS && pending.length === 0) flush()
      else timer ??= setTimeout(flush, FLUSH_EVERY_MS).unref()
    },
    flush(done) {
      flush()
      done?.()
    },
  }
}
