/** Shorter ones would match half of any text. */
const SHORTEST = 6
const PLACEHOLDER = '[secret]'

/** Takes secrets out of a text, in each form in which servers quote what they refuse. */
export function secretScrubber(secrets: readonly string[]): (text: string) => string {
  const long = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST)
  // The longest first: a form that is part of another one would leave the rest of that one standing.
  const forms = [...new Set(long.flatMap(textFormsOf))].sort((one, other) => other.length - one.length)
  const cores = [...new Set(long.flatMap(base64CoresOf))]
  return (text) => {
    const withoutForms = forms.reduce((scrubbed, form) => scrubbed.replaceAll(form, PLACEHOLDER), text)
    return cores.reduce(replaceBase64With, withoutForms)
  }
}

/** All texts in a value, however deep: a credential may be a whole JSON document. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** As it is, escaped for JSON, and percent-encoded as a component and as a form field. */
const textFormsOf = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret.toWellFormed()),
  new URLSearchParams({ '': secret }).toString().slice('='.length),
]

/**
 * What base64 makes of the secret whatever stands before and behind it, such as `user:` in basic authentication: the digits
 * that only the secret decides, at each of its three places in a group of three bytes.
 */
function base64CoresOf(secret: string): string[] {
  const length = Buffer.byteLength(secret)
  const cores = [0, 1, 2].map((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
    const firstDigit = Math.ceil((offset * 8) / 6)
    const endDigit = Math.floor(((offset + length) * 8) / 6)
    return padded.toString('base64').slice(firstDigit, endDigit)
  })
  return cores.flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')])
}

/** The whole base64 word around the core goes, and with it whatever else of the secret is in there. */
function replaceBase64With(text: string, core: string): string {
  let scrubbed = ''
  let done = 0
  for (let at = text.indexOf(core); at >= 0; at = text.indexOf(core, done)) {
    let start = at
    while (start > done && isBase64Digit(text[start - 1])) start--
    let end = at + core.length
    while (isBase64Digit(text[end])) end++
    scrubbed += text.slice(done, start) + PLACEHOLDER
    done = end
  }
  return scrubbed + text.slice(done)
}

const isBase64Digit = (character: string | undefined): boolean => character !== undefined && /[\w+/=-]/.test(character)
