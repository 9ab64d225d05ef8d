import { type Static, Type } from 'typebox'
import type { AuthConfig, AuthConfigSecrets, AuthConfigSettings } from '../../domain/auth-configs/auth-config.ts'
import type { AuthConfigPatch, NewAuthConfig } from '../../domain/auth-configs/auth-configs.service.ts'
import { maskValues } from '../../domain/credentials/connection-values.ts'
import type { CredentialValues } from '../../domain/credentials/credential.ts'
import type { Toolkit } from '../../domain/toolkits/toolkit.ts'
import { HoldfastError } from '../../errors.ts'
import { fieldToWire } from './field.schema.ts'
import { AnyObject, Nullable, oneOf, pageOf, toIsoTime, WireAuthScheme } from './wire-shapes.ts'

const Slugs = Type.Array(Type.String())
const Scopes = Type.Union([Type.String(), Type.Array(Type.String())])

const ToolAccess = Type.Object({
  tools_available_for_execution: Type.Optional(Slugs),
  tools_for_connected_account_creation: Type.Optional(Slugs),
})

const common = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  credentials: Type.Optional(AnyObject),
  shared_credentials: Type.Optional(AnyObject),
  tool_access_config: Type.Optional(ToolAccess),
  restrict_to_following_tools: Type.Optional(Slugs),
  is_enabled_for_tool_router: Type.Optional(Type.Boolean()),
}

export const CreateAuthConfigBody = Type.Object({
  toolkit: Type.Object({ slug: Type.String() }),
  auth_config: Type.Optional(
    Type.Object({
      type: Type.Optional(oneOf(['use_custom_auth', 'use_composio_managed_auth'])),
      authScheme: Type.Optional(WireAuthScheme),
      auth_scheme: Type.Optional(WireAuthScheme),
      ...common,
    }),
  ),
})

export const CreateAuthConfigReply = Type.Object({
  toolkit: Type.Object({ slug: Type.String() }),
  auth_config: Type.Object({
    id: Type.String(),
    auth_scheme: Type.String(),
    is_composio_managed: Type.Boolean(),
    restrict_to_following_tools: Slugs,
  }),
})

export const PatchAuthConfigBody = Type.Object({
  type: Type.Optional(oneOf(['custom', 'default'])),
  ...common,
  scopes: Type.Optional(Scopes),
  user_scopes: Type.Optional(Scopes),
})

export const ListAuthConfigsQuery = Type.Object({
  toolkit_slug: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
  is_composio_managed: Type.Optional(Type.String()),
  search: Type.Optional(Type.String({ maxLength: 256 })),
  show_disabled: Type.Optional(Type.String()),
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 1000. Default 20.' })),
  cursor: Type.Optional(Type.String()),
})

export const WireAuthConfig = Type.Object({
  id: Type.String(),
  uuid: Type.String(),
  name: Type.String(),
  type: oneOf(['default', 'custom']),
  status: oneOf(['ENABLED', 'DISABLED']),
  toolkit: Type.Object({ slug: Type.String(), logo: Type.String(), auth_guide_url: Nullable(Type.String()) }),
  auth_scheme: WireAuthScheme,
  is_composio_managed: Type.Boolean(),
  credentials: AnyObject,
  shared_credentials: AnyObject,
  expected_input_fields: Type.Array(AnyObject),
  tool_access_config: ToolAccess,
  restrict_to_following_tools: Slugs,
  is_enabled_for_tool_router: Type.Boolean(),
  no_of_connections: Type.Number({ description: 'ACTIVE ones. Exact up to 1,000; counting stops there.' }),
  proxy_config: Type.Null(),
  created_by: Type.String(),
  created_at: Type.String(),
  last_updated_at: Type.String(),
})

export const AuthConfigPage = pageOf(WireAuthConfig)

export const AuthConfigStatusParams = Type.Object({ id: Type.String(), status: Type.String() })

type Common = Omit<Static<typeof PatchAuthConfigBody>, 'type'>

function settingsFromWire(body: Common): Partial<AuthConfigSettings> {
  const { tool_access_config: access, restrict_to_following_tools: restricted } = body
  const forExecution = access?.tools_available_for_execution ?? restricted
  const forCreation = access?.tools_for_connected_account_creation
  return {
    ...(body.is_enabled_for_tool_router !== undefined && { enabledForToolRouter: body.is_enabled_for_tool_router }),
    ...(forExecution && { toolsForExecution: forExecution }),
    ...(forCreation && { toolsForAccountCreation: forCreation }),
  }
}

export function fromWire({ toolkit, auth_config = {} }: Static<typeof CreateAuthConfigBody>): NewAuthConfig {
  const scheme = auth_config.authScheme ?? auth_config.auth_scheme
  const custom = auth_config.type === 'use_custom_auth' || (auth_config.type === undefined && scheme !== undefined)
  if (custom && scheme === undefined)
    throw new HoldfastError('invalid_request', 'auth_config.authScheme is required with type "use_custom_auth".', {
      fields: [{ path: 'auth_config.authScheme', message: 'is required' }],
    })
  return {
    toolkitSlug: toolkit.slug,
    scheme: custom ? scheme : undefined,
    name: auth_config.name,
    credentials: auth_config.credentials,
    sharedCredentials: auth_config.shared_credentials,
    settings: settingsFromWire(auth_config),
  }
}

export const patchFromWire = (body: Static<typeof PatchAuthConfigBody>): AuthConfigPatch => {
  const scopes = { ...(body.scopes && { scopes: body.scopes }), ...(body.user_scopes && { user_scopes: body.user_scopes }) }
  const credentials = { ...body.credentials, ...scopes }
  return {
    name: body.name,
    credentials: Object.keys(credentials).length > 0 ? credentials : undefined,
    sharedCredentials: body.shared_credentials,
    settings: settingsFromWire(body),
  }
}

/** Client ids, scopes and URLs are shown; secrets never whole, whatever the project's masking says about connections. */
const PUBLIC = new Set(['client_id', 'scopes', 'user_scopes', 'oauth_redirect_uri', 'redirect_uri', 'audience', 'tenant'])
const maskSecrets = (values: CredentialValues): CredentialValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) =>
      PUBLIC.has(name) ? [name, value] : [name, maskValues(undefined, { [name]: value })[name]],
    ),
  )

export function toWire(
  config: AuthConfig,
  toolkit: Toolkit | undefined,
  secrets: AuthConfigSecrets,
  connections: number,
): Static<typeof WireAuthConfig> {
  const auth = toolkit?.auths.get(config.scheme)
  const { settings } = config
  return {
    id: config.id,
    uuid: config.id,
    name: config.name,
    type: config.kind,
    status: config.enabled ? 'ENABLED' : 'DISABLED',
    toolkit: {
      slug: config.toolkitSlug,
      logo: toolkit?.definition.logo ?? '',
      auth_guide_url: toolkit?.definition.auth_guide_url ?? null,
    },
    auth_scheme: config.scheme,
    is_composio_managed: config.kind === 'default',
    credentials: maskSecrets(secrets.credentials),
    shared_credentials: { ...maskValues(auth, secrets.sharedCredentials) },
    expected_input_fields: auth
      ? [...auth.connection_fields, ...auth.credential_fields].filter((field) => !field.hidden).map(fieldToWire)
      : [],
    tool_access_config: {
      ...(settings.toolsForExecution && { tools_available_for_execution: [...settings.toolsForExecution] }),
      ...(settings.toolsForAccountCreation && { tools_for_connected_account_creation: [...settings.toolsForAccountCreation] }),
    },
    restrict_to_following_tools: [...(settings.toolsForExecution ?? [])],
    is_enabled_for_tool_router: settings.enabledForToolRouter,
    no_of_connections: connections,
    proxy_config: null,
    created_by: '',
    created_at: toIsoTime(config.createdAt),
    last_updated_at: toIsoTime(config.updatedAt),
  }
}
