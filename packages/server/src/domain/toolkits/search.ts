import MiniSearch from 'minisearch'
import type { Tool, Toolkit } from './toolkit.ts'

export interface Scored<Item> {
  readonly item: Item
  readonly score: number
}

/** A slug is one word to a reader and several to a search. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')

const STOP_WORDS = new Set('a an and any for from in into is it its my of on or some that the their them this to with'.split(' '))

function normaliseWord(word: string): string | null {
  const lower = word.toLowerCase()
  if (STOP_WORDS.has(lower)) return null
  // Plural and singular meet: whole stemming would also join words that differ.
  return lower.length > 3 && lower.endsWith('s') && !lower.endsWith('ss') ? lower.slice(0, -1) : lower
}

/** Between two tools that fit alike, the one that the toolkit calls important. */
const IMPORTANT_BOOST = 1.25

type Search = (query: string, accepts?: (index: number) => boolean) => { index: number; score: number }[]

function indexOf(
  fields: readonly string[],
  boost: Record<string, number>,
  rows: readonly Record<string, string>[],
  weightOf: (index: number) => number,
): Search {
  const index = new MiniSearch({ fields: [...fields], idField: 'index', tokenize: wordsOf, processTerm: normaliseWord })
  index.addAll(rows.map((row, at) => ({ ...row, index: at })))
  return (query, accepts) =>
    index
      .search(query.slice(0, 1000), {
        boost,
        boostDocument: (id) => weightOf(Number(id)),
        prefix: (word) => word.length > 2,
        fuzzy: (word) => (word.length > 5 ? 0.15 : false),
        weights: { prefix: 0.3, fuzzy: 0.2 },
        ...(accepts ? { filter: ({ id }) => accepts(Number(id)) } : {}),
      })
      .map(({ id, score }) => ({ index: Number(id), score }))
}

function lazy<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

export interface ToolSearch {
  readonly tools: (query: string, accepts?: (tool: Tool) => boolean) => Scored<Tool>[]
  readonly toolkits: (query: string) => Scored<Toolkit>[]
}

/** BM25 over what a tool is called and what it does. Built when first asked: a server that only proxies never pays for it. */
export function createSearch(toolkits: readonly Toolkit[]): ToolSearch {
  const tools = toolkits.flatMap((toolkit) => toolkit.tools)
  const names = new Map(toolkits.map(({ slug, name }) => [slug, name]))
  const toolIndex = lazy(() =>
    indexOf(
      ['name', 'slug', 'toolkit', 'description', 'inputs'],
      { name: 4, slug: 3, toolkit: 3, inputs: 0.3 },
      tools.map(({ name, slug, toolkitSlug, description, definition }) => ({
        name,
        slug,
        toolkit: `${toolkitSlug} ${names.get(toolkitSlug) ?? ''}`,
        description,
        inputs: Object.keys(definition.input.properties).join(' '),
      })),
      (index) => (tools[index]?.important ? IMPORTANT_BOOST : 1),
    ),
  )
  const toolkitIndex = lazy(() =>
    indexOf(
      ['name', 'slug', 'description', 'categories'],
      { name: 4, slug: 4 },
      toolkits.map(({ name, slug, description, categories }) => ({
        name,
        slug,
        description,
        categories: categories.map((category) => category.name).join(' '),
      })),
      () => 1,
    ),
  )
  const pick = <Item>(items: readonly Item[], found: { index: number; score: number }[]): Scored<Item>[] =>
    found.flatMap(({ index, score }) => {
      const item = items[index]
      return item === undefined ? [] : [{ item, score }]
    })
  return {
    tools: (query, accepts) => {
      const filter = accepts && ((index: number) => tools[index] !== undefined && accepts(tools[index]))
      return pick(tools, toolIndex()(query, filter))
    },
    toolkits: (query) => pick(toolkits, toolkitIndex()(query)),
  }
}
