import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import { serveParent } from './children.ts'

/** What everything is measured against: Node's server, undici, one static header. No keys, no database, no checks. */
const upstream = new Pool(process.argv[2] ?? '', { connections: 128, headersTimeout: 0, bodyTimeout: 0 })

const server = createServer(async (incoming, outgoing) => {
  try {
    const { statusCode, headers, body } = await upstream.request({
      path: incoming.url ?? '/',
      method: (incoming.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: { authorization: 'Bearer bare-proxy', accept: 'application/json' },
      body: incoming.method === 'GET' ? null : incoming,
    })
    outgoing.writeHead(statusCode, {
      'content-type': String(headers['content-type']),
      'content-length': String(headers['content-length']),
    })
    body.pipe(outgoing)
  } catch {
    outgoing.writeHead(502).end()
  }
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  serveParent({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
