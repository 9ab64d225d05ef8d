import type { AuthSchemeType } from './auth-scheme.ts'
import type { AuthField, AuthFields, Toolkit, ToolkitMeta, ToolkitSummary } from './toolkits.types.ts'

interface MetaWire {
  description?: string
  logo?: string
  app_url?: string | null
  /** The list names a category's slug `id`, the single toolkit names it `slug`. */
  categories?: { id?: string; slug?: string; name: string }[]
  tools_count?: number
  triggers_count?: number
  available_versions?: string[]
  created_at?: string
  updated_at?: string
}

export interface ToolkitSummaryWire {
  slug: string
  name: string
  meta: MetaWire
  is_local_toolkit: boolean
  auth_schemes?: AuthSchemeType[]
  composio_managed_auth_schemes?: AuthSchemeType[]
  no_auth?: boolean
}

interface FieldWire {
  name: string
  displayName: string
  description: string
  type: string
  required: boolean
  default?: string | null
  is_secret?: boolean
}

interface FieldsWire {
  required?: FieldWire[]
  optional?: FieldWire[]
}

export interface ToolkitWire extends Omit<ToolkitSummaryWire, 'auth_schemes' | 'no_auth'> {
  auth_config_details?: {
    name: string
    mode: AuthSchemeType
    auth_hint_url?: string | null
    fields?: { auth_config_creation?: FieldsWire; connected_account_initiation?: FieldsWire }
    proxy?: { base_url?: string }
  }[]
  base_url?: string
  get_current_user_endpoint?: string
  get_current_user_endpoint_method?: string
}

const metaFromWire = (meta: MetaWire): ToolkitMeta => ({
  description: meta.description,
  logo: meta.logo,
  appUrl: meta.app_url ?? undefined,
  categories: (meta.categories ?? []).map(({ id, slug, name }) => ({ slug: slug ?? id ?? name, name })),
  toolsCount: meta.tools_count,
  triggersCount: meta.triggers_count,
  availableVersions: meta.available_versions,
  createdAt: meta.created_at,
  updatedAt: meta.updated_at,
})

const fieldFromWire = (field: FieldWire): AuthField => ({
  name: field.name,
  displayName: field.displayName,
  description: field.description,
  type: field.type,
  required: field.required,
  ...(field.default !== undefined && { default: field.default }),
  ...(field.is_secret !== undefined && { isSecret: field.is_secret }),
})

const fieldsFromWire = (fields: FieldsWire | undefined): AuthFields => ({
  required: (fields?.required ?? []).map(fieldFromWire),
  optional: (fields?.optional ?? []).map(fieldFromWire),
})

export const toolkitSummaryFromWire = (wire: ToolkitSummaryWire): ToolkitSummary => ({
  slug: wire.slug,
  name: wire.name,
  meta: metaFromWire(wire.meta),
  isLocalToolkit: wire.is_local_toolkit,
  authSchemes: wire.auth_schemes,
  composioManagedAuthSchemes: wire.composio_managed_auth_schemes,
  noAuth: wire.no_auth,
})

export const toolkitFromWire = (wire: ToolkitWire): Toolkit => ({
  slug: wire.slug,
  name: wire.name,
  meta: metaFromWire(wire.meta),
  isLocalToolkit: wire.is_local_toolkit,
  composioManagedAuthSchemes: wire.composio_managed_auth_schemes,
  authConfigDetails: wire.auth_config_details?.map((details) => ({
    name: details.name,
    mode: details.mode,
    authHintUrl: details.auth_hint_url,
    fields: {
      authConfigCreation: fieldsFromWire(details.fields?.auth_config_creation),
      connectedAccountInitiation: fieldsFromWire(details.fields?.connected_account_initiation),
    },
    proxy: { baseUrl: details.proxy?.base_url },
  })),
  baseUrl: wire.base_url,
  getCurrentUserEndpoint: wire.get_current_user_endpoint,
  getCurrentUserEndpointMethod: wire.get_current_user_endpoint_method,
})
