import { html, imageUrl, type Markup } from './html.ts'
import { TILES } from './palette.ts'

/** One or two letters that stand for a name which has no picture. */
export function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  const [first = '?', second = ''] = words
  const letters = second ? [...first].slice(0, 1).concat([...second].slice(0, 1)) : [...first].slice(0, 2)
  return letters.join('').toUpperCase()
}

/** The same name always has the same colour. */
const colourOf = (name: string): number => [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % TILES.length

interface Named {
  readonly name: string
  readonly logo?: string | undefined
}

function tile({ name, logo }: Named): Markup {
  const picture = imageUrl(logo)
  return picture
    ? html`<span class="tile logo"><img src="${picture}" alt=""></span>`
    : html`<span class="tile tile-${colourOf(name)}">${initialsOf(name)}</span>`
}

/** Decoration: the heading says the same in words. */
export const tilePair = (project: Named, toolkit: Named): Markup =>
  html`<div class="pair" aria-hidden="true">${tile(project)}<span class="dots"></span>${tile(toolkit)}</div>`
