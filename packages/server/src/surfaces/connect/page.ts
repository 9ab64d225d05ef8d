import { createHash } from 'node:crypto'
import { type Hole, html, type Markup, type SafeUrl, trustedMarkup } from './html.ts'
import { STYLES } from './styles.ts'

/** A whole page, and what the browser must be told about it. */
export interface Page {
  readonly body: string
  /** As `style-src` takes them: no other style sheet counts, so none can be slipped in. */
  readonly styleHashes: readonly string[]
}

export interface PageParts {
  readonly title: string
  readonly main: Hole
  readonly footer?: string
  /** Rules of this page alone. Written by this server: whatever in it came from elsewhere is escaped already. */
  readonly styles?: string
  /**
   * Where the browser goes by itself. Not a redirect: browsers hold the redirects that follow a sent form to `form-action`,
   * and a provider may send the person on and on.
   */
  readonly goTo?: SafeUrl | undefined
}

const hashOf = (styles: string): string => `'sha256-${createHash('sha256').update(styles).digest('base64')}'`
const STYLES_HASH = hashOf(STYLES)
const styleElement = (styles: string): Markup => trustedMarkup(`<style>${styles}</style>`)

export function renderPage({ title, main, footer, styles, goTo }: PageParts): Page {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
${goTo && html`<meta http-equiv="refresh" content="0;url=${goTo}">`}
<title>${title}</title>
<link rel="icon" href="data:,">
${styleElement(STYLES)}
${styles && styleElement(styles)}
</head>
<body>
<main>
${main}
</main>
${footer && html`<footer>${footer}</footer>`}
</body>
</html>
`
  return { body: text, styleHashes: styles ? [STYLES_HASH, hashOf(styles)] : [STYLES_HASH] }
}
