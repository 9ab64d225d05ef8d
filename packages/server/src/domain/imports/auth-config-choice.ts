import { HoldfastError } from '../../errors.ts'
import type { ProjectId } from '../../ids.ts'
import { readClientSettings } from '../accounts/accept-credential.ts'
import type { AuthConfig } from '../auth-configs/auth-config.ts'
import {
  type AuthConfigsDeps,
  createAuthConfig,
  listAuthConfigPage,
  requireEnabledAuthConfig,
} from '../auth-configs/auth-configs.service.ts'
import type { AuthScheme } from '../auth-schemes.ts'
import type { CredentialValues } from '../credentials/credential.ts'
import type { ImportOptions } from './import-job.ts'
import type { ImportRow } from './import-row.ts'

export interface ChosenAuthConfig {
  readonly config: AuthConfig
  /** What its connections are checked against, read once. */
  readonly clientSettings: CredentialValues
}

export type ChooseAuthConfig = (row: ImportRow) => Promise<ChosenAuthConfig>

/**
 * The auth config of each row: its own, the job's, or the newest one of toolkit and scheme. `dryRun` makes none.
 * @throws HoldfastError when there is none
 */
export function authConfigChooser(deps: AuthConfigsDeps, projectId: ProjectId, options: ImportOptions): ChooseAuthConfig {
  const byId = new Map<string, Promise<ChosenAuthConfig>>()
  const byToolkit = new Map<string, Promise<ChosenAuthConfig>>()

  const remember = (known: Map<string, Promise<ChosenAuthConfig>>, key: string, find: () => Promise<AuthConfig>) => {
    const found = known.get(key) ?? find().then(withSettings)
    known.set(key, found)
    // What was not there may be there for the next row.
    found.catch(() => known.delete(key))
    return found
  }
  const withSettings = async (config: AuthConfig): Promise<ChosenAuthConfig> => ({
    config,
    clientSettings: await readClientSettings(deps, config),
  })
  const ofToolkit = async (toolkitSlug: string, scheme: AuthScheme): Promise<AuthConfig> => {
    const { items } = await listAuthConfigPage(
      deps,
      projectId,
      { toolkitSlugs: [toolkitSlug], scheme },
      { limit: 1, countAtMost: 1 },
    )
    const [newest] = items
    if (newest) return newest
    if (!options.createAuthConfigs)
      throw new HoldfastError('auth_config_not_found', `There is no auth config of scheme ${scheme} for ${toolkitSlug}.`, {
        fix: 'Create one, or import with create_auth_configs.',
      })
    deps.catalogue.requireToolkit(toolkitSlug)
    if (options.dryRun) return plannedConfig(deps, projectId, toolkitSlug, scheme)
    return createAuthConfig(deps, projectId, { toolkitSlug, scheme })
  }
  return (row) => {
    const id = row.authConfigId ?? (row.toolkit === undefined ? options.authConfigId : undefined)
    if (id !== undefined) return remember(byId, id, () => requireEnabledAuthConfig(deps, projectId, id))
    const toolkit = row.toolkit ?? options.toolkit
    const scheme = row.scheme ?? options.scheme
    if (toolkit === undefined || scheme === undefined)
      return Promise.reject(
        new HoldfastError('auth_config_not_found', 'The row names no auth config.', {
          fix: 'Give auth_config_id, or toolkit and scheme, in the row or for the whole import.',
          fields: [{ path: 'auth_config_id', message: 'is missing' }],
        }),
      )
    return remember(byToolkit, `${toolkit}/${scheme}`, () => ofToolkit(toolkit, scheme))
  }
}

/** What a dry run goes on with where the import itself would make one. */
function plannedConfig(deps: AuthConfigsDeps, projectId: ProjectId, toolkitSlug: string, scheme: AuthScheme): AuthConfig {
  const toolkit = deps.catalogue.requireToolkit(toolkitSlug)
  if (!toolkit.auths.has(scheme))
    throw new HoldfastError('auth_scheme_not_offered', `${toolkit.name} does not offer ${scheme}.`, {
      fix: `It offers ${[...toolkit.auths.keys()].join(', ')}.`,
    })
  const now = deps.now()
  return {
    id: 'ac_planned',
    projectId,
    name: toolkitSlug,
    toolkitSlug,
    scheme,
    kind: 'custom',
    enabled: true,
    settings: { enabledForToolRouter: true, hasSharedCredentials: false },
    createdAt: now,
    updatedAt: now,
  }
}
