import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { AuthScheme } from '../auth-schemes.ts'
import { templateVarsOf } from './auth-definitions.ts'
import { authOf, loadCatalogue, requireAuth } from './catalogue.ts'
import { normaliseFields } from './fields.ts'
import { mayReceiveCredentials } from './hosts.ts'
import { mayReceiveGrant } from './oauth-hosts.ts'
import { applyPlacements } from './placement.ts'
import { buildToolRequest, buildVerificationRequest, type ToolRequest } from './request.ts'
import { FORM_TYPE, JSON_TYPE } from './request-body.ts'
import { compileTemplate, type TemplateVars } from './template.ts'
import type { Toolkit } from './toolkit.ts'
import { renderUrl } from './url-template.ts'

/**
 * `toolkits/<slug>/requests.yaml`: what a toolkit must send, as a table that is read against the provider's documentation.
 * Nothing is left to the toolkit: a header, a body or a URL that the table does not have is a failure.
 */
interface RequestTable {
  /** Carried by every request of the toolkit. */
  readonly headers?: Readonly<Record<string, string>>
  /** At least one for each scheme. The first one makes the calls that name no other. */
  readonly connections: Readonly<Record<string, Connection>>
  /** Fields that an import must be refused for. */
  readonly refused?: readonly { readonly scheme: AuthScheme; readonly given: TemplateVars; readonly field: string }[]
  /** At least one for each tool. */
  readonly calls: readonly Call[]
}
interface Connection {
  readonly scheme: AuthScheme
  readonly auth_config?: TemplateVars
  /** As an import brings it. */
  readonly given: TemplateVars
  /** The call that verifies it, credential in place: `GET https://…`. Left out when the toolkit has none. */
  readonly verifies?: string
  /** What the credential adds to that call's headers. */
  readonly sends: Readonly<Record<string, string>>
  /** Every URL of the scheme's OAuth definition. */
  readonly urls?: Readonly<Record<string, string>>
}
interface Call {
  readonly tool: string
  readonly with?: string
  readonly arguments?: Readonly<Record<string, unknown>>
  /** `POST https://…` */
  readonly request: string
  /** Besides those that every request carries. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly form?: string
  /** A body that is neither JSON nor a form; its type stands among the headers. */
  readonly raw?: string
  /** Of a GraphQL call, beside the tool's own query. */
  readonly variables?: unknown
}

const KEYS = {
  table: ['headers', 'connections', 'refused', 'calls'],
  connection: ['scheme', 'auth_config', 'given', 'verifies', 'sends', 'urls'],
  call: ['tool', 'with', 'arguments', 'request', 'headers', 'body', 'form', 'raw', 'variables'],
}
const assertKeys = (kind: keyof typeof KEYS, entry: object) =>
  assert.deepEqual(
    Object.keys(entry).filter((key) => !KEYS[kind].includes(key)),
    [],
    `not a key of a ${kind}`,
  )

const BUILTIN = fileURLToPath(new URL('../../../../../toolkits', import.meta.url))
const catalogue = loadCatalogue([BUILTIN])
const line = ({ method, url }: Pick<ToolRequest, 'method' | 'url'>) => `${method} ${url.href}`
const noOperator = () => false

function varsOf(toolkit: Toolkit, { scheme, auth_config, given }: Connection): TemplateVars {
  const auth = requireAuth(toolkit, scheme)
  const { values, errors } = normaliseFields([...auth.connection_fields, ...auth.credential_fields], given)
  assert.deepEqual(errors, [])
  return templateVarsOf(auth, { ...auth_config, ...values })
}

function testConnection(toolkit: Toolkit, connection: Connection, headers: Readonly<Record<string, string>>): void {
  const auth = requireAuth(toolkit, connection.scheme)
  const vars = varsOf(toolkit, connection)
  const verification = auth.verification ?? toolkit.definition.verification
  const bare = verification && buildVerificationRequest(toolkit, verification, vars)
  if (bare) {
    const { request } = applyPlacements(auth, vars, bare)
    assert.equal(line(request), connection.verifies)
    const type = request.body === null ? {} : { 'content-type': JSON_TYPE }
    assert.deepEqual(request.headers, { ...headers, ...type, ...connection.sends })
    assert.ok(mayReceiveCredentials(toolkit, vars, request.url, noOperator))
  } else assert.equal(connection.verifies, undefined)
  const urls = Object.entries(auth.oauth2 ?? {}).filter(([name]) => name.endsWith('_url')) as [string, string][]
  const rendered = urls.map(([name, template]) => {
    const url = renderUrl(compileTemplate(template), vars)
    assert.ok(mayReceiveGrant(toolkit, template, vars, url, noOperator), `a grant may not go to ${url}`)
    return [name, url.href]
  })
  assert.deepEqual(Object.fromEntries(rendered), connection.urls ?? {})
}

function testCall(toolkit: Toolkit, table: RequestTable, call: Call): void {
  const name = call.with ?? Object.keys(table.connections)[0] ?? ''
  const connection = table.connections[name]
  assert.ok(connection, `there is no connection '${name}'`)
  const tool = toolkit.tools.find(({ slug }) => slug === call.tool)
  assert.ok(tool, `${toolkit.slug} has no tool ${call.tool}`)
  const vars = varsOf(toolkit, connection)
  const request = buildToolRequest(toolkit, tool, call.arguments ?? {}, vars)
  assert.equal(line(request), call.request)
  const sendsJson = call.body !== undefined || 'variables' in call
  const type = call.form !== undefined ? FORM_TYPE : sendsJson ? JSON_TYPE : undefined
  assert.deepEqual(request.headers, { ...table.headers, ...(type && { 'content-type': type }), ...call.headers })
  if (call.form !== undefined || call.raw !== undefined) assert.equal(String(request.body), call.form ?? call.raw)
  else if ('variables' in call) {
    const { query, ...rest } = JSON.parse(String(request.body))
    assert.equal(query, tool.definition.request.body_defaults?.['query'] ?? call.arguments?.['query_or_mutation'])
    assert.deepEqual(rest, call.variables === null ? {} : { variables: call.variables })
  } else assert.deepEqual(request.body === null ? undefined : JSON.parse(String(request.body)), call.body)
  assert.ok(mayReceiveCredentials(toolkit, vars, request.url, noOperator), `credentials may not go to ${request.url}`)
}

for (const slug of readdirSync(BUILTIN)) {
  const file = join(BUILTIN, slug, 'requests.yaml')
  if (!existsSync(file)) continue
  const toolkit = catalogue.requireToolkit(slug)
  const table = parse(readFileSync(file, 'utf8')) as RequestTable
  const connections = Object.entries(table.connections)

  test(`${slug}: the table has every scheme and every tool`, () => {
    assertKeys('table', table)
    for (const [, connection] of connections) assertKeys('connection', connection)
    for (const call of table.calls) assertKeys('call', call)
    const schemes = new Set(connections.map(([, { scheme }]) => scheme))
    assert.deepEqual([...toolkit.auths.keys()].filter((scheme) => !schemes.has(scheme)).sort(), [])
    const tools = new Set(table.calls.map(({ tool }) => tool))
    assert.deepEqual(
      toolkit.tools.map((tool) => tool.slug).filter((tool) => !tools.has(tool)),
      [],
    )
  })

  for (const [name, connection] of connections)
    test(`${slug}: connection '${name}' reaches its URLs with the credential in its place`, () =>
      testConnection(toolkit, connection, table.headers ?? {}))

  for (const { scheme, given, field } of table.refused ?? [])
    test(`${slug}: ${scheme} is refused for ${field} ${JSON.stringify(given[field] ?? null)}`, () => {
      const auth = authOf(toolkit, scheme)
      assert.ok(auth)
      const { errors } = normaliseFields([...auth.connection_fields, ...auth.credential_fields], given)
      assert.deepEqual(
        errors.map(({ path }) => path),
        [field],
      )
    })

  for (const call of table.calls) test(`${slug}: ${call.tool} sends ${call.request}`, () => testCall(toolkit, table, call))
}
