import type { Catalogue, ToolkitFilter } from '../../domain/toolkits/catalogue.ts'
import { type Page, pageOf } from '../../domain/toolkits/paging.ts'
import type { Toolkit } from '../../domain/toolkits/toolkit.ts'
import type { ApiServer } from '../http/api-server.ts'
import { decodeCursor, encodeCursor, toPage } from '../http/wire-cursor.ts'
import { readBoolean, readLimit } from '../http/wire-query.ts'
import {
  CategoryPage,
  categoryToWire,
  filterFromWire,
  GetToolkitQuery,
  itemToWire,
  ListToolkitsBody,
  ListToolkitsQuery,
  ToolkitPage,
  ToolkitParams,
  toWire,
  WireToolkit,
} from './toolkits.schema.ts'

const tags = ['Toolkits']
const MAX_PAGE = 1000

export interface ToolkitsDeps {
  readonly catalogue: Catalogue
  /** For which toolkits the operator has an OAuth app now. */
  readonly toolkitsWithApp: () => Promise<ReadonlySet<string>>
}

export function toolkitRoutes(app: ApiServer, deps: ToolkitsDeps): void {
  const { catalogue, toolkitsWithApp } = deps
  app.get(
    '/toolkits',
    { schema: { tags, summary: 'List toolkits', querystring: ListToolkitsQuery, response: { 200: ToolkitPage } } },
    async ({ query }) => {
      readBoolean(query.include_deprecated, 'include_deprecated')
      const filter = filterFromWire(query)
      return answerPage(await toolkitsWithApp(), query, filter, (place) => catalogue.listToolkits({ ...filter, ...place }))
    },
  )

  app.post(
    '/toolkits/multi',
    { schema: { tags, summary: 'List the toolkits that are named', body: ListToolkitsBody, response: { 200: ToolkitPage } } },
    async ({ body }) => {
      const { toolkits } = body
      const filter = filterFromWire(body)
      return answerPage(await toolkitsWithApp(), body, filter, (place) =>
        toolkits ? pickToolkits(catalogue, toolkits, filter, place) : catalogue.listToolkits({ ...filter, ...place }),
      )
    },
  )

  app.get(
    '/toolkits/categories',
    { schema: { tags, summary: 'List the categories of toolkits', response: { 200: CategoryPage } } },
    async () => {
      const items = catalogue.categories().map(categoryToWire)
      return toPage({ items, nextCursor: null, totalItems: items.length, limit: Math.max(items.length, 1) })
    },
  )

  app.get(
    '/toolkits/:slug',
    {
      schema: {
        tags,
        summary: 'Get a toolkit with the fields that each of its auth schemes needs',
        params: ToolkitParams,
        querystring: GetToolkitQuery,
        response: { 200: WireToolkit },
      },
    },
    async ({ params }) => toWire(catalogue.requireToolkit(params.slug), await toolkitsWithApp()),
  )
}

interface Place {
  readonly limit: number
  readonly cursor?: string
}

interface GivenPlace {
  readonly limit?: string | number | null
  readonly cursor?: string | null
}

function answerPage(
  withApp: ReadonlySet<string>,
  given: GivenPlace,
  filter: ToolkitFilter,
  list: (place: Place) => Page<Toolkit>,
) {
  // Whole unless asked otherwise: early official clients cannot ask for a second page.
  const limit = readLimit(given.limit ?? undefined, { default: MAX_PAGE, max: MAX_PAGE })
  const tag = filter.search ? 'toolkits:relevance' : 'toolkits:slug'
  const page = list({ limit, ...(given.cursor && { cursor: String(decodeCursor(given.cursor, tag)[0]) }) })
  return toPage({
    items: page.items.map((toolkit) => itemToWire(toolkit, withApp)),
    nextCursor: page.nextCursor && encodeCursor([page.nextCursor], tag),
    totalItems: page.total,
    limit,
  })
}

/** Slugs that name no toolkit are passed over, as filters do. */
function pickToolkits(catalogue: Catalogue, slugs: readonly string[], filter: ToolkitFilter, place: Place): Page<Toolkit> {
  const wanted = new Set(slugs.map((slug) => slug.toLowerCase()))
  const picked: Toolkit[] = []
  let cursor: string | null | undefined
  do {
    const page = catalogue.listToolkits({ ...filter, limit: MAX_PAGE, ...(cursor && { cursor }) })
    picked.push(...page.items.filter(({ slug }) => wanted.has(slug)))
    cursor = page.nextCursor
  } while (cursor)
  return pageOf(
    picked.map((item) => ({ item, key: [item.slug] })),
    place.limit,
    place.cursor,
  )
}
