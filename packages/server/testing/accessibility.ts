import type { Page } from 'playwright-core'

/** What WCAG 2.2 AA asks for and a program can judge, in words; empty when there is nothing to mend. Runs in the browser. */
export const findAccessibilityFaults = (page: Page): Promise<string[]> => page.evaluate(judgeDocument)

function judgeDocument(): string[] {
  const faults: string[] = []
  const expect = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault)
  }
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)]
  const name = (element: Element) => `${element.tagName.toLowerCase()}${element.id && `#${element.id}`}`
  const isVisible = (element: Element) => element.checkVisibility({ visibilityProperty: true })

  expect(document.documentElement.lang !== '', 'the language is not declared')
  expect(document.title.trim() !== '', 'there is no title')
  expect(all('main').length === 1, 'there is not one main part')
  expect(all('h1').length === 1, 'there is not one main heading')
  const levels = all('h1,h2,h3,h4').map(({ tagName }) => Number(tagName.slice(1)))
  for (const [index, level] of levels.entries())
    expect(level <= (levels[index - 1] ?? 0) + 1, `a heading jumps to level ${level}`)
  const ids = all('[id]').map(({ id }) => id)
  expect(new Set(ids).size === ids.length, `an id stands twice: ${ids}`)

  for (const input of all('input:not([type=hidden]),select,textarea')) {
    const [label] = (input as HTMLInputElement).labels ?? []
    expect((label?.textContent ?? '').trim() !== '', `${name(input)} has no label`)
    expect(input.getAttribute('aria-invalid') === null || input.hasAttribute('aria-describedby'), `${name(input)}: why invalid?`)
  }
  for (const element of all('[aria-describedby],[aria-labelledby]'))
    for (const id of `${element.getAttribute('aria-describedby') ?? ''} ${element.getAttribute('aria-labelledby') ?? ''}`
      .trim()
      .split(/\s+/))
      expect(document.getElementById(id)?.textContent !== '', `${name(element)} is described by nothing: ${id}`)
  for (const link of all('a')) {
    expect((link.textContent ?? '').trim() !== '', 'a link has no text')
    const { hash } = link as HTMLAnchorElement
    if (link.getAttribute('href')?.startsWith('#')) expect(document.querySelector(hash) !== null, `a link leads nowhere: ${hash}`)
  }
  for (const image of all('img')) expect(image.hasAttribute('alt'), 'a picture has no alternative text')
  for (const target of all('button,input:not([type=hidden]),select,textarea,summary,.button').filter(isVisible)) {
    const { width, height } = target.getBoundingClientRect()
    expect(width >= 24 && height >= 24, `${name(target)} is too small to hit: ${width} × ${height}`)
  }

  type Colour = [number, number, number, number]
  const parse = (colour: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number)
    return [red, green, blue, alpha]
  }
  const behind = (element: Element | null): Colour => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor)
      if (colour[3] === 1) return colour
    }
    return [255, 255, 255, 1]
  }
  const luminance = ([red, green, blue]: Colour) => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement
    if (!element || (text.textContent ?? '').trim() === '' || !isVisible(element)) continue
    const [front, back] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))]
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)
    expect(contrast >= 4.5, `"${text.textContent?.trim().slice(0, 30)}" has a contrast of ${contrast.toFixed(2)}`)
  }
  return faults
}
