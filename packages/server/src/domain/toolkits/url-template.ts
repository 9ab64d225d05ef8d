import { HoldfastError } from '../../errors.ts'
import { type CompiledTemplate, type FilledHole, fillHole, type TemplateVars } from './template.ts'

const IN_AUTHORITY = /^https?:\/\/[^/?#\\]*$/i
const HOST_LABELS = /^[a-z\d_](?:[a-z\d_-]*[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]*[a-z\d_])?)*$/i
const WHOLE_AUTHORITY = /^(?:[a-z\d_](?:[a-z\d._-]*[a-z\d_])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i
// Control characters, spaces, and all that could end a host, begin a login, or be folded away by a URL parser.
const BARE_URL = /^https?:\/\/[^\s\p{C}\\@?#{}]+$/iu

function refused(name: string | undefined, why: string): HoldfastError {
  const field = name ?? 'base_url'
  return new HoldfastError('invalid_request', `The field ${field} ${why}.`, {
    fields: [{ path: field, message: `${field} ${why}` }],
  })
}

function checkAuthorityPart({ name, value = '' }: FilledHole, isWhole: boolean): string {
  if (HOST_LABELS.test(value) || (isWhole && WHOLE_AUTHORITY.test(value) && !value.includes('..'))) return value
  throw refused(name, 'must be a host name or a part of one: letters, digits, hyphens and dots')
}

function checkLeadingUrl({ name, value = '' }: FilledHole): string {
  const url = BARE_URL.test(value) ? URL.parse(value) : null
  if (!url) throw refused(name, 'must be a whole URL such as https://example.com, without login, query or fragment')
  return value.replace(/^https?:\/\/[^/]+/i, url.origin)
}

/** `.` and `..` would be resolved by the URL parser and so climb out of the path that the toolkit means. */
export const hasDotSegment = (path: string): boolean => path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))

interface Rendered {
  readonly text: string
  /** The field to name when the whole does not make a URL. */
  readonly blame: string | undefined
}

function renderParts({ parts }: CompiledTemplate, vars: TemplateVars, base: URL | undefined): Rendered {
  const continuesBase = base !== undefined && typeof parts[0] === 'string' && parts[0].startsWith('/')
  let text = continuesBase ? `${base.origin}${base.pathname.replace(/\/+$/, '')}` : ''
  let blame: string | undefined
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const filled = fillHole(part, vars)
    blame = filled.name ?? blame
    if (filled.value === undefined) throw refused(filled.name, 'is missing or unusable, and the URL needs it')
    const next = parts[index + 1]
    const endsAuthority = next === undefined || (typeof next === 'string' && /^[/?#]/.test(next))
    if (text === '') text = checkLeadingUrl(filled)
    else if (IN_AUTHORITY.test(text)) text += checkAuthorityPart(filled, endsAuthority && /:\/\/$/.test(text))
    else text += part.filters.at(-1) === 'urlencode' ? filled.value : encodeURIComponent(filled.value.toWellFormed())
  }
  return { text, blame }
}

/** As `renderUrl`, before it is parsed: what the template itself writes in braces still stands there. */
export const renderUrlText = (template: CompiledTemplate, vars: TemplateVars, base?: URL): string =>
  renderParts(template, vars, base).text

/**
 * A URL in which every value stays in the place that the template gave it: in the host position only host names are taken,
 * behind it values are percent-encoded. A value that is missing is an error, never a shorter URL.
 * A template that begins with `/` continues `base`.
 * @throws HoldfastError `invalid_request` naming the field
 */
export function renderUrl(template: CompiledTemplate, vars: TemplateVars, base?: URL): URL {
  const { text, blame } = renderParts(template, vars, base)
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw refused(blame, 'does not make a valid URL')
  if (hasDotSegment(text.replace(/[?#][\s\S]*$/, ''))) throw refused(blame, "must not contain '.' or '..' path segments")
  return url
}
