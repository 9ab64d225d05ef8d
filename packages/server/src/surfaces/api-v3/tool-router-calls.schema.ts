import { type Static, Type } from 'typebox'
import type { ToolResult } from '../../domain/execution/execute-tool.ts'
import { MAX_QUERIES, type MetaTool } from '../../domain/sessions/meta-tools.ts'
import type { SessionToolkit } from '../../domain/sessions/session-toolkits.ts'
import { outputParametersOf } from '../../domain/toolkits/tool-input.ts'
import { listParam } from '../http/wire-query.ts'
import { managedSchemesOf } from './toolkits.schema.ts'
import type { WireTool } from './tools-catalogue.schema.ts'
import { proxyFields } from './tools-execute.schema.ts'
import { AnyObject, Nullable, pageOf, toIsoTime } from './wire-shapes.ts'

const limit = (usual: number, most: number) =>
  Type.Optional(Type.String({ description: `Page size, 1 to ${most}. Default ${usual}.` }))
const Experimental = Type.Optional(Nullable(AnyObject))
const Arguments = Type.Optional(Nullable(AnyObject))

export const ExecuteBody = Type.Object({
  tool_slug: Type.String({ minLength: 1 }),
  arguments: Arguments,
  account: Type.Optional(Nullable(Type.String({ description: 'Which connection: its id or its alias.' }))),
  connected_account_id: Type.Optional(Nullable(Type.String({ description: 'The same as `account`.' }))),
  enable_auto_workbench_offload: Type.Optional(Type.Boolean()),
  experimental: Experimental,
})

export const ExecuteMetaBody = Type.Object({
  slug: Type.String({ minLength: 1 }),
  arguments: Arguments,
  experimental: Experimental,
})

export const SessionExecuteReply = Type.Object({ data: AnyObject, error: Nullable(Type.String()), log_id: Type.String() })

export const resultToWire = ({ data, error, logId }: ToolResult): Static<typeof SessionExecuteReply> => ({
  data,
  error,
  log_id: logId,
})

export const SearchBody = Type.Object({
  queries: Type.Array(
    Type.Object({
      use_case: Type.String({ minLength: 1, maxLength: 1024 }),
      known_fields: Type.Optional(Type.String({ maxLength: 500 })),
    }),
    { minItems: 1, maxItems: MAX_QUERIES },
  ),
  toolkits: Type.Optional(Type.Array(Type.String(), { description: 'Only these of the session.' })),
  model: Type.Optional(Type.String()),
  experimental: Experimental,
})

const Strings = Type.Array(Type.String())

export const SearchReply = Type.Object({
  success: Type.Boolean(),
  error: Nullable(Type.String()),
  results: Type.Array(
    Type.Object({
      index: Type.Number({ description: 'Of the query, from 1.' }),
      use_case: Type.String(),
      primary_tool_slugs: Strings,
      related_tool_slugs: Strings,
      toolkits: Strings,
      recommended_plan_steps: Type.Optional(Strings),
      known_pitfalls: Type.Optional(Strings),
      error: Nullable(Type.String()),
    }),
  ),
  tool_schemas: Type.Record(
    Type.String(),
    Type.Object({
      tool_slug: Type.String(),
      toolkit: Type.String(),
      description: Type.String(),
      hasFullSchema: Type.Boolean(),
      input_schema: Type.Optional(AnyObject),
      schemaRef: Type.Optional(
        Type.Object({ tool: Type.String(), args: Type.Object({ tool_slugs: Strings }), message: Type.String() }),
      ),
    }),
  ),
  toolkit_connection_statuses: Type.Array(
    Type.Object({
      toolkit: Type.String(),
      description: Type.String(),
      has_active_connection: Type.Boolean(),
      status_message: Type.String(),
      account_type: Type.Optional(Type.String()),
      connection_details: Type.Optional(AnyObject),
      current_user_info: Type.Optional(AnyObject),
    }),
  ),
  next_steps_guidance: Strings,
  session: Type.Object({ id: Type.String(), generate_id: Type.Boolean(), instructions: Type.String() }),
  time_info: Type.Object({
    current_time_utc: Type.String(),
    current_time_utc_epoch_seconds: Type.Number(),
    message: Type.String(),
  }),
})

export const SessionProxyBody = Type.Object({
  ...proxyFields,
  toolkit_slug: Type.String({ minLength: 1 }),
  custom_connection_data: Type.Optional(Nullable(AnyObject)),
})

export const DeletedSession = Type.Object({ session_id: Type.String(), deleted: Type.Literal(true) })

export const AttachBody = Type.Optional(Nullable(Type.Object({ experimental: Experimental })))

export const ToolsQuery = Type.Object({ limit: limit(20, 500), cursor: Type.Optional(Type.String()) })

export const ToolkitsQuery = Type.Object({
  toolkits: listParam('These toolkits, in the session or not.'),
  is_connected: Type.Optional(Type.String({ description: '`true`: only those with an active connection.' })),
  search: Type.Optional(Type.String({ maxLength: 256 })),
  limit: limit(20, 50),
  cursor: Type.Optional(Type.String()),
})

const WireSessionToolkit = Type.Object({
  slug: Type.String(),
  name: Type.String(),
  enabled: Type.Boolean(),
  is_no_auth: Type.Boolean(),
  composio_managed_auth_schemes: Strings,
  meta: Type.Object({ logo: Type.String(), description: Type.String() }),
  connected_account: Nullable(
    Type.Object({
      id: Type.String(),
      user_id: Type.String(),
      status: Type.String(),
      created_at: Type.String(),
      auth_config: Type.Object({ id: Type.String(), auth_scheme: Type.String(), is_composio_managed: Type.Boolean() }),
    }),
  ),
})

export const SessionToolkitPage = pageOf(WireSessionToolkit)

export function toolkitToWire(
  { toolkit, enabled, connection }: SessionToolkit,
  withApp: ReadonlySet<string>,
): Static<typeof WireSessionToolkit> {
  return {
    slug: toolkit.slug,
    name: toolkit.name,
    enabled,
    is_no_auth: toolkit.noAuth,
    composio_managed_auth_schemes: managedSchemesOf(toolkit, withApp),
    meta: { logo: toolkit.definition.logo ?? '', description: toolkit.description },
    connected_account: connection
      ? {
          id: connection.account.id,
          user_id: connection.account.userId,
          status: connection.account.status,
          created_at: toIsoTime(connection.account.createdAt),
          auth_config: {
            id: connection.account.authConfigId,
            auth_scheme: connection.account.scheme,
            is_composio_managed: connection.authConfig.managed,
          },
        }
      : null,
  }
}

/** Helper tools change with the server and with nothing else. */
const META_VERSION = '20260101_00'

export function metaToolToWire({ slug, name, description, tags, inputParameters }: MetaTool): Static<typeof WireTool> {
  const versions = { version: META_VERSION, available_versions: [META_VERSION] }
  return {
    slug,
    name,
    description,
    human_description: description,
    toolkit: { slug: 'composio', name: 'Session', logo: '' },
    input_parameters: inputParameters,
    output_parameters: outputParametersOf({}),
    no_auth: true,
    is_deprecated: false,
    ...versions,
    scopes: [],
    scope_requirements: null,
    tags: [...tags],
    deprecated: { displayName: name, ...versions, is_deprecated: false, toolkit: { logo: '' } },
  }
}
