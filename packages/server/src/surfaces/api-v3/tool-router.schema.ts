import { type Static, Type } from 'typebox'
import { isTimeZone } from '../../domain/sessions/assistive-prompt.ts'
import {
  type Chosen,
  FILTER_TAGS,
  PERMISSION_DEFAULTS,
  PERMISSION_OVERRIDES,
  type Session,
  type SessionConfig,
  type TagFilter,
  type ToolChoice,
} from '../../domain/sessions/session.ts'
import type { NewSession } from '../../domain/sessions/sessions.service.ts'
import { type FieldError, HoldfastError } from '../../errors.ts'
import { Nullable, oneOf } from './wire-shapes.ts'

const MAX_LISTED = 1_000
const Slugs = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: MAX_LISTED })
const Tags = Type.Array(oneOf(FILTER_TAGS), { maxItems: 100 })
const UserId = Type.String({ minLength: 1, maxLength: 512 })

/** Two forms: the wire asks with `enable`, and answers with `enabled`. */
const EnableOrDisable = Type.Object({ enable: Type.Optional(Slugs), disable: Type.Optional(Slugs) })
const TagsToFilter = Type.Union([Tags, Type.Object({ enable: Type.Optional(Tags), disable: Type.Optional(Tags) })])
const ToolsToChoose = Type.Object({
  enable: Type.Optional(Slugs),
  disable: Type.Optional(Slugs),
  tags: Type.Optional(TagsToFilter),
})

const optional = <Fields extends Parameters<typeof Type.Object>[0]>(fields: Fields) =>
  Type.Optional(Nullable(Type.Object(fields)))
const Flag = Type.Optional(Nullable(Type.Boolean()))

const Workbench = {
  enable: Type.Optional(Type.Boolean()),
  auto_offload_threshold: Type.Optional(Type.Number()),
  sandbox_size: Type.Optional(oneOf(['standard', 'medium', 'large', 'xlarge'])),
}

const MultiAccount = {
  enable: Type.Optional(Type.Boolean()),
  max_accounts_per_toolkit: Type.Optional(Type.Integer({ minimum: 2, maximum: 10 })),
  require_explicit_selection: Type.Optional(Type.Boolean()),
}

const Permissions = Type.Object({
  default: oneOf(PERMISSION_DEFAULTS),
  overrides: Type.Optional(
    Type.Record(Type.String(), oneOf(PERMISSION_OVERRIDES), {
      maxProperties: MAX_LISTED,
      description: 'By `TOOL_SLUG:ca_…` or `*:ca_…`, with `__none__` for calls without a connection.',
    }),
  ),
})

const Experimental = Type.Object({
  assistive_prompt_config: Type.Optional(
    Type.Object({ user_timezone: Type.Optional(Type.String({ maxLength: 64, description: 'Such as Europe/London.' })) }),
  ),
  link_url_overwrite: Type.Optional(
    Type.String({ maxLength: 2_048, description: 'Links are shown as this address with /link/{link_token} added.' }),
  ),
  permissions: Type.Optional(Permissions),
  custom_tools: Type.Optional(Type.Unknown()),
  custom_toolkits: Type.Optional(Type.Unknown()),
})

export const CreateSessionBody = Type.Object({
  user_id: UserId,
  toolkits: Type.Optional(EnableOrDisable),
  tools: Type.Optional(Type.Record(Type.String(), ToolsToChoose, { description: 'By toolkit: one of enable, disable, tags.' })),
  tags: Type.Optional(TagsToFilter),
  auth_configs: Type.Optional(Type.Record(Type.String(), Type.String())),
  connected_accounts: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: 10 })])),
  ),
  preload: optional({ tools: Type.Optional(Type.Union([Type.Literal('all'), Slugs])) }),
  search: optional({ enable: Flag }),
  execute: optional({ enable_multi_execute: Flag }),
  manage_connections: optional({
    enable: Flag,
    callback_url: Type.Optional(Type.String()),
    enable_wait_for_connections: Flag,
    enable_connection_removal: Flag,
  }),
  multi_account: optional(MultiAccount),
  workbench: optional({ ...Workbench, enable_proxy_execution: Type.Optional(Type.Boolean()) }),
  experimental: Type.Optional(Experimental),
})

const Enabled = Type.Object({ enabled: Slugs })
const Disabled = Type.Object({ disabled: Slugs })
const WireTags = Type.Object({ enabled: Type.Optional(Tags), disabled: Type.Optional(Tags) })

export const WireConfig = Type.Object({
  user_id: Type.String(),
  toolkits: Type.Optional(Type.Union([Enabled, Disabled])),
  tools: Type.Record(Type.String(), Type.Union([Enabled, Disabled, Type.Object({ tags: WireTags })])),
  tags: Type.Optional(WireTags),
  auth_configs: Type.Record(Type.String(), Type.String()),
  connected_accounts: Type.Record(Type.String(), Type.Array(Type.String())),
  preload: Type.Object({ tools: Type.Union([Type.Literal('all'), Slugs]) }),
  search: Type.Object({ enable: Type.Boolean() }),
  execute: Type.Object({ enable_multi_execute: Type.Boolean() }),
  manage_connections: Type.Object({
    enabled: Type.Boolean(),
    callback_url: Type.Optional(Type.String()),
    enable_wait_for_connections: Type.Optional(Type.Boolean()),
    enable_connection_removal: Type.Optional(Type.Boolean()),
  }),
  multi_account: Type.Optional(Type.Object(MultiAccount)),
  workbench: Type.Object({ ...Workbench, proxy_execution_enabled: Type.Optional(Type.Boolean()) }),
  experimental: Type.Optional(
    Type.Object({ link_url_overwrite: Type.Optional(Type.String()), permissions: Type.Optional(Permissions) }),
  ),
})

export const WireSession = Type.Object({
  session_id: Type.String(),
  mcp: Type.Object({ type: Type.Literal('http'), url: Type.String({ description: 'Send the API key in x-api-key.' }) }),
  tool_router_tools: Type.Array(Type.String(), { description: 'The helper tools that are on.' }),
  config: WireConfig,
  config_version: Type.Number(),
  experimental: Type.Optional(
    Type.Object({ assistive_prompt: Type.String({ description: 'For the system prompt; only when the session is created.' }) }),
  ),
  warnings: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})

/** An empty list of tags filters nothing. */
function tagsFromWire(tags: Static<typeof TagsToFilter>): TagFilter {
  const { enable = [], disable = [] } = Array.isArray(tags) ? { enable: tags } : tags
  return { ...(enable.length > 0 && { enabled: enable }), ...(disable.length > 0 && { disabled: disable }) }
}

/** Never guesses which of two was meant, and never takes a misspelt one for "everything". */
function choiceFromWire(given: Static<typeof ToolsToChoose>, path: string, kinds: string): ToolChoice {
  const choices: ToolChoice[] = [
    ...(given.enable ? [{ enabled: given.enable }] : []),
    ...(given.disable ? [{ disabled: given.disable }] : []),
    ...(given.tags ? [{ tags: tagsFromWire(given.tags) }] : []),
  ]
  const [only, other] = choices
  if (only && !other) return only
  throw refusal([{ path, message: `needs exactly one of ${kinds}` }])
}

const toolkitsFromWire = ({ enable, disable }: Static<typeof EnableOrDisable>) =>
  choiceFromWire({ ...(enable && { enable }), ...(disable && { disable }) }, 'toolkits', 'enable, disable') as Chosen

const mapValues = <Value, Result>(record: Readonly<Record<string, Value>> = {}, map: (value: Value, key: string) => Result) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))

/** Slugs are compared as the catalogue has them later: two spellings of one toolkit would hide one of their settings. */
export function assertOneSpelling(
  body: {
    readonly [Field in 'tools' | 'auth_configs' | 'connected_accounts']?: object | null
  },
): void {
  for (const field of ['tools', 'auth_configs', 'connected_accounts'] as const) {
    const keys = Object.keys(body[field] ?? {}).map((key) => key.toLowerCase())
    const twice = keys.find((key, index) => keys.indexOf(key) !== index)
    if (twice) throw refusal([{ path: `${field}.${twice}`, message: 'is given twice, in two spellings' }])
  }
}

export function fromWire(body: Static<typeof CreateSessionBody>): NewSession {
  assertSupported(body.experimental)
  assertOneSpelling(body)
  return { userId: body.user_id, config: configFromWire(body) }
}

export function configFromWire(body: Omit<Static<typeof CreateSessionBody>, 'user_id'>): SessionConfig {
  const { manage_connections: manage, multi_account: multi, workbench } = body
  return {
    ...(body.toolkits && { toolkits: toolkitsFromWire(body.toolkits) }),
    tools: mapValues(body.tools, (choice, toolkit) => choiceFromWire(choice, `tools.${toolkit}`, 'enable, disable, tags')),
    ...(body.tags && { tags: tagsFromWire(body.tags) }),
    authConfigs: body.auth_configs ?? {},
    connectedAccounts: mapValues(body.connected_accounts, (ids) => (typeof ids === 'string' ? [ids] : [...new Set(ids)])),
    preload: body.preload?.tools ?? [],
    search: body.search?.enable ?? true,
    multiExecute: body.execute?.enable_multi_execute ?? true,
    manageConnections: {
      enabled: manage?.enable ?? true,
      ...(manage?.callback_url !== undefined && { callbackUrl: manage.callback_url }),
      ...(typeof manage?.enable_wait_for_connections === 'boolean' && { waitForConnections: manage.enable_wait_for_connections }),
      ...(typeof manage?.enable_connection_removal === 'boolean' && { allowRemoval: manage.enable_connection_removal }),
    },
    ...(multi && {
      multiAccount: {
        ...(multi.enable !== undefined && { enable: multi.enable }),
        ...(multi.max_accounts_per_toolkit !== undefined && { maxAccountsPerToolkit: multi.max_accounts_per_toolkit }),
        ...(multi.require_explicit_selection !== undefined && { requireExplicitSelection: multi.require_explicit_selection }),
      },
    }),
    ...(workbench && { workbench }),
    ...experimentalFromWire(body.experimental),
  }
}

function experimentalFromWire(
  given: Static<typeof Experimental> | undefined,
): Pick<SessionConfig, 'permissions' | 'linkBaseUrl'> {
  const { link_url_overwrite: host, permissions } = given ?? {}
  return {
    ...(host !== undefined && host !== '' && { linkBaseUrl: linkHost(host) }),
    ...(permissions && { permissions: { default: permissions.default, overrides: permissions.overrides ?? {} } }),
  }
}

function linkHost(given: string): string {
  const url = /[\s\p{C}\\]/u.test(given) ? null : URL.parse(given)
  const plain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash
  if (plain) return url.href.replace(/\/+$/, '')
  throw refusal([{ path: 'experimental.link_url_overwrite', message: 'must be an http or https address without a query' }])
}

export function timeZoneOf({ experimental }: Static<typeof CreateSessionBody>): string | undefined {
  const zone = experimental?.assistive_prompt_config?.user_timezone
  if (zone === undefined || isTimeZone(zone)) return zone
  const path = 'experimental.assistive_prompt_config.user_timezone'
  throw refusal([{ path, message: 'is not an IANA time zone such as Europe/London' }])
}

/** What would change which tools run, or where, is refused and not passed over. */
export function assertSupported(experimental: Readonly<Record<string, unknown>> | undefined): void {
  const { custom_tools, custom_toolkits } = experimental ?? {}
  if (isFilled(custom_tools) || isFilled(custom_toolkits))
    throw new HoldfastError('not_implemented', 'Custom tools are not available in sessions of this version.', {
      fix: 'Give them to your agent beside session.tools().',
    })
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0

const refusal = (fields: readonly FieldError[]) =>
  new HoldfastError('invalid_request', fields.map(({ path, message }) => `${path} ${message}`).join('. '), { fields })

const tagsToWire = ({ enabled, disabled }: TagFilter) => ({
  ...(enabled && { enabled: [...enabled] }),
  ...(disabled && { disabled: [...disabled] }),
})

const chosenToWire = (chosen: Chosen) =>
  'enabled' in chosen ? { enabled: [...chosen.enabled] } : { disabled: [...chosen.disabled] }

export function experimentalToWire({ permissions, linkBaseUrl }: SessionConfig) {
  if (!permissions && linkBaseUrl === undefined) return {}
  return {
    experimental: {
      ...(linkBaseUrl !== undefined && { link_url_overwrite: linkBaseUrl }),
      ...(permissions && { permissions: { default: permissions.default, overrides: { ...permissions.overrides } } }),
    },
  }
}

export function configToWire({ userId, config }: Session): Static<typeof WireConfig> {
  const { manageConnections: manage, multiAccount: multi } = config
  const { enable_proxy_execution: proxying, ...workbench } = config.workbench ?? { enable: false }
  return {
    user_id: userId,
    ...(config.toolkits && { toolkits: chosenToWire(config.toolkits) }),
    tools: mapValues(config.tools, (choice) => ('tags' in choice ? { tags: tagsToWire(choice.tags) } : chosenToWire(choice))),
    ...(config.tags && { tags: tagsToWire(config.tags) }),
    auth_configs: { ...config.authConfigs },
    connected_accounts: mapValues(config.connectedAccounts, (ids) => [...ids]),
    preload: { tools: config.preload === 'all' ? 'all' : [...config.preload] },
    search: { enable: config.search },
    execute: { enable_multi_execute: config.multiExecute },
    manage_connections: {
      enabled: manage.enabled,
      ...(manage.callbackUrl !== undefined && { callback_url: manage.callbackUrl }),
      ...(manage.waitForConnections !== undefined && { enable_wait_for_connections: manage.waitForConnections }),
      ...(manage.allowRemoval !== undefined && { enable_connection_removal: manage.allowRemoval }),
    },
    ...(multi && {
      multi_account: {
        ...(multi.enable !== undefined && { enable: multi.enable }),
        ...(multi.maxAccountsPerToolkit !== undefined && { max_accounts_per_toolkit: multi.maxAccountsPerToolkit }),
        ...(multi.requireExplicitSelection !== undefined && { require_explicit_selection: multi.requireExplicitSelection }),
      },
    }),
    workbench: { ...workbench, ...(typeof proxying === 'boolean' && { proxy_execution_enabled: proxying }) },
    ...experimentalToWire(config),
  }
}
