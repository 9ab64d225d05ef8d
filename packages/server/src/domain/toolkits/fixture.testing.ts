import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ToolDefinition, ToolkitDefinition } from './definition.ts'
import { type Toolkit, toToolkit } from './toolkit.ts'

/** Files by their path under a directory of its own, which is gone after the test. */
export function writeToolkits(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'toolkits-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

export const toolkitYaml = (slug: string, more = ''): string => `slug: ${slug}
name: ${slug} of the tests
description: A provider that only the tests know.
categories: [testing]
version: '20260101_00'
sources: []
base_url: https://api.${slug.replaceAll('_', '-')}.example
hosts: [api.${slug.replaceAll('_', '-')}.example]
auth:
  - scheme: API_KEY
    placements:
      - { in: header, name: x-api-key, template: '{{ api_key }}' }
${more}`

export const toolYaml = (slug: string, more = ''): string => `slug: ${slug}
name: ${slug.toLowerCase().replaceAll('_', ' ')}
description: Reads one item.
request:
  method: GET
  path: /items/{id}
input:
  type: object
  properties:
    id: { type: string, description: Which item. }
  required: [id]
${more}`

const EXAMPLE: ToolkitDefinition = {
  slug: 'example',
  name: 'Example',
  description: 'A provider that only the tests know.',
  categories: ['testing'],
  version: '20260101_00',
  sources: [],
  base_url: 'https://api.example.com/v1',
  hosts: ['api.example.com'],
  auth: [{ scheme: 'API_KEY', placements: [{ in: 'header', name: 'x-api-key', template: '{{ api_key }}' }] }],
}

export const exampleToolkit = (change: Partial<ToolkitDefinition> = {}, tools: readonly ToolDefinition[] = []): Toolkit =>
  toToolkit({ ...EXAMPLE, ...change }, tools, 'builtin')

export const exampleTool = (
  request: ToolDefinition['request'],
  input: Partial<ToolDefinition['input']> = {},
): ToolDefinition => ({
  slug: 'EXAMPLE_CALL',
  name: 'Call',
  description: 'Calls the provider.',
  request,
  input: { type: 'object', properties: {}, ...input },
})
