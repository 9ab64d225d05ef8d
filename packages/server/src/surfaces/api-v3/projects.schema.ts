import { type Static, Type } from 'typebox'
import { isCallbackRule } from '../../domain/connecting/callback-url.ts'
import { mask } from '../../domain/credentials/connection-values.ts'
import type { Project, ProjectConfig } from '../../domain/projects/project.ts'
import { HoldfastError } from '../../errors.ts'
import { Nullable, oneOf, toIsoTime } from './wire-shapes.ts'

const LOG_VISIBILITY = ['show_all', 'dont_store_data'] as const

const logoUrl = { logo_url: Type.Optional(Type.String({ maxLength: 2048 })) }
const displayName = { display_name: Type.Optional(Type.String({ maxLength: 256 })) }

const callbackUrls = {
  allowed_callback_urls: Type.Optional(
    Type.Array(Type.String({ maxLength: 2048 }), {
      maxItems: 100,
      description: 'Where connect links may end: origins, or origins with the beginning of a path. Empty: anywhere.',
    }),
  ),
}

export const WireProjectConfig = Type.Object({
  is_2FA_enabled: Type.Boolean(),
  ...logoUrl,
  ...displayName,
  mask_secret_keys_in_connected_account: Type.Boolean({
    description: 'False: answers show the secrets of connections whole.',
  }),
  log_visibility_setting: oneOf(LOG_VISIBILITY),
  require_mcp_api_key: Type.Boolean(),
  ...callbackUrls,
})

export const ProjectConfigBody = Type.Object({
  is_2FA_enabled: Type.Optional(Type.Boolean()),
  ...logoUrl,
  ...displayName,
  mask_secret_keys_in_connected_account: Type.Optional(Type.Boolean()),
  log_visibility_setting: Type.Optional(oneOf(LOG_VISIBILITY)),
  require_mcp_api_key: Type.Optional(Type.Boolean()),
  ...callbackUrls,
})

export const NewProjectBody = Type.Object({
  name: Type.String({
    minLength: 3,
    maxLength: 75,
    pattern: '^[a-zA-Z0-9_-]+$',
    description: '3 to 75 letters, digits, underscores and hyphens.',
  }),
  should_create_api_key: Type.Optional(Type.Boolean({ description: 'True: the answer carries a key, this once.' })),
  config: Type.Optional(ProjectConfigBody),
})

export const NewProjectReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  api_key: Nullable(Type.String()),
})

const webhookFields = {
  webhook_url: Type.Null(),
  event_webhook_url: Type.Null(),
  webhook_secret: Type.Null(),
  webhook_version: oneOf(['V1', 'V2', 'V3']),
  is_new_webhook: Type.Boolean(),
  triggers_enabled: Type.Boolean(),
  last_subscribed_at: Type.Null(),
}

const projectFields = {
  id: Type.String(),
  org_id: Type.String(),
  name: Type.String(),
  email: Type.String(),
  created_at: Type.String(),
  updated_at: Type.String(),
  deleted: Type.Boolean(),
  ...webhookFields,
}

const WireApiKey = Type.Object({ id: Type.String(), name: Type.String(), key: Type.String(), created_at: Type.String() })

export const WireProject = Type.Object({
  ...projectFields,
  api_keys: Type.Array(WireApiKey, { description: 'Always empty: only the hash of a key is kept.' }),
})

export const ListProjectsQuery = Type.Object({
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 1000. Default 20.' })),
  cursor: Type.Optional(Type.String()),
})

export const ProjectPage = Type.Object({
  data: Type.Array(Type.Object(projectFields)),
  next_cursor: Nullable(Type.String({ description: 'Null on the last page.' })),
  total_items: Type.Number({ description: 'Exact up to 1,000; counting stops there.' }),
  total_pages: Type.Number(),
  current_page: Type.Number(),
})

export const DeletedProject = Type.Object({ status: oneOf(['success']) })

export const RegeneratedKey = Type.Object({ api_key: WireApiKey, message: Type.String() })

export const SessionInfo = Type.Object({
  project: Type.Object({
    auto_id: Type.Number(),
    nano_id: Type.String(),
    ...projectFields,
    org: Type.Object({ id: Type.String(), name: Type.String(), plan: Type.String() }),
  }),
  api_key: Type.Object({
    auto_id: Type.Number(),
    id: Type.String(),
    name: Type.String(),
    project_id: Type.String(),
    org_member_id: Type.String(),
    key: Type.String({ description: 'Its first four characters.' }),
    created_at: Type.String({ description: 'Empty: not told here.' }),
    updated_at: Type.String({ description: 'Empty: not told here.' }),
    deleted_at: Type.Null(),
    deleted: Type.Boolean(),
  }),
  org_member: Type.Object({ id: Type.String(), email: Type.String(), name: Type.String(), role: Type.String() }),
})

/** A self-hosted server is one organisation, and has no members: whoever holds a key is in. */
const ORG = { id: 'org_self', name: 'self-hosted', plan: 'self-hosted' }
const KEY_NAME = 'default'

export function configFromWire(body: Static<typeof ProjectConfigBody> = {}): Partial<ProjectConfig> {
  const { is_2FA_enabled, logo_url, display_name, log_visibility_setting, require_mcp_api_key } = body
  const masked = body.mask_secret_keys_in_connected_account
  return {
    ...(is_2FA_enabled !== undefined && { is2faEnabled: is_2FA_enabled }),
    ...(logo_url !== undefined && { logoUrl: logo_url }),
    ...(display_name !== undefined && { displayName: display_name }),
    ...(masked !== undefined && { maskSecretKeys: masked }),
    ...(log_visibility_setting !== undefined && { logVisibility: log_visibility_setting }),
    ...(require_mcp_api_key !== undefined && { requireMcpApiKey: require_mcp_api_key }),
    ...(body.allowed_callback_urls && { allowedCallbackUrls: callbackRules(body.allowed_callback_urls) }),
  }
}

/** None is as good as no list. */
function callbackRules(rules: readonly string[]): readonly string[] | undefined {
  const wrong = rules.findIndex((rule) => !isCallbackRule(rule))
  if (wrong >= 0)
    throw new HoldfastError('invalid_request', 'allowed_callback_urls takes http and https URLs without query or password.', {
      fields: [{ path: `allowed_callback_urls.${wrong}`, message: 'must be an http or https URL without query or password' }],
    })
  return rules.length > 0 ? rules : undefined
}

export const configToWire = (config: ProjectConfig): Static<typeof WireProjectConfig> => ({
  is_2FA_enabled: config.is2faEnabled,
  ...(config.logoUrl !== undefined && { logo_url: config.logoUrl }),
  ...(config.displayName !== undefined && { display_name: config.displayName }),
  mask_secret_keys_in_connected_account: config.maskSecretKeys,
  log_visibility_setting: config.logVisibility,
  require_mcp_api_key: config.requireMcpApiKey,
  ...(config.allowedCallbackUrls && { allowed_callback_urls: [...config.allowedCallbackUrls] }),
})

export const toListItem = (project: Project): Static<typeof ProjectPage>['data'][number] => ({
  id: project.id,
  org_id: ORG.id,
  name: project.name,
  email: project.email ?? '',
  created_at: toIsoTime(project.createdAt),
  updated_at: toIsoTime(project.updatedAt),
  deleted: false,
  webhook_url: null,
  event_webhook_url: null,
  webhook_secret: null,
  webhook_version: 'V3',
  is_new_webhook: false,
  triggers_enabled: false,
  last_subscribed_at: null,
})

export const toWire = (project: Project): Static<typeof WireProject> => ({ ...toListItem(project), api_keys: [] })

export const keyToWire = (
  projectId: string,
  { apiKey, createdAt }: { apiKey: string; createdAt: number },
): Static<typeof RegeneratedKey> => ({
  api_key: { id: projectId, name: KEY_NAME, key: apiKey, created_at: toIsoTime(createdAt) },
  message: 'This key opens the project from now on, the one before it no longer does. It is shown this once.',
})

export const sessionToWire = (project: Project, apiKey: string): Static<typeof SessionInfo> => ({
  project: { auto_id: 0, nano_id: project.id, ...toListItem(project), org: ORG },
  api_key: {
    auto_id: 0,
    id: project.id,
    name: KEY_NAME,
    project_id: project.id,
    org_member_id: '',
    key: String(mask(apiKey)),
    created_at: '',
    updated_at: '',
    deleted_at: null,
    deleted: false,
  },
  org_member: { id: '', email: '', name: '', role: '' },
})
