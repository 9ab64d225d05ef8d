/** Text that may stand in a page as it is. Only `html` makes it: an object that came from outside is never taken for one. */
export interface Markup {
  readonly text: string
}

/** An address that may stand in `href` or `src`. Only `webUrl` and `imageUrl` make it. */
export interface SafeUrl {
  readonly url: string
}

export type Hole = Markup | SafeUrl | string | number | false | null | undefined | readonly Hole[]

const markups = new WeakSet<object>()
const urls = new WeakSet<object>()

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}
/** What would turn the rest of a line around, or is no character at all: a name could pass for another with it. */
const DECEPTIVE = /[\u202a-\u202e\u2066-\u2069]|[^\P{Cc}\t\n\r]/gu

const escapeText = (text: string): string =>
  text
    .toWellFormed()
    .replace(DECEPTIVE, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '')

function render(hole: Hole): string {
  if (hole === undefined || hole === null || hole === false) return ''
  if (typeof hole === 'string' || typeof hole === 'number') return escapeText(String(hole))
  if (Array.isArray(hole)) return hole.map(render).join('')
  if (markups.has(hole)) return (hole as Markup).text
  if (urls.has(hole)) return escapeText((hole as SafeUrl).url)
  throw new TypeError('Only text, and what html, webUrl or imageUrl made, can stand in a page.')
}

/**
 * A piece of a page. Every hole is escaped, for text and for quoted attributes alike; a hole where escaping would not help
 * (an unquoted attribute, the start of an address) is a mistake of the template and throws.
 */
export function html(parts: TemplateStringsArray, ...holes: readonly Hole[]): Markup {
  const text = parts.reduce((before, part, index) => {
    const hole = holes[index - 1]
    const previous = parts[index - 1] ?? ''
    if (/=\s*$/.test(previous) && !/;url=$/.test(previous)) throw new TypeError('Put quotes around the value of an attribute.')
    if (/(?:\b(?:href|src|action|formaction)="|;url=)$/i.test(previous) && !isSafeUrl(hole))
      throw new TypeError('An address needs webUrl or imageUrl.')
    return before + render(hole) + part
  })
  return brand({ text })
}

/** Only for texts that this server wrote itself, such as its style sheet. */
export const trustedMarkup = (text: string): Markup => brand({ text })

function brand(markup: Markup): Markup {
  markups.add(markup)
  return Object.freeze(markup)
}

const isSafeUrl = (hole: Hole): boolean => typeof hole === 'object' && hole !== null && urls.has(hole)

function toSafeUrl(url: string): SafeUrl {
  const safe = Object.freeze({ url })
  urls.add(safe)
  return safe
}

/** Undefined unless it is http or https: a page never links to `javascript:`, `data:` or an app's own scheme. */
export function webUrl(text: string | undefined): SafeUrl | undefined {
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? toSafeUrl(url.href) : undefined
}

/** Undefined unless the picture is in the address itself: a page of ours asks no other server for anything. */
export const imageUrl = (text: string | undefined): SafeUrl | undefined =>
  text !== undefined && /^data:image\/(?:png|jpeg|gif|webp|svg\+xml);base64,[\w+/]+={0,2}$/.test(text)
    ? toSafeUrl(text)
    : undefined
