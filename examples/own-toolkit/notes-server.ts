// A service with keys of its own, standing in for yours. PORT (default 9955; 0 takes a free one).

import { createServer } from 'node:http'

const KEYS = new Map([['notes-key-of-ann', 'Ann']])
const notes: { by: string; text: string }[] = []

const server = createServer(async (request, reply) => {
  const send = (status: number, body: object) =>
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const user = KEYS.get(String(request.headers['x-notes-key']))
  if (user === undefined) return send(401, { message: 'that key opens nothing here' })
  if (request.url === '/me') return send(200, { user })
  if (request.url !== '/notes') return send(404, { message: 'nothing here' })
  if (request.method !== 'POST') return send(200, { notes })
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  notes.push({ by: user, text: String((JSON.parse(body) as { text: unknown }).text) })
  send(201, { note: notes.at(-1) })
})

server.listen(Number(process.env['PORT'] ?? 9955), '127.0.0.1', () => {
  const address = server.address()
  console.log(`notes on http://127.0.0.1:${typeof address === 'object' && address ? address.port : ''}`)
})
