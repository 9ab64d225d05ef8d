import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createOutbound, type Outbound, type OutboundOptions } from './outbound.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** The address that was dialled. */
  readonly dialled: string
}

export interface Upstream {
  readonly origin: string
  readonly port: number
  readonly seen: Seen[]
  readonly server: Server
  connections(): number
}

type Answer = (request: Seen, response: ServerResponse) => void

/** A real HTTP server; it stops with the test, whatever hangs on it. */
export async function startUpstream(t: TestContext, answer: Answer, host = '127.0.0.1'): Promise<Upstream> {
  const seen: Seen[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers, socket } = request
    const entry = { method, url, headers, body: Buffer.concat(chunks).toString(), dialled: socket.localAddress ?? '' }
    seen.push(entry)
    answer(entry, response)
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, port, seen, server, connections: () => connections }
}

export function testOutbound(t: TestContext, allowHosts: readonly string[], lookup?: OutboundOptions['lookup']): Outbound {
  const outbound = createOutbound(lookup ? { allowHosts, lookup } : { allowHosts })
  t.after(() => outbound.close())
  return outbound
}

export const get = (url: string) => ({ method: 'GET', url: new URL(url), headers: {} })
