import type { ListedAccount } from '../accounts/account.ts'
import { type Page, pageOf } from '../toolkits/paging.ts'
import type { Toolkit } from '../toolkits/toolkit.ts'
import { isConnected } from './connection-status.ts'
import type { Session } from './session.ts'
import { connectionsOf } from './session-accounts.ts'
import type { SessionsDeps } from './sessions.service.ts'
import { isToolkitInSession } from './tool-scope.ts'

export interface SessionToolkit {
  readonly toolkit: Toolkit
  readonly enabled: boolean
  readonly connection: ListedAccount | undefined
}

export interface SessionToolkitsFilter {
  /** These, in the session or not, in place of the session's own. */
  readonly slugs?: readonly string[] | undefined
  /** Part of the slug, the name or the description. */
  readonly search?: string | undefined
  readonly onlyConnected?: boolean | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

export async function listSessionToolkits(
  deps: SessionsDeps,
  session: Session,
  { slugs, search, onlyConnected, cursor, limit }: SessionToolkitsFilter,
): Promise<Page<SessionToolkit>> {
  const wanted = slugs && new Set(slugs.map((slug) => slug.toLowerCase()))
  const isEnabled = ({ slug }: Toolkit) => isToolkitInSession(session.config, slug)
  const text = search?.toLowerCase()
  const matching = deps.catalogue.toolkits.filter(
    (toolkit) =>
      (wanted ? wanted.has(toolkit.slug) : isEnabled(toolkit)) &&
      (!text || `${toolkit.slug}\n${toolkit.name}\n${toolkit.description}`.toLowerCase().includes(text)),
  )
  // Only this filter needs to know of all connections; else those of the page will do.
  const all = onlyConnected
    ? await connectionsOf(
        deps,
        session,
        matching.map(({ slug }) => slug),
      )
    : undefined
  const kept = all ? matching.filter(({ slug }) => isConnected(all.get(slug))) : matching
  const page = pageOf(
    kept.map((item) => ({ item, key: [item.slug] })),
    limit,
    cursor,
  )
  const connections =
    all ??
    (await connectionsOf(
      deps,
      session,
      page.items.map(({ slug }) => slug),
    ))
  const items = page.items.map((toolkit) => ({ toolkit, enabled: isEnabled(toolkit), connection: connections.get(toolkit.slug) }))
  return { ...page, items }
}
