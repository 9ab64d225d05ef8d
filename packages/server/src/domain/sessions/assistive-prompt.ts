import type { Session } from './session.ts'
import type { VisibleTools } from './session-tools.ts'

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** For the system prompt of an agent: only of what this session has. */
export function assistivePrompt({ config }: Session, { meta, preloaded }: VisibleTools, timeZone: string | undefined): string {
  const has = (slug: string) => meta.some((tool) => tool.slug === slug)
  return [
    'You act for one user, with tools of the services that this user has connected.',
    ...(has('COMPOSIO_SEARCH_TOOLS')
      ? ['Find tools with COMPOSIO_SEARCH_TOOLS before you say that something cannot be done, and never invent a tool slug.']
      : []),
    ...(has('COMPOSIO_MULTI_EXECUTE_TOOL')
      ? ['Run them with COMPOSIO_MULTI_EXECUTE_TOOL; put calls that do not need each other into one request.']
      : []),
    ...(preloaded.length > 0 ? ['Tools that you see by their own names can be called directly.'] : []),
    ...(has('COMPOSIO_MANAGE_CONNECTIONS')
      ? ['Where a connection is missing, get a link with COMPOSIO_MANAGE_CONNECTIONS and show it to the user.']
      : ['Where a connection is missing, tell the user that the app has to connect it.']),
    ...(has('COMPOSIO_WAIT_FOR_CONNECTIONS')
      ? ['After you have shown a link, COMPOSIO_WAIT_FOR_CONNECTIONS says when the user has connected.']
      : []),
    ...(config.multiAccount?.enable
      ? [
          'The user may have several connections to one service: ask which one is meant where it matters, and give it as `account`.',
        ]
      : []),
    ...(config.permissions && config.permissions.default !== 'allow_all'
      ? ["Tools ask for the user's confirmation before they run: when one is refused for that, ask the user."]
      : []),
    ...(timeZone ? [`The user's time zone is ${timeZone}: read and write dates and times in it unless told otherwise.`] : []),
  ].join('\n')
}
