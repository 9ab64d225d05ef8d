import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import type { Deadline } from './deadline.ts'
import { replyTooLarge, unreachable } from './failures.ts'

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const ungzip: Decoder = promisify(gunzip)
const unzlib: Decoder = promisify(inflate)
const undeflate: Decoder = promisify(inflateRaw)

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', ungzip],
  ['x-gzip', ungzip],
  // "deflate" means zlib (RFC 9110 §8.4.1.2), but some servers send it without the zlib header, whose first byte ends in 8.
  ['deflate', (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? unzlib : undeflate)(body, options)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
])

const mostCodings = 3

/** The decoders in the order in which they undo the codings, or null for a coding that is not ours to undo. */
export function findDecoders(contentEncoding: string): readonly Decoder[] | null {
  const names = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const decoders = names.filter((name) => name !== '' && name !== 'identity').map((name) => DECODERS.get(name))
  if (decoders.length === 0 || decoders.length > mostCodings) return null
  const known = decoders.flatMap((decoder) => decoder ?? [])
  return known.length === decoders.length ? known.reverse() : null
}

/** Never holds more than `maxBytes` of what a small body may blow up to. */
export async function decodeBody(
  decoders: readonly Decoder[],
  body: Buffer,
  host: string,
  maxBytes: number,
  deadline: Deadline,
): Promise<Buffer> {
  let decoded = body
  for (const decode of decoders) {
    try {
      decoded = await decode(decoded, { maxOutputLength: Math.max(maxBytes, 1) })
    } catch (error) {
      const tooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      throw tooLarge ? replyTooLarge(host) : unreachable(host, 'its compressed reply cannot be read', error)
    }
    if (deadline.ended) throw deadline.ended
  }
  if (decoded.length > maxBytes) throw replyTooLarge(host)
  return decoded
}
