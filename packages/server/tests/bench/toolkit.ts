import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const TOOLKIT = 'bench'
export const TOOL = 'BENCH_LIST_ITEMS'

/** A toolkit like any other, whose provider is the upstream of the benchmark. */
export function writeToolkit(directory: string, upstreamUrl: string): void {
  mkdirSync(join(directory, TOOLKIT, 'tools'), { recursive: true })
  const { host } = new URL(upstreamUrl)
  const toolkit = `slug: ${TOOLKIT}
name: Bench
description: The upstream of the benchmark.
categories: [testing]
version: '20260101_00'
sources: []
base_url: '{{ base_url }}'
hosts: ['${host}']
self_hosted: true
headers:
  accept: application/json
auth:
  - scheme: BEARER_TOKEN
    connection_fields:
      - { name: base_url, title: Address, description: Where the upstream answers., type: string, default: '${upstreamUrl}', required: false }
    credential_fields:
      - { name: token, title: Token, description: Any., type: string, required: true, secret: true }
    placements:
      - { in: header, name: authorization, template: 'Bearer {{ token }}' }
`
  const tool = `slug: ${TOOL}
name: List items
description: Lists the items of one shelf.
request:
  method: GET
  path: /shelves/{shelf}/items
input:
  type: object
  properties:
    shelf: { type: string, description: Which shelf. }
    limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many. }
  required: [shelf]
`
  writeFileSync(join(directory, TOOLKIT, 'toolkit.yaml'), toolkit)
  writeFileSync(join(directory, TOOLKIT, 'tools', 'list_items.yaml'), tool)
}
