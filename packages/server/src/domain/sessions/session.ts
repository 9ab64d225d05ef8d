import type { ProjectId, SessionId } from '../../ids.ts'

/** The hints by which tools can be chosen; the names are those of the Model Context Protocol. */
export const FILTER_TAGS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const
export type FilterTag = (typeof FILTER_TAGS)[number]

export type Chosen = { readonly enabled: readonly string[] } | { readonly disabled: readonly string[] }

/** A tool needs at least one of `enabled` and none of `disabled`. */
export interface TagFilter {
  readonly enabled?: readonly FilterTag[]
  readonly disabled?: readonly FilterTag[]
}

export type ToolChoice = Chosen | { readonly tags: TagFilter }

export const PERMISSION_DEFAULTS = ['allow_all', 'ask_every_call', 'ask_once_per_session'] as const
export const PERMISSION_OVERRIDES = ['always_allow', 'always_deny', 'ask_once', 'ask_always'] as const

export interface SessionPermissions {
  readonly default: (typeof PERMISSION_DEFAULTS)[number]
  /** `TOOL_SLUG:ca_…`, with `*` for every tool and `__none__` for calls without a connection. */
  readonly overrides: Readonly<Record<string, (typeof PERMISSION_OVERRIDES)[number]>>
}

export interface SessionConfig {
  /** Left out: every toolkit. */
  readonly toolkits?: Chosen
  /** By toolkit. */
  readonly tools: Readonly<Record<string, ToolChoice>>
  readonly tags?: TagFilter
  /** Toolkit → the auth config whose connections it uses. */
  readonly authConfigs: Readonly<Record<string, string>>
  /** Toolkit → the connections it uses, the first one by default. */
  readonly connectedAccounts: Readonly<Record<string, readonly string[]>>
  /** Tools that the agent sees without searching for them. */
  readonly preload: readonly string[] | 'all'
  readonly search: boolean
  readonly multiExecute: boolean
  readonly manageConnections: {
    readonly enabled: boolean
    readonly callbackUrl?: string
    readonly waitForConnections?: boolean
    readonly allowRemoval?: boolean
  }
  readonly multiAccount?: {
    readonly enable?: boolean
    readonly maxAccountsPerToolkit?: number
    readonly requireExplicitSelection?: boolean
  }
  readonly permissions?: SessionPermissions
  /** The host of the connect page, where it is not this server's own address. */
  readonly linkBaseUrl?: string
  /** Kept as it was given: this server has no sandbox. */
  readonly workbench?: Readonly<Record<string, unknown>>
}

export interface Session {
  readonly id: SessionId
  readonly projectId: ProjectId
  readonly userId: string
  readonly config: SessionConfig
  /** From 1 on; each change counts one up. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** Pins of one toolkit in a session with several accounts, where it does not say. */
export const DEFAULT_MAX_ACCOUNTS = 5
