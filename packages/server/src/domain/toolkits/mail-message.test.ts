import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HoldfastError } from '../../errors.ts'
import { exampleTool, exampleToolkit } from './fixture.testing.ts'
import { buildMailMessage } from './mail-message.ts'
import { buildToolRequest } from './request.ts'

interface Mail {
  readonly headers: Readonly<Record<string, string>>
  readonly lines: readonly string[]
  readonly body: string
}

/** Reads a message back as RFC 5322 and RFC 2047 say, with nothing of the builder. */
function read(raw: string): Mail {
  const message = Buffer.from(raw, 'base64url').toString('latin1')
  const [head = '', ...rest] = message.split('\r\n\r\n')
  const lines = head.split('\r\n')
  const headers = head
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
  const decode = (value: string) =>
    value
      .replace(/(=\?utf-8\?B\?[^?]*\?=)\s+(?==\?utf-8\?B\?)/gi, '$1')
      .replace(/=\?utf-8\?B\?([^?]*)\?=/gi, (_, text: string) => Buffer.from(text, 'base64').toString())
  return {
    lines,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, decode(value)])),
    body: Buffer.from(rest.join(''), 'base64').toString(),
  }
}

test('a message carries its addresses, subject and text', () => {
  const { headers, body } = read(
    buildMailMessage({
      recipient_email: 'ann@example.com',
      extra_recipients: ['Bob <bob@example.com>', '"Zoë \\"Z\\" Å" <zoe@example.com>'],
      cc: ['c@example.com'],
      bcc: 'd@example.com',
      subject: 'Grüße 🎉',
      body: 'Hello\nwörld',
    }),
  )
  assert.equal(headers['to'], 'ann@example.com, "Bob" <bob@example.com>, Zoë "Z" Å <zoe@example.com>')
  assert.equal(headers['cc'], 'c@example.com')
  assert.equal(headers['bcc'], 'd@example.com')
  assert.equal(headers['subject'], 'Grüße 🎉')
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(body, 'Hello\r\nwörld')
})

test('a subject is never read as an encoded word or as several lines', () => {
  const subjectOf = (subject: string) => read(buildMailMessage({ to: 'a@example.com', subject })).headers['subject']
  assert.equal(subjectOf('=?utf-8?B?ZXZpbA==?='), '=?utf-8?B?ZXZpbA==?=')
  assert.equal(subjectOf('one\r\nBcc: two'), 'one Bcc: two')
})

test('HTML is marked as such, replies name what they answer', () => {
  const { headers } = read(
    buildMailMessage({ to: 'a@example.com', body: '<b>x</b>', is_html: true, in_reply_to: '<1@x>', references: '<0@x> <1@x>' }),
  )
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['in-reply-to'], '<1@x>')
  assert.equal(headers['references'], '<0@x> <1@x>')
})

test('no subject, name or text adds a header or a line break (property)', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\r', '\n', ':', ' ', 'Bcc', '=?utf-8?B?', '?=', 'x', '\u2028', 'é') }),
  )
  fc.assert(
    fc.property(nasty, nasty, (subject, body) => {
      const { headers, lines } = read(buildMailMessage({ to: 'a@example.com', subject, body }))
      assert.deepEqual(Object.keys(headers).sort(), [
        'content-transfer-encoding',
        'content-type',
        'mime-version',
        'subject',
        'to',
      ])
      assert.ok(lines.every((line) => line.length <= 998 && /^[\x20-\x7e]*$/.test(line)))
    }),
    { numRuns: 500 },
  )
})

test('any subject without control characters arrives as it was (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (subject) => {
      const wanted = subject.replace(/\p{Cc}+/gu, ' ').trim()
      assert.equal(read(buildMailMessage({ to: 'a@example.com', subject })).headers['subject']?.trim(), wanted)
    }),
  )
})

for (const address of [
  'a@example.com\r\nBcc: evil@example.com',
  'Ann\r\nBcc: x <a@example.com>',
  'ann',
  'a@b, c@d',
  '<a@b> <c@d>',
  '"x <a@example.com>',
  'a b@example.com',
])
  test(`an address that is none is refused and named by its place: ${JSON.stringify(address)}`, () => {
    assert.throws(
      () => buildMailMessage({ recipient_email: 'a@example.com', cc: ['b@example.com', address] }),
      (error: HoldfastError) => error.code === 'invalid_tool_arguments' && error.fields[0]?.path === 'arguments.cc[1]',
    )
  })

for (const hook of ['gmail_message', 'gmail_draft'])
  test(`${hook} puts message and thread where Gmail reads them, arguments by their 'as' names`, () => {
    const tool = exampleTool(
      { method: 'POST', path: '/users/{user}/send', hook },
      {
        properties: {
          user: { type: 'string', default: 'me' },
          to: { type: 'string' },
          text: { type: 'string', as: 'body' },
          thread_id: { type: 'string' },
        },
      },
    )
    const toolkit = exampleToolkit({}, [tool])
    const [compiled] = toolkit.tools
    assert.ok(compiled)
    const { body, url } = buildToolRequest(toolkit, compiled, { to: 'a@example.com', text: 'hi', thread_id: 't1' }, {})
    const parsed = JSON.parse(String(body))
    const message = hook === 'gmail_draft' ? parsed.message : parsed
    assert.deepEqual(Object.keys(parsed), hook === 'gmail_draft' ? ['message'] : ['raw', 'threadId'])
    assert.equal(message.threadId, 't1')
    assert.equal(read(message.raw).body, 'hi')
    assert.equal(url.pathname, '/v1/users/me/send')
  })
