import type { ProjectId } from '../../ids.ts'

export interface ProjectConfig {
  readonly is2faEnabled: boolean
  readonly logoUrl?: string
  readonly displayName?: string
  /** True: secrets in answers are cut to their first four characters. */
  readonly maskSecretKeys: boolean
  readonly logVisibility: 'show_all' | 'dont_store_data'
  readonly requireMcpApiKey: boolean
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
