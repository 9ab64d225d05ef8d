import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { ApiServer } from '../src/surfaces/http/api-server.ts'
import { createLogger } from '../src/surfaces/http/logger.ts'
import { type TestDatabase, temporaryDir } from './databases.ts'

export const ORG_KEY = 'org-key-of-the-tests-0123456789'

export interface RealApp {
  readonly http: ApiServer
  readonly url: string
  readonly apiKey: string
  readonly dataDir: string
  /** Everything that was logged, one JSON a line. */
  readonly logged: readonly string[]
}

/** The whole server as the operator starts it, in this process, with a toolkit `example` whose provider runs beside it. */
export async function openRealApp(t: TestContext, testDatabase: TestDatabase): Promise<RealApp> {
  const { databaseUrl, dataDir } = await testDatabase.address()
  const upstream = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const apiKey = `hf_${'0123456789'.repeat(4)}`
  const logged: string[] = []
  const app = await openApp(
    readConfig({
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_API_KEY: apiKey,
      HOLDFAST_ORG_API_KEY: ORG_KEY,
      HOLDFAST_ALLOW_HOSTS: host,
      HOLDFAST_TOOLKITS_DIR: writeExampleToolkit(host),
      ...(databaseUrl && { HOLDFAST_DATABASE_URL: databaseUrl, HOLDFAST_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }),
    }),
    { logger: createLogger({ level: 'warn', destination: { write: (line) => logged.push(line) } }) },
  )
  t.after(async () => {
    await app.close()
    upstream.closeAllConnections()
    upstream.close()
  })
  return { http: app.http, url: await app.listen(), apiKey, dataDir, logged }
}

function writeExampleToolkit(host: string): string {
  const directory = temporaryDir()
  mkdirSync(join(directory, 'example', 'tools'), { recursive: true })
  writeFileSync(
    join(directory, 'example', 'toolkit.yaml'),
    `slug: example
name: Example
description: A provider that only the tests know.
categories: [testing]
version: '20260101_00'
sources: []
base_url: '{{ base_url }}'
hosts: ['${host}']
self_hosted: true
auth:
  - scheme: API_KEY
    connection_fields:
      - { name: base_url, title: Address, description: Where it answers., type: string, default: 'http://${host}', required: false }
    placements:
      - { in: header, name: x-api-key, template: '{{ api_key }}' }
verification:
  path: /me
`,
  )
  writeFileSync(
    join(directory, 'example', 'tools', 'get_item.yaml'),
    `slug: EXAMPLE_GET_ITEM
name: Get item
description: Reads one item.
request:
  method: GET
  path: /items/{id}
input:
  type: object
  properties:
    id: { type: string, description: Which item. }
  required: [id]
`,
  )
  return directory
}
