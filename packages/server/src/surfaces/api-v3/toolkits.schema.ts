import { type Static, Type } from 'typebox'
import { findManagedScheme } from '../../domain/auth-configs/auth-configs.service.ts'
import type { AuthScheme } from '../../domain/auth-schemes.ts'
import type { ResolvedAuth } from '../../domain/toolkits/auth-definitions.ts'
import type { ToolkitFilter } from '../../domain/toolkits/catalogue.ts'
import type { FieldDescriptor, ToolkitDefinition } from '../../domain/toolkits/definition.ts'
import { compileTemplate, fillHole } from '../../domain/toolkits/template.ts'
import type { Toolkit } from '../../domain/toolkits/toolkit.ts'
import { renderUrlText } from '../../domain/toolkits/url-template.ts'
import { fieldToWire, WireField } from './field.schema.ts'
import { AnyObject, Nullable, oneOf, pageOf } from './wire-shapes.ts'

const Strings = Type.Array(Type.String())

const ManagedBy = oneOf(['composio', 'all', 'project'])
const SortBy = oneOf(['usage', 'alphabetically'])
const Provenance = oneOf(['native', 'custom', 'all'])

export const ListToolkitsQuery = Type.Object({
  category: Type.Optional(Type.String({ description: "A category's id or name." })),
  managed_by: Type.Optional(ManagedBy),
  type: Type.Optional(Provenance),
  sort_by: Type.Optional(SortBy),
  search: Type.Optional(Type.String({ maxLength: 256, description: 'Words of the name, slug, description or category.' })),
  include_deprecated: Type.Optional(Type.String({ description: 'Accepted; no toolkit here is deprecated.' })),
  limit: Type.Optional(Type.String({ description: 'Page size, 1 to 1000, the default.' })),
  cursor: Type.Optional(Type.String()),
})

export const ListToolkitsBody = Type.Object({
  toolkits: Type.Optional(Type.Array(Type.String(), { maxItems: 1000, description: 'Slugs. Left out: all.' })),
  category: Type.Optional(Type.String()),
  managed_by: Type.Optional(ManagedBy),
  sort_by: Type.Optional(SortBy),
  limit: Type.Optional(Nullable(Type.Number())),
  cursor: Type.Optional(Nullable(Type.String())),
})

export const ToolkitParams = Type.Object({ slug: Type.String() })

export const GetToolkitQuery = Type.Object({
  version: Type.Optional(Type.String({ description: 'Any is accepted: there is one version, and `meta.version` names it.' })),
})

const metaFields = {
  created_at: Type.String(),
  updated_at: Type.String(),
  description: Type.String(),
  logo: Type.String(),
  app_url: Nullable(Type.String()),
  triggers_count: Type.Number(),
  tools_count: Type.Number(),
  version: Type.String(),
}

const CategoryItem = Type.Object({ id: Type.String(), name: Type.String() })

const common = {
  slug: Type.String(),
  name: Type.String(),
  type: oneOf(['native', 'custom']),
  auth_guide_url: Nullable(Type.String()),
  composio_managed_auth_schemes: Type.Array(Type.String(), {
    description: 'Schemes for which an auth config can be made without bringing an OAuth app.',
  }),
  is_local_toolkit: Type.Boolean(),
}

export const WireToolkitItem = Type.Object({
  ...common,
  auth_schemes: Strings,
  no_auth: Type.Boolean(),
  meta: Type.Object({ ...metaFields, categories: Type.Array(CategoryItem) }),
  deprecated: Type.Object({ toolkitId: Type.String() }),
})

const FieldGroup = Type.Object({ required: Type.Array(WireField), optional: Type.Array(WireField) })

const AuthConfigDetail = Type.Object({
  mode: Type.String(),
  name: Type.String(),
  auth_hint_url: Nullable(Type.String()),
  proxy: Type.Optional(Type.Object({ base_url: Type.String() })),
  fields: Type.Object({ auth_config_creation: FieldGroup, connected_account_initiation: FieldGroup }),
})

export const WireToolkit = Type.Object({
  ...common,
  enabled: Type.Boolean(),
  composio_managed_auth: Type.Array(Type.Object({ mode: Type.String(), scopes: Type.Object({ available: Strings }) })),
  base_url: Type.Optional(Type.String({ description: 'Left out when only a connection knows it.' })),
  get_current_user_endpoint: Type.Optional(Type.String()),
  get_current_user_endpoint_method: Type.Optional(Type.String()),
  meta: Type.Object({
    ...metaFields,
    categories: Type.Array(Type.Object({ slug: Type.String(), name: Type.String() })),
    available_versions: Strings,
  }),
  auth_config_details: Type.Array(AuthConfigDetail),
  deprecated: Type.Object({ toolkitId: Type.String(), rawProxyInfoByAuthSchemes: Type.Array(AnyObject) }),
})

export const ToolkitPage = pageOf(WireToolkitItem)
export const CategoryPage = pageOf(CategoryItem)

type Narrowing = Pick<Static<typeof ListToolkitsQuery>, 'category' | 'managed_by' | 'type' | 'sort_by' | 'search'>

const MANAGED_BY = { native: 'composio', custom: 'project', all: 'all' } as const

/** `type` is the newer name of `managed_by`, with other values: it wins. */
export function filterFromWire({ category, managed_by, type, sort_by, search }: Narrowing): ToolkitFilter {
  const managedBy = type ? MANAGED_BY[type] : managed_by
  return {
    ...(category && { category }),
    ...(managedBy && { managedBy }),
    ...(sort_by && { sortBy: sort_by }),
    ...(search && { search }),
  }
}

/** A toolkit file has no dates of its own, but its version begins with one. */
const dateOf = (version: string): string =>
  new Date(`${version.slice(0, 4)}-${version.slice(4, 6)}-${version.slice(6, 8)}T00:00:00Z`).toISOString()

/** What `use_composio_managed_auth` makes. `withApp` are the toolkits for which the operator has an OAuth app. */
export function managedSchemesOf(toolkit: Toolkit, withApp: ReadonlySet<string>): AuthScheme[] {
  const scheme = findManagedScheme(toolkit, withApp.has(toolkit.slug))
  return scheme ? [scheme] : []
}

/** The scopes that may be asked for with the operator's app. */
const scopesOf = ({ auths }: Toolkit, scheme: AuthScheme): string[] => [...(auths.get(scheme)?.oauth2?.scopes ?? [])]

const commonOf = (toolkit: Toolkit, withApp: ReadonlySet<string>) => ({
  slug: toolkit.slug,
  name: toolkit.name,
  type: toolkit.origin === 'custom' ? ('custom' as const) : ('native' as const),
  auth_guide_url: toolkit.definition.auth_guide_url ?? null,
  composio_managed_auth_schemes: managedSchemesOf(toolkit, withApp),
  is_local_toolkit: false,
})

const metaOf = ({ definition, description, tools, version }: Toolkit) => ({
  created_at: dateOf(version),
  updated_at: dateOf(version),
  description,
  logo: definition.logo ?? '',
  app_url: definition.app_url ?? null,
  triggers_count: 0,
  tools_count: tools.length,
  version,
})

export const categoryToWire = ({ slug, name }: { slug: string; name: string }) => ({ id: slug, name })

export const itemToWire = (toolkit: Toolkit, withApp: ReadonlySet<string>): Static<typeof WireToolkitItem> => ({
  ...commonOf(toolkit, withApp),
  auth_schemes: [...toolkit.auths.keys()],
  no_auth: toolkit.noAuth,
  meta: { ...metaOf(toolkit), categories: toolkit.categories.map(categoryToWire) },
  deprecated: { toolkitId: toolkit.slug },
})

/** As far as it is the same for every connection; a URL that needs a field of the connection is not one yet. */
function baseUrlOf({ base_url }: ToolkitDefinition): string | undefined {
  const template = compileTemplate(base_url)
  const known = template.parts.every((part) => typeof part === 'string' || fillHole(part, {}).value !== undefined)
  return known ? renderUrlText(template, {}) : undefined
}

/** The verification call, where it also says whose credential it is. */
function currentUserCallOf({ verification }: ToolkitDefinition) {
  if (!verification?.identity || verification.path.includes('{{')) return {}
  return {
    get_current_user_endpoint: verification.path,
    get_current_user_endpoint_method: verification.method ?? 'GET',
  }
}

function groupOf(fields: readonly FieldDescriptor[]): Static<typeof FieldGroup> {
  const shown = fields.filter(({ hidden }) => !hidden).map(fieldToWire)
  return { required: shown.filter(({ required }) => required), optional: shown.filter(({ required }) => !required) }
}

const authToWire = (
  auth: ResolvedAuth,
  guideUrl: string | undefined,
  baseUrl: string | undefined,
): Static<typeof AuthConfigDetail> => ({
  mode: auth.scheme,
  name: auth.name,
  auth_hint_url: guideUrl ?? null,
  ...(baseUrl !== undefined && { proxy: { base_url: baseUrl } }),
  fields: {
    auth_config_creation: groupOf(auth.auth_config_fields),
    connected_account_initiation: groupOf([...auth.connection_fields, ...auth.credential_fields]),
  },
})

export function toWire(toolkit: Toolkit, withApp: ReadonlySet<string>): Static<typeof WireToolkit> {
  const { definition } = toolkit
  const baseUrl = baseUrlOf(definition)
  return {
    ...commonOf(toolkit, withApp),
    enabled: toolkit.enabled,
    composio_managed_auth: managedSchemesOf(toolkit, withApp).map((mode) => ({
      mode,
      scopes: { available: scopesOf(toolkit, mode) },
    })),
    ...(baseUrl !== undefined && { base_url: baseUrl }),
    ...currentUserCallOf(definition),
    meta: {
      ...metaOf(toolkit),
      categories: toolkit.categories.map(({ slug, name }) => ({ slug, name })),
      available_versions: [toolkit.version],
    },
    auth_config_details: [...toolkit.auths.values()].map((auth) => authToWire(auth, definition.auth_guide_url, baseUrl)),
    deprecated: { toolkitId: toolkit.slug, rawProxyInfoByAuthSchemes: [] },
  }
}
