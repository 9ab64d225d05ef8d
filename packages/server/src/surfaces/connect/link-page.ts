import type { LinkView } from '../../domain/connecting/connect-link.ts'
import type { FieldError } from '../../errors.ts'
import type { FormValues } from './form-values.ts'
import { html, type Markup, webUrl } from './html.ts'
import { conditionStyles, type DrawnField, drawFields, isExtra, renderField } from './link-fields.ts'
import { type Page, renderPage } from './page.ts'
import { type Names, TEXTS } from './texts.ts'
import { tilePair } from './tiles.ts'

/** What was sent and refused. */
export interface Attempt {
  readonly values: FormValues
  readonly errors: readonly FieldError[]
  /** What is wrong with no single field. */
  readonly problem?: string
}

export function linkPage(view: LinkView, formToken: string, attempt?: Attempt): Page {
  const names = namesOf(view)
  const isGrant = view.continuesAtProvider
  const fields = drawFields(view.fields, attempt?.values, attempt?.errors ?? [])
  const title = view.reconnects ? TEXTS.link.titleAgain(names) : TEXTS.link.title(names)
  const guide = fields.length > 0 && webUrl(view.authGuideUrl)
  return renderPage({
    title: attempt ? TEXTS.errorTitle(title) : title,
    styles: conditionStyles(fields),
    footer: TEXTS.link.keeper(names),
    main: html`${tilePair({ name: names.project, logo: view.projectLogoUrl }, view.toolkit)}
<h1>${title}</h1>
<p class="lead">${leadOf(view, names)}</p>
${attempt && problemSummary(attempt, fields)}
${whatItGets(view, names, isGrant)}
<form method="post" novalidate>
<input type="hidden" name="form_token" value="${formToken}">
${fields.filter((field) => !isExtra(field)).map(renderField)}
${extraSettings(fields.filter(isExtra))}
${guide && html`<p class="guide"><a href="${guide}" target="_blank" rel="noopener noreferrer">${TEXTS.link.guide(names)} ${TEXTS.link.newWindow}</a></p>`}
<button type="submit">${isGrant ? TEXTS.link.continue(names) : TEXTS.link.submit(names)}</button>
</form>`,
  })
}

/** What the first project is called at the first start: nobody chose it, and nobody would know it. */
const NO_NAME = 'default'

export const namesOf = ({ toolkit, projectName }: Pick<LinkView, 'toolkit' | 'projectName'>): Names => ({
  toolkit: toolkit.name,
  project: projectName === NO_NAME ? TEXTS.unnamedProject : projectName,
})

/** First in the order of focus: without a script, `autofocus` alone can take a person to what went wrong. */
function problemSummary({ values, problem }: Attempt, fields: readonly DrawnField[]): Markup {
  const wrong = fields.filter(({ error }) => error !== undefined)
  const lostSecret = fields.some(({ field }) => field.secret && values[field.name])
  return html`<div class="problem" role="alert" aria-labelledby="problem" tabindex="-1" autofocus>
<h2 id="problem">${TEXTS.problem.heading}</h2>
${problem && html`<p>${problem}</p>`}
${wrong.length > 0 && html`<ul>${wrong.map(({ id, error }) => html`<li><a href="#${id}">${error}</a></li>`)}</ul>`}
${lostSecret && html`<p>${TEXTS.problem.secretsGone}</p>`}
</div>`
}

function leadOf({ continuesAtProvider, reconnects }: LinkView, names: Names): string {
  if (reconnects) return TEXTS.link.leadAgain(names)
  return continuesAtProvider ? TEXTS.link.leadGrant(names) : TEXTS.link.leadKey(names)
}

function whatItGets({ scopes }: LinkView, names: Names, isGrant: boolean): Markup {
  const { link } = TEXTS
  const listed = isGrant ? [...new Set(scopes)] : []
  return html`<section class="panel" aria-labelledby="gets">
<h2 id="gets">${link.gets(names)}</h2>
<p>${isGrant ? link.getsGrant(names) : link.getsKey(names)}</p>
${listed.length > 0 && html`<p>${link.scopes}</p><ul>${listed.map((scope) => html`<li>${describeScope(scope)}</li>`)}</ul>`}
<p class="small">${isGrant ? link.endGrant(names) : link.endKey(names)}</p>
</section>`
}

/** Of an address, as Google and Microsoft have them, the end says it all: `gmail.readonly`. */
function describeScope(scope: string): Markup {
  if (Object.hasOwn(TEXTS.scopes, scope)) return html`${TEXTS.scopes[scope]}`
  const end = /^https?:\/\/[^/]+\/(?:[^?#]*\/)?([\w.:-]+)$/.exec(scope)?.[1]
  return html`<code>${end ?? scope}</code>`
}

/** Folded away, unless something in them needs to be seen: most people need none of them. */
function extraSettings(fields: readonly DrawnField[]): Markup | undefined {
  if (fields.length === 0) return undefined
  const isOpen = fields.some(({ field, value, error }) => error !== undefined || value !== (field.default ?? ''))
  return html`<details${isOpen && html` open`}><summary>${TEXTS.link.more}</summary>
${fields.map(renderField)}
</details>`
}
