import type { AuthSchemeType } from './auth-scheme.ts'

export interface ToolkitMeta {
  description: string | undefined
  logo: string | undefined
  appUrl: string | undefined
  categories: { slug: string; name: string }[]
  toolsCount: number | undefined
  triggersCount: number | undefined
  availableVersions: string[] | undefined
  createdAt: string | undefined
  updatedAt: string | undefined
}

export interface ToolkitSummary {
  slug: string
  name: string
  meta: ToolkitMeta
  isLocalToolkit: boolean
  authSchemes: AuthSchemeType[] | undefined
  composioManagedAuthSchemes: AuthSchemeType[] | undefined
  noAuth: boolean | undefined
}

/** A field that has to be filled in, to make an auth config or a connection. */
export interface AuthField {
  name: string
  displayName: string
  description: string
  type: string
  required: boolean
  default?: string | null
  isSecret?: boolean
}

export interface AuthFields {
  required: AuthField[]
  optional: AuthField[]
}

/** One of the ways to authenticate that a toolkit offers, and what it asks for. */
export interface AuthConfigDetails {
  name: string
  mode: AuthSchemeType
  authHintUrl: string | null | undefined
  fields: { authConfigCreation: AuthFields; connectedAccountInitiation: AuthFields }
  proxy: { baseUrl: string | undefined }
}

export interface Toolkit {
  slug: string
  name: string
  meta: ToolkitMeta
  isLocalToolkit: boolean
  composioManagedAuthSchemes: AuthSchemeType[] | undefined
  authConfigDetails: AuthConfigDetails[] | undefined
  baseUrl: string | undefined
  getCurrentUserEndpoint: string | undefined
  getCurrentUserEndpointMethod: string | undefined
}

export interface ToolkitListQuery {
  category?: string | undefined
  search?: string | undefined
  managedBy?: 'all' | 'composio' | 'project' | undefined
  sortBy?: 'usage' | 'alphabetically' | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

export interface ToolkitCategory {
  id: string
  name: string
}
