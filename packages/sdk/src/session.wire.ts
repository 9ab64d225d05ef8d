import type { SessionSearchResult, SessionToolkit } from './session.types.ts'

export interface SessionWire {
  session_id: string
  mcp: { type: 'http' | 'sse'; url: string }
  config: Record<string, unknown>
  config_version?: number
  warnings?: { code: string; message: string }[]
  experimental?: { assistive_prompt?: string }
}

export interface SessionToolkitWire {
  slug: string
  name: string
  meta?: { logo?: string }
  is_no_auth: boolean
  connected_account: {
    id: string
    status: string
    auth_config: { id: string; auth_scheme: string; is_composio_managed: boolean }
  } | null
}

export interface SearchedWire {
  success: boolean
  error: string | null
  results: {
    index: number
    use_case: string
    primary_tool_slugs: string[]
    related_tool_slugs: string[]
    toolkits: string[]
    difficulty?: string
    error?: string | null
    execution_guidance?: string
    known_pitfalls?: string[]
    recommended_plan_steps?: string[]
    plan_id?: string
  }[]
  tool_schemas: Record<
    string,
    {
      tool_slug: string
      toolkit: string
      description?: string
      hasFullSchema?: boolean
      input_schema?: Record<string, unknown>
      output_schema?: Record<string, unknown>
    }
  >
  toolkit_connection_statuses: {
    toolkit: string
    description: string
    has_active_connection: boolean
    status_message: string
    connection_details?: Record<string, unknown>
    current_user_info?: Record<string, unknown>
  }[]
  next_steps_guidance: string[]
  session: { id: string; generate_id: boolean; instructions: string }
  time_info: { current_time_utc: string; current_time_utc_epoch_seconds: number; message: string }
}

export const sessionToolkitFromWire = ({ connected_account: account, ...wire }: SessionToolkitWire): SessionToolkit => ({
  slug: wire.slug,
  name: wire.name,
  logo: wire.meta?.logo,
  isNoAuth: wire.is_no_auth,
  connection: wire.is_no_auth
    ? undefined
    : {
        isActive: account?.status === 'ACTIVE',
        authConfig: account
          ? {
              id: account.auth_config.id,
              mode: account.auth_config.auth_scheme,
              isComposioManaged: account.auth_config.is_composio_managed,
            }
          : undefined,
        connectedAccount: account ? { id: account.id, status: account.status } : undefined,
      },
})

export const searchFromWire = (wire: SearchedWire): SessionSearchResult => ({
  success: wire.success,
  error: wire.error,
  results: wire.results.map((result) => ({
    index: result.index,
    useCase: result.use_case,
    primaryToolSlugs: result.primary_tool_slugs,
    relatedToolSlugs: result.related_tool_slugs,
    toolkits: result.toolkits,
    difficulty: result.difficulty,
    error: result.error,
    executionGuidance: result.execution_guidance,
    knownPitfalls: result.known_pitfalls,
    recommendedPlanSteps: result.recommended_plan_steps,
    planId: result.plan_id,
  })),
  toolSchemas: Object.fromEntries(
    Object.entries(wire.tool_schemas).map(([slug, schema]) => [
      slug,
      {
        toolSlug: schema.tool_slug,
        toolkit: schema.toolkit,
        description: schema.description,
        hasFullSchema: schema.hasFullSchema,
        inputSchema: schema.input_schema,
        outputSchema: schema.output_schema,
      },
    ]),
  ),
  toolkitConnectionStatuses: wire.toolkit_connection_statuses.map((status) => ({
    toolkit: status.toolkit,
    description: status.description,
    hasActiveConnection: status.has_active_connection,
    statusMessage: status.status_message,
    connectionDetails: status.connection_details,
    currentUserInfo: status.current_user_info,
  })),
  nextStepsGuidance: wire.next_steps_guidance,
  session: { id: wire.session.id, generateId: wire.session.generate_id, instructions: wire.session.instructions },
  timeInfo: {
    currentTimeUtc: wire.time_info.current_time_utc,
    currentTimeUtcEpochSeconds: wire.time_info.current_time_utc_epoch_seconds,
    message: wire.time_info.message,
  },
})
