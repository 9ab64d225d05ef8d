import type { AuthConfigId, ProjectId } from '../../ids.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'

/** How a project's users connect to one toolkit: the scheme, and what every connection made under it shares. */
export interface AuthConfig {
  readonly id: AuthConfigId
  readonly projectId: ProjectId
  readonly name: string
  readonly toolkitSlug: string
  readonly scheme: AuthScheme
  /** `custom`: the project brought its own settings. `default`: Holdfast chose them. */
  readonly kind: 'custom' | 'default'
  readonly enabled: boolean
  readonly settings: AuthConfigSettings
  readonly createdAt: number
  readonly updatedAt: number
}

export interface AuthConfigSettings {
  readonly enabledForToolRouter: boolean
  /** Only these tools may run on its connections; left out, all may. */
  readonly toolsForExecution?: readonly string[]
  readonly toolsForAccountCreation?: readonly string[]
  /** Its connections inherit fields from it, so using one must open its secrets too. */
  readonly hasSharedCredentials: boolean
}

export const settingsFromText = (settings: string): AuthConfigSettings => JSON.parse(settings) as AuthConfigSettings

/** The sealed part. Never answered whole. */
export interface AuthConfigSecrets {
  /** Client id and secret, scopes, and whatever else the toolkit asks for once. */
  readonly credentials: CredentialValues
  /** Fields that every connection inherits unless it brings its own. */
  readonly sharedCredentials: CredentialValues
}

export const NO_SECRETS: AuthConfigSecrets = { credentials: {}, sharedCredentials: {} }
