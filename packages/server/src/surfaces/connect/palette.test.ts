import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DARK, LIGHT, type Palette, TILES } from './palette.ts'

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (lighter + 0.05) / (darker + 0.05)
}

/** What is drawn on what: 4.5 for text, 3 for what must be seen to use the page. */
const TEXT: readonly (readonly [keyof Palette, keyof Palette])[] = [
  ['text', 'card'],
  ['text', 'badSoft'],
  ['text', 'input'],
  ['quiet', 'card'],
  ['quiet', 'page'],
  ['link', 'card'],
  ['onAccent', 'accent'],
  ['onAccent', 'accentHover'],
  ['bad', 'card'],
  ['bad', 'badSoft'],
]
const SHAPES: readonly (readonly [keyof Palette, keyof Palette])[] = [
  ['edge', 'card'],
  ['edge', 'input'],
  ['focus', 'card'],
  ['focus', 'page'],
  ['accent', 'card'],
  ['bad', 'card'],
  ['good', 'card'],
]

test('black on white has the contrast that the standard says', () => assert.equal(contrast('#000000', '#ffffff'), 21))

for (const [name, palette] of [
  ['light', LIGHT],
  ['dark', DARK],
] as const)
  test(`everything can be read, and every control seen, in the ${name} scheme`, () => {
    const check = (pairs: typeof TEXT, least: number) => {
      for (const [front, back] of pairs)
        assert.ok(
          contrast(palette[front], palette[back]) >= least,
          `${front} on ${back}: ${contrast(palette[front], palette[back])}`,
        )
    }
    check(TEXT, 4.5)
    check(SHAPES, 3)
  })

test('white initials can be read on every tile', () => {
  for (const tile of TILES) assert.ok(contrast(tile, '#ffffff') >= 4.5, tile)
})
