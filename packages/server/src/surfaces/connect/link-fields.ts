import type { FieldDescriptor } from '../../domain/toolkits/definition.ts'
import type { FieldError } from '../../errors.ts'
import { conditionOf, drawnFields, type FormValues, inputNameOf } from './form-values.ts'
import { html, type Markup } from './html.ts'
import { TEXTS } from './texts.ts'

/** A field as it stands on the page. Its id is its place: a toolkit's own names never get into ids or style sheets. */
export interface DrawnField {
  readonly field: FieldDescriptor
  readonly id: string
  readonly title: string
  readonly value: string
  readonly error?: string
  /** Whether another field is asked for. */
  readonly decides: boolean
  /** The field that decides whether this one is asked for. */
  readonly condition?: {
    readonly id: string
    readonly title: string
    readonly values: readonly string[]
    readonly isChoice: boolean
  }
}

const titleOf = ({ title, name }: FieldDescriptor): string => title ?? name

const isChoice = ({ enum: choices, type }: FieldDescriptor): boolean => choices !== undefined || type === 'boolean'

/** With the values that were typed, secrets excepted: they are never sent back. */
export function drawFields(
  fields: readonly FieldDescriptor[],
  values: FormValues | undefined,
  errors: readonly FieldError[],
): DrawnField[] {
  const drawn = drawnFields(fields)
  const idOf = (name: string) => `field-${drawn.findIndex((field) => field.name === name)}`
  return drawn.map((field) => {
    const fault = errors.find(({ path }) => path === field.name)
    const master = conditionOf(field, fields)
    return {
      field,
      id: idOf(field.name),
      title: titleOf(field),
      decides: drawn.some(({ visible_when: condition }) => condition?.field === field.name),
      value: field.secret ? '' : (values?.[field.name] ?? field.default ?? ''),
      ...(fault && { error: describeFault(field, fault.message) }),
      ...(master &&
        field.visible_when && {
          condition: {
            id: idOf(master.name),
            title: titleOf(master),
            values: field.visible_when.in,
            isChoice: isChoice(master),
          },
        }),
    }
  })
}

/** May be left as it is. What another field depends on stays beside that one. */
export const isExtra = ({ field, condition, decides }: DrawnField): boolean =>
  !field.required && !field.secret && condition === undefined && !decides

/** The domain's words are for programmers: `is required`, `must match [a-z]+`. */
function describeFault(field: FieldDescriptor, message: string): string {
  const title = titleOf(field)
  if (message === 'is required') return isChoice(field) ? TEXTS.field.notChosen(title) : TEXTS.field.missing(title)
  if (field.pattern !== undefined && message.startsWith('must match ')) return TEXTS.field.wrongForm(title, field.example)
  return /^(?:must|is|are|has|does)\b/.test(message) ? TEXTS.field.refused(title, message) : message
}

/** `like this` in a description is code. */
const withCode = (text: string): Markup[] =>
  text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))

export function renderField(drawn: DrawnField): Markup {
  const { field, id, title, error, condition } = drawn
  const notes: { readonly id: string; readonly markup: Markup }[] = []
  const note = (kind: string, className: string, content: Markup | readonly Markup[]) =>
    notes.push({ id: `${id}-${kind}`, markup: html`<p class="${className}" id="${id}-${kind}">${content}</p>` })
  if (condition) note('when', 'hint', html`${TEXTS.field.onlyWhen(condition.title, condition.values)}`)
  if (field.description) note('hint', 'hint', withCode(field.description))
  if (field.example) note('example', 'hint', html`${TEXTS.field.example} <code>${field.example}</code>`)
  if (error) note('error', 'wrong', html`${error}`)
  const describedBy = notes.map((one) => one.id).join(' ')
  const isOptional = !field.required && field.default === undefined
  return html`<div class="field${condition?.isChoice && html` when-${id}`}">
<label for="${id}">${title}${isOptional && html` <span class="optional">${TEXTS.field.optional}</span>`}</label>
${notes.map(({ markup }) => markup)}
${renderInput(drawn, describedBy)}
</div>`
}

function renderInput(drawn: DrawnField, describedBy: string): Markup {
  const { field, id, value, error, condition } = drawn
  const shared = html`id="${id}" name="${inputNameOf(field)}" autocomplete="off"${describedBy && html` aria-describedby="${describedBy}"`}${field.required && !condition && html` aria-required="true"`}${error && html` aria-invalid="true"`}`
  if (isChoice(field)) return html`<select ${shared}>${optionsOf(field, value)}</select>`
  const typed = html`${shared} autocapitalize="none" autocorrect="off" spellcheck="false"`
  if (field.multiline)
    return html`<textarea ${typed} rows="5"${field.secret && html` class="masked"`}>${
      value &&
      html`
${value}`
    }</textarea>`
  const input = html`<input ${typed} ${kindOf(field)}${value && html` value="${value}"`}>`
  if (!field.prefix && !field.suffix) return input
  const affix = (text: string | undefined) => text && html`<span class="affix" aria-hidden="true">${text}</span>`
  return html`<div class="affixed">${affix(field.prefix)}${input}${affix(field.suffix)}</div>`
}

function kindOf({ secret, type, format }: FieldDescriptor): Markup {
  if (secret) return html`type="password"`
  if (type === 'number') return html`type="text" inputmode="decimal"`
  if (format === 'uri') return html`type="url"`
  if (format === 'email') return html`type="email"`
  return format === 'hostname' ? html`type="text" inputmode="url"` : html`type="text"`
}

function optionsOf(field: FieldDescriptor, selected: string): Markup[] {
  const option = (value: string, label: string) =>
    html`<option value="${value}"${value === selected && html` selected`}>${label}</option>`
  const choices =
    field.type === 'boolean'
      ? [option('true', TEXTS.field.yes), option('false', TEXTS.field.no)]
      : (field.enum ?? []).map((value) => option(value, value))
  const needsEmpty = field.default === undefined
  return needsEmpty ? [option('', TEXTS.field.choose), ...choices] : choices
}

/** Any text as a CSS string in which nothing of it can be read, or act: every character is written as its number. */
const cssString = (text: string): string =>
  `"${[...text.toWellFormed()].map((letter) => `\\${letter.codePointAt(0)?.toString(16)} `).join('')}"`

/**
 * Hides fields that another one's choice makes superfluous, without JavaScript. Browsers that do not know `:has` show them
 * all, each with the sentence that says when it is needed.
 */
export function conditionStyles(fields: readonly DrawnField[]): string {
  const rules = fields.flatMap(({ id, condition }) => {
    if (!condition?.isChoice) return []
    const shown = condition.values.map(
      (value) => `form:has(#${condition.id} option[value=${cssString(value)}]:checked) .when-${id}`,
    )
    return [`.when-${id},.when-${id} .hint[id$="-when"]{display:none}${shown.join(',')}{display:block}`]
  })
  return rules.length > 0 ? `@supports selector(form:has(a)){${rules.join('')}}` : ''
}
