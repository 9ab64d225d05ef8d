import type { ImportSource } from './imports.types.ts'

/** The source from byte `skip` on, in parts of this size; only one of them is in memory. */
export async function* partsOf(source: ImportSource, partBytes: number, skip: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(partBytes)
  let held = 0
  let toSkip = skip
  for await (const piece of piecesOf(source)) {
    let bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    const skipped = Math.min(toSkip, bytes.length)
    toSkip -= skipped
    bytes = bytes.subarray(skipped)
    while (bytes.length > 0) {
      const taken = bytes.subarray(0, partBytes - held)
      part.set(taken, held)
      held += taken.length
      bytes = bytes.subarray(taken.length)
      if (held < partBytes) continue
      yield part
      part = new Uint8Array(partBytes)
      held = 0
    }
  }
  if (held > 0) yield part.subarray(0, held)
}

function piecesOf(source: ImportSource): AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string> {
  if (typeof source === 'string' || source instanceof Uint8Array) return [source]
  if ('stream' in source) return readAll(source.stream())
  // Not every browser can iterate over a stream.
  return 'getReader' in source ? readAll(source) : source
}

async function* readAll(stream: ReadableStream<Uint8Array | string>): AsyncGenerator<Uint8Array | string> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
