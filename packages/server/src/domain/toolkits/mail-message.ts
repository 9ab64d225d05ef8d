import { HoldfastError } from '../../errors.ts'

export type MailArguments = Readonly<Record<string, unknown>>

const CRLF = '\r\n'
/** RFC 2047 §2: an encoded word has at most 75 characters; 45 bytes become 60 of base64. */
const ENCODED_WORD_BYTES = 45
const ATOM_OR_ADDRESS = /^[^\s<>"(),:;\\@\p{C}]+@[^\s<>"(),:;\\@\p{C}]+$/u
const NAMED_ADDRESS = /^\s*(?:"((?:[^"\\\p{C}]|\\["\\])*)"|([^<>"\p{C}]*?))\s*<([^<>\s]+)>\s*$/u
const ASCII_TEXT = /^[\x20-\x7e]*$/

function refused(path: string, message: string): HoldfastError {
  return new HoldfastError('invalid_tool_arguments', message, { fields: [{ path: `arguments.${path}`, message }] })
}

/** Everything that is not printable ASCII leaves as encoded words, so that no header can hold a line break of the caller's. */
export function encodeHeaderText(text: string): string {
  if (ASCII_TEXT.test(text) && !text.includes('=?') && text.length <= 900) return text
  const words: string[] = []
  let word = ''
  for (const character of text.toWellFormed().replace(/\p{Cc}+/gu, ' ')) {
    if (Buffer.byteLength(word + character) > ENCODED_WORD_BYTES) {
      words.push(word)
      word = ''
    }
    word += character
  }
  words.push(word)
  return words.map((part) => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`).join(`${CRLF} `)
}

function encodeAddress(path: string, given: string): string {
  const named = NAMED_ADDRESS.exec(given)
  const address = named?.[3] ?? given.trim()
  if (!ATOM_OR_ADDRESS.test(address))
    throw refused(path, `${path} must be a mail address such as ann@example.com or Ann <ann@example.com>.`)
  const name = (named?.[1]?.replace(/\\(["\\])/g, '$1') ?? named?.[2] ?? '').trim()
  if (name === '') return address
  const isPlain = ASCII_TEXT.test(name) && !name.includes('=?')
  return `${isPlain ? `"${name.replace(/["\\]/g, '\\$&')}"` : encodeHeaderText(name)} <${address}>`
}

/** One header from several arguments, each an address or a list of them. */
function addressLine(header: string, args: MailArguments, names: readonly string[]): string[] {
  const addresses = names.flatMap((name) => {
    const given = args[name]
    const list: readonly unknown[] = Array.isArray(given) ? given : [given]
    return list.flatMap((item, index) =>
      typeof item === 'string' && item.trim() !== ''
        ? [encodeAddress(Array.isArray(given) ? `${name}[${index}]` : name, item)]
        : [],
    )
  })
  return addresses.length === 0 ? [] : [`${header}: ${addresses.join(`,${CRLF} `)}`]
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function bodyLines(text: string, type: 'plain' | 'html'): string[] {
  const lines = Buffer.from(text.replace(/\r\n|\r|\n/g, CRLF).toWellFormed())
    .toString('base64')
    .match(/.{1,76}/g)
  return [`Content-Type: text/${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', ...(lines ?? [])]
}

/**
 * An RFC 5322 message in base64url, as Gmail's `raw` wants it, from `to` (also `recipient_email` and `extra_recipients`), `cc`,
 * `bcc`, `from` (an address or a list each), `subject`, `body`, `is_html` and, for replies, `in_reply_to` and `references`.
 * @throws HoldfastError `invalid_tool_arguments` for an address that is not one
 */
export function buildMailMessage(args: MailArguments): string {
  const reference = (header: string, name: string): string[] => {
    const value = textOf(args[name])
    if (value === '') return []
    if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(value))
      throw refused(name, `${name} must be message ids such as <id@example.com>.`)
    return [`${header}: ${value.replaceAll(' ', `${CRLF} `)}`]
  }
  const lines = [
    'MIME-Version: 1.0',
    ...addressLine('From', args, ['from']),
    ...addressLine('To', args, ['to', 'recipient_email', 'extra_recipients']),
    ...addressLine('Cc', args, ['cc']),
    ...addressLine('Bcc', args, ['bcc']),
    `Subject: ${encodeHeaderText(textOf(args['subject']))}`,
    ...reference('In-Reply-To', 'in_reply_to'),
    ...reference('References', 'references'),
    ...bodyLines(textOf(args['body']), args['is_html'] === true ? 'html' : 'plain'),
  ]
  return Buffer.from(lines.join(CRLF) + CRLF).toString('base64url')
}
