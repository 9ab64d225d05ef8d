/** How any MCP client reaches the session's tools over streamable HTTP. `headers` holds the API key. */
export interface SessionMcp {
  readonly type: 'http' | 'sse'
  readonly url: string
  readonly headers: Record<string, string>
}

export interface SessionToolkitsQuery {
  toolkits?: readonly string[] | undefined
  isConnected?: boolean | undefined
  search?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** A toolkit of the session, and the user's connection to it. */
export interface SessionToolkit {
  slug: string
  name: string
  logo: string | undefined
  isNoAuth: boolean
  /** Absent for toolkits that need no credential. */
  connection:
    | {
        isActive: boolean
        authConfig: { id: string; mode: string; isComposioManaged: boolean } | undefined
        connectedAccount: { id: string; status: string } | undefined
      }
    | undefined
}

export interface SessionToolkits {
  items: SessionToolkit[]
  cursor: string | undefined
  totalPages: number
}

export interface SessionExecuteResult {
  data: Record<string, unknown>
  error: string | null
  successful: boolean
  logId: string
}

export interface SessionSearchParams {
  /** What the agent wants to do, in words. */
  query: string
  toolkits?: readonly string[] | undefined
}

export interface SessionSearchResult {
  success: boolean
  error: string | null
  results: {
    index: number
    useCase: string
    primaryToolSlugs: string[]
    relatedToolSlugs: string[]
    toolkits: string[]
    difficulty: string | undefined
    error: string | null | undefined
    executionGuidance: string | undefined
    knownPitfalls: string[] | undefined
    recommendedPlanSteps: string[] | undefined
    planId: string | undefined
  }[]
  toolSchemas: Record<
    string,
    {
      toolSlug: string
      toolkit: string
      description: string | undefined
      hasFullSchema: boolean | undefined
      inputSchema: Record<string, unknown> | undefined
      outputSchema: Record<string, unknown> | undefined
    }
  >
  toolkitConnectionStatuses: {
    toolkit: string
    description: string
    hasActiveConnection: boolean
    statusMessage: string
    connectionDetails: Record<string, unknown> | undefined
    currentUserInfo: Record<string, unknown> | undefined
  }[]
  nextStepsGuidance: string[]
  session: { id: string; generateId: boolean; instructions: string }
  timeInfo: { currentTimeUtc: string; currentTimeUtcEpochSeconds: number; message: string }
}

export interface SessionAuthorizeOptions {
  callbackUrl?: string | undefined
  alias?: string | undefined
}
