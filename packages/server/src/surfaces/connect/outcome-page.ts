import type { ConnectOutcome } from '../../domain/connecting/connect-link.ts'
import { type Hole, html, type Markup, webUrl } from './html.ts'
import { type Page, renderPage } from './page.ts'
import { TEXTS } from './texts.ts'

type Mark = 'good' | 'bad' | 'plain'
const SIGNS: Readonly<Record<Mark, string>> = { good: '✓', bad: '!', plain: '…' }

const message = (mark: Mark, title: string, content: Hole): Markup =>
  html`<div class="mark mark-${mark}" aria-hidden="true">${SIGNS[mark]}</div>
<h1>${title}</h1>
${content}`

const paragraph = (text: string | undefined): Markup | undefined => (text ? html`<p class="lead">${text}</p>` : undefined)

/** For links that never were, too: nobody learns from the page which ids there are. */
export const gonePage = (): Page => noticePage(TEXTS.gone)

export const usedPage = (): Page =>
  renderPage({ title: TEXTS.used.title, main: message('plain', TEXTS.used.title, paragraph(TEXTS.used.body)) })

/** Sends the browser on to the provider. */
export function leavingPage(toolkitName: string, redirectUrl: string): Page {
  const goTo = webUrl(redirectUrl)
  if (!goTo) throw new TypeError('The provider of this toolkit has an authorization address that is not http or https.')
  const { title, body, link } = TEXTS.leaving
  return renderPage({
    title: title(toolkitName),
    goTo,
    main: message(
      'plain',
      title(toolkitName),
      html`${paragraph(body(toolkitName))}
<a class="button" href="${goTo}" rel="noreferrer">${link(toolkitName)}</a>`,
    ),
  })
}

/** How it ended. With an address to go back to, the browser goes there by itself, whatever the outcome. */
export function outcomePage({ status, toolkitName, reason, returnTo }: Omit<ConnectOutcome, 'accountId'>): Page {
  const succeeded = status === 'success'
  const title = succeeded ? TEXTS.connected.title(toolkitName) : TEXTS.failed.title(toolkitName)
  const goTo = webUrl(returnTo)
  const { connected } = TEXTS
  const next = goTo
    ? html`${paragraph(connected.returning)}
<a class="button" href="${goTo}" rel="noreferrer">${connected.link}</a>`
    : paragraph(succeeded ? connected.close : TEXTS.failed.body)
  return renderPage({
    title,
    goTo,
    main: message(succeeded ? 'good' : 'bad', title, html`${!succeeded && paragraph(reason)}${next}`),
  })
}

/** For whatever can only be told. */
export const noticePage = ({ title, body }: { readonly title: string; readonly body: string }): Page =>
  renderPage({ title, main: message('bad', title, paragraph(body)) })

/** The request id leads the operator to the cause in the log; the person never sees that. */
export function faultPage(requestId: string): Page {
  const { title, body, reference } = TEXTS.fault
  return renderPage({
    title,
    main: message('bad', title, html`${paragraph(body)}<p class="lead">${reference(requestId)}</p>`),
  })
}
