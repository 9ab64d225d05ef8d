import type { ProjectId } from '../../ids.ts'

export interface ProjectConfig {
  readonly is2faEnabled: boolean
  readonly logoUrl?: string
  readonly displayName?: string
  /** True: secrets in answers are cut to their first four characters. */
  readonly maskSecretKeys: boolean
  readonly logVisibility: 'show_all' | 'dont_store_data'
  readonly requireMcpApiKey: boolean
  /** Where connect links may send browsers in the end: origins, or origins with the beginning of a path. Left out: anywhere. */
  readonly allowedCallbackUrls?: readonly string[] | undefined
}

export const DEFAULT_PROJECT_CONFIG: ProjectConfig = {
  is2faEnabled: false,
  maskSecretKeys: true,
  logVisibility: 'show_all',
  requireMcpApiKey: true,
}

export interface Project {
  readonly id: ProjectId
  readonly name: string
  readonly email: string | null
  readonly config: ProjectConfig
  readonly createdAt: number
  readonly updatedAt: number
}
