import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveParent } from './children.ts'

/** The third party: it checks that the credential came along and answers about one kilobyte of JSON. */
const reply = JSON.stringify({
  items: Array.from({ length: 8 }, (_, index) => ({
    id: `item_${index}`,
    name: `Item number ${index}`,
    labels: ['one', 'two', 'three'],
    price: 12.5 * index,
    in_stock: index % 2 === 0,
  })),
  next: null,
})
const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(reply) }

const server = createServer((request, response) => {
  request.resume()
  if (!request.headers.authorization?.startsWith('Bearer ')) {
    response.writeHead(401).end()
    return
  }
  response.writeHead(200, head).end(reply)
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  serveParent({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, replyBytes: Buffer.byteLength(reply) })
})
