import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type ApiDocument, type Operation, operationsOf } from '../testing/api-document.ts'
import { currentDocument, REGENERATE, readDocument } from '../testing/write-openapi.ts'

let text = ''
let document: ApiDocument
let operations: Operation[] = []
before(async () => {
  text = await currentDocument()
  document = JSON.parse(text) as ApiDocument
  operations = operationsOf(document)
})

test('docs/openapi.json is what the server answers', () => {
  assert.ok(text === readDocument(), `docs/openapi.json is not what the server answers: write it anew with \`${REGENERATE}\``)
  assert.deepEqual(document.servers, [{ url: '/' }])
})

test('every operation has a summary, a tag and a documented refusal, and its replies have schemas', () => {
  const summaries = new Map<string, string>()
  for (const { label, path, summary, tags, responses = {} } of operations) {
    assert.match(path, /^\/api\/v3\.1\//, label)
    assert.ok(summary && /^[A-Z].*[^.]$/.test(summary), `${label} needs a summary, without a full stop`)
    assert.equal(summaries.get(summary), undefined, `${label} has the summary of another operation`)
    summaries.set(summary, label)
    assert.equal(tags?.length, 1, `${label} needs one tag`)
    assert.deepEqual(responses['default'], { $ref: '#/components/responses/Error' }, label)
    const replies = Object.entries(responses).filter(([status]) => status !== 'default')
    const isOffered = !/not yet available|needs a language model/.test(summary)
    assert.equal(replies.length > 0, isOffered, `${label} needs a response schema, or a summary that says it is not offered`)
    for (const [status, { content }] of replies) {
      assert.match(status, /^20[01]$/, label)
      assert.ok(content?.['application/json']?.schema ?? content?.['text/csv']?.schema, `${label} ${status}`)
    }
  }
  assert.ok(operations.length > 30)
})

test('every schema is a schema, and every parameter of a path is documented', () => {
  const ajv = new Ajv2020({ strict: false, logger: false })
  for (const { label, path, body, query, parameters = [], responses = {} } of operations) {
    const replies = Object.values(responses).flatMap(({ content }) => content?.['application/json']?.schema ?? [])
    for (const schema of [...(body ? [body] : []), ...query.map((one) => one.schema), ...replies])
      assert.ok(ajv.validateSchema(schema), `${label}: ${ajv.errorsText()}`)
    const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    assert.deepEqual(named.toSorted(), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted(), label)
  }
})

test('nothing in the document looks like a secret', () => {
  const looks =
    /hf_[\w-]{8,}|\bsk[-_]\w{8,}|gh[opsu]_\w{8,}|xox[abpr]-|AKIA\w{8,}|\beyJ[\w-]{8,}|-----BEGIN|\bSG\.\w{6,}|Bearer \w{8,}/
  assert.doesNotMatch(text, looks)
  const values: string[] = []
  JSON.parse(text, (name, value) => {
    if (['example', 'examples', 'default'].includes(name) && typeof value === 'string') values.push(value)
    return value
  })
  for (const value of values) assert.doesNotMatch(value, /key|token|secret|password/i)
})
