import { isUtf8 } from 'node:buffer'
import { isDeeperThan } from '../../json-depth.ts'
import type { OutboundReply } from '../../platform/outbound/outbound.ts'

/** What an upstream sent, as JSON, as text, or as bytes with their type. */
export type ReplyContent =
  | { readonly kind: 'empty' }
  /** `text`: as the upstream wrote it, while nothing in it has been changed. */
  | { readonly kind: 'json'; readonly value: unknown; readonly text?: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Buffer; readonly contentType: string }

const JSON_TYPE = /[/+]json\b|\bx-ndjson\b/i
const TEXT_TYPE = /^text\/|[/+]xml\b|\/(?:x-)?(?:javascript|ecmascript|x-www-form-urlencoded|yaml|graphql|sql)\b|\bcharset=/i

/** An upstream that nests deeper than this means no good: what it sent is passed on as the text that it is. */
const MAX_LEVELS = 500

export function readContent({ headers, body }: Pick<OutboundReply, 'headers' | 'body'>): ReplyContent {
  if (body.length === 0) return { kind: 'empty' }
  const contentType = headers['content-type'] ?? ''
  if (JSON_TYPE.test(contentType) || (contentType === '' && looksLikeJson(body))) {
    const text = body.toString()
    try {
      const value: unknown = JSON.parse(text)
      return isDeeperThan(value, MAX_LEVELS) ? { kind: 'text', text } : { kind: 'json', value, text }
    } catch {
      return { kind: 'text', text } // mislabelled, or several documents in one
    }
  }
  if (TEXT_TYPE.test(contentType)) return { kind: 'text', text: body.toString() }
  return { kind: 'binary', bytes: body, contentType: contentType || 'application/octet-stream' }
}

const UNTYPED = /^(?:application|binary)\/octet-stream\b/i

/** As an agent can read it: bytes of which the upstream says nothing are text when they are that. */
export function readToolContent(reply: Pick<OutboundReply, 'headers' | 'body'>): ReplyContent {
  const content = readContent(reply)
  const isText =
    content.kind === 'binary' && UNTYPED.test(content.contentType) && isUtf8(content.bytes) && !content.bytes.includes(0)
  return isText ? { kind: 'text', text: content.bytes.toString() } : content
}

/** The same content with every text in it changed; bytes stay as they are. */
export function mapTexts(content: ReplyContent, change: (text: string) => string): ReplyContent {
  if (content.kind === 'text') return { kind: 'text', text: change(content.text) }
  return content.kind === 'json' ? { kind: 'json', value: mapJsonTexts(content.value, change) } : content
}

function mapJsonTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((inner) => mapJsonTexts(inner, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [change(name), mapJsonTexts(inner, change)]))
}

const looksLikeJson = (body: Buffer): boolean => body[0] === 0x7b || body[0] === 0x5b

/** Tool output is always an object: lists become `items`, texts `text`, bytes base64 with their type. */
export function toToolData(content: ReplyContent): Record<string, unknown> {
  switch (content.kind) {
    case 'empty':
      return {}
    case 'text':
      return { text: content.text }
    case 'binary':
      return { content_type: content.contentType, size: content.bytes.length, base64: content.bytes.toString('base64') }
    case 'json':
      if (Array.isArray(content.value)) return { items: content.value }
      return typeof content.value === 'object' && content.value !== null
        ? (content.value as Record<string, unknown>)
        : { value: content.value }
  }
}

const MESSAGE_FIELDS = [
  'message',
  'error_description',
  'detail',
  'error',
  'title',
  'reason',
  'description',
  'errors',
  'errorMessages',
]
const MAX_MESSAGE_LENGTH = 500
/** A page has more markup than words; what stands behind this much of it is not looked for. */
const MAX_MARKUP_LENGTH = 20_000

/** The sentence in an upstream's refusal that tells what is wrong, wherever providers like to put it. */
export function refusalMessage(content: ReplyContent): string | undefined {
  const found =
    content.kind === 'json' ? findMessage(content.value, 0) : content.kind === 'text' ? withoutMarkup(content.text) : undefined
  return found?.slice(0, MAX_MESSAGE_LENGTH)
}

function findMessage(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined
  if (typeof value !== 'object' || value === null || depth > 3) return undefined
  const inner = Array.isArray(value) ? value.slice(0, 3) : MESSAGE_FIELDS.map((name) => (value as Record<string, unknown>)[name])
  for (const one of inner) {
    const message = findMessage(one, depth + 1)
    if (message) return message
  }
  return undefined
}

const withoutMarkup = (text: string): string | undefined =>
  text
    .slice(0, MAX_MARKUP_LENGTH)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim() || undefined
