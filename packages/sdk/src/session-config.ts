/** Hints that a tool may carry. */
export type ToolTag = 'readOnlyHint' | 'destructiveHint' | 'idempotentHint' | 'openWorldHint'

export type TagFilter = readonly ToolTag[] | { enable?: readonly ToolTag[]; disable?: readonly ToolTag[] }
export type EnableOrDisable = { enable: readonly string[] } | { disable: readonly string[] }

/** What an agent gets to see and to use. Everything is optional. */
export interface SessionConfig {
  /** Only these toolkits, or all but those. Default: all. */
  toolkits?: readonly string[] | EnableOrDisable | undefined
  /** Toolkit slug → auth config id. */
  authConfigs?: Readonly<Record<string, string>> | undefined
  /** Toolkit slug → connection id, or several with `multiAccount`. */
  connectedAccounts?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** Toolkit slug → which of its tools. */
  tools?: Readonly<Record<string, readonly string[] | EnableOrDisable | { tags: TagFilter }>> | undefined
  /** Only tools with, or without, these tags. */
  tags?: TagFilter | undefined
  /** Whether the agent may list and make connections itself. Default: true. */
  manageConnections?: boolean | { enable?: boolean; callbackUrl?: string; waitForConnections?: boolean } | undefined
  multiAccount?: { enable?: boolean; maxAccountsPerToolkit?: number; requireExplicitSelection?: boolean } | undefined
  /** Tools that the agent sees without searching for them. */
  preload?: { tools?: readonly string[] | 'all' } | undefined
  /** `direct_tools`: every allowed tool is shown, and none of the helper tools. */
  sessionPreset?: 'direct_tools' | undefined
}

/** Array.isArray does not tell a read-only array from the rest of a union. */
const isList = <T>(value: readonly T[] | object): value is readonly T[] => Array.isArray(value)

const tagsToWire = (tags: TagFilter) => (isList(tags) ? { enable: tags } : { enable: tags.enable, disable: tags.disable })

const enableToWire = (value: readonly string[] | EnableOrDisable) => (isList(value) ? { enable: value } : value)

const toolsToWire = (value: readonly string[] | EnableOrDisable | { tags: TagFilter }) =>
  'tags' in value ? { tags: tagsToWire(value.tags) } : enableToWire(value)

const mapValues = <T, U>(record: Readonly<Record<string, T>> | undefined, map: (value: T) => U) =>
  record && Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

const manageConnectionsToWire = (value: NonNullable<SessionConfig['manageConnections']>) =>
  typeof value === 'boolean'
    ? { enable: value }
    : { enable: value.enable ?? true, callback_url: value.callbackUrl, enable_wait_for_connections: value.waitForConnections }

/** With several accounts and no rule, guessing whose mailbox to send from is worse than asking. */
const multiAccountToWire = (value: NonNullable<SessionConfig['multiAccount']>) => ({
  enable: value.enable,
  max_accounts_per_toolkit: value.maxAccountsPerToolkit,
  require_explicit_selection: value.requireExplicitSelection ?? (value.enable ? true : undefined),
})

/** @internal */
export function sessionConfigToWire(userId: string, config: SessionConfig) {
  const direct = config.sessionPreset === 'direct_tools'
  return {
    user_id: userId,
    toolkits: config.toolkits && enableToWire(config.toolkits),
    auth_configs: config.authConfigs,
    connected_accounts: mapValues(config.connectedAccounts, (ids) => (typeof ids === 'string' ? [ids] : ids)),
    tools: mapValues(config.tools, toolsToWire),
    tags: config.tags && tagsToWire(config.tags),
    manage_connections: manageConnectionsToWire(config.manageConnections ?? !direct),
    multi_account: config.multiAccount && multiAccountToWire(config.multiAccount),
    preload: config.preload ?? (direct ? { tools: 'all' as const } : undefined),
    ...(direct && { search: { enable: false }, execute: { enable_multi_execute: false }, workbench: { enable: false } }),
  }
}
