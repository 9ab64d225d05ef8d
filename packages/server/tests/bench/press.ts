import { connect } from 'node:net'
import type { Call, Throughput } from './load.ts'

const END_OF_HEAD = '\r\n\r\n'

/**
 * As many requests as the target answers, each connection one after the other. Bytes are put together beforehand and answers
 * are only counted: a generator that costs more than what it measures would measure itself, and would starve the others of
 * its machine differently for a request that has a body than for one that has none.
 */
export async function press(calls: readonly Call[], connections: number, seconds: number): Promise<Throughput> {
  const [first] = calls
  if (!first) throw new Error('nothing to call')
  const requests = calls.map(bytesOf)
  const times: number[] = []
  let next = 0
  const nextRequest = () => requests[next++ % requests.length] ?? requests[0] ?? Buffer.alloc(0)
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  await Promise.all(Array.from({ length: connections }, () => pressOne(new URL(first.origin), nextRequest, times, endsAt)))
  const took = (performance.now() - startedAt) / 1000
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { perSecond: sorted.length / took, p50: at(0.5), p99: at(0.99) }
}

function bytesOf({ origin, method, path, headers, body = '' }: Call): Buffer {
  const sent = {
    host: new URL(origin).host,
    ...headers,
    ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(sent).map(([name, value]) => `${name}: ${value}`)]
  return Buffer.from(lines.join('\r\n') + END_OF_HEAD + body)
}

/** One connection until the time is up. Fails on the first answer that is not a success. */
function pressOne({ hostname, port }: URL, nextRequest: () => Buffer, times: number[], endsAt: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let head = Buffer.alloc(0)
    let bodyLeft: number | undefined
    let sentAt = 0
    const send = () => {
      head = Buffer.alloc(0)
      bodyLeft = undefined
      sentAt = performance.now()
      socket.write(nextRequest())
    }
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.on('connect', send)
    socket.on('error', fail)
    socket.on('close', () => reject(new Error('the connection was closed in the middle')))
    socket.on('data', (chunk) => {
      if (bodyLeft === undefined) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
        const end = head.indexOf(END_OF_HEAD)
        if (end < 0) return
        const length = lengthIn(head.subarray(0, end).toString('latin1'))
        if (length === undefined) return fail(new Error(`not the answer that was expected: ${head.toString().slice(0, 500)}`))
        bodyLeft = length - (head.length - end - END_OF_HEAD.length)
      } else bodyLeft -= chunk.length
      if (bodyLeft > 0) return
      const now = performance.now()
      times.push(now - sentAt)
      if (now < endsAt) return send()
      socket.destroy()
      resolve()
    })
  })
}

/** How long the body is; undefined when the head is not that of a success, or does not say. */
function lengthIn(head: string): number | undefined {
  const length = /^HTTP\/1\.1 2\d\d /.test(head) ? /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] : undefined
  return length === undefined ? undefined : Number(length)
}
